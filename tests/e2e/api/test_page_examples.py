"""Every command that `docs/api.md` shows does what it is shown for."""

import re
import shlex
import shutil
import subprocess

import pytest

from tests.e2e.api.conftest import Served
from tests.support.api_page import PAGE

COMMANDS = re.findall(r"^\$ (curl (?:.*\\\n)*.*)$", PAGE.read_text(), re.MULTILINE)


def test_examples_are_found() -> None:
    """There are some of reading and of writing."""
    assert len(COMMANDS) >= 8
    assert any("/forget" in command for command in COMMANDS)


def test_every_example_is_answered(served: Served) -> None:
    """With success, by a tracker on this machine without a password; a token is not needed there."""
    if shutil.which("curl") is None:
        pytest.skip("no curl")
    for command in COMMANDS:
        here = command.replace("localhost:8081", f"127.0.0.1:{served.links.stack.admin}")
        told = here.replace("$(cat /etc/waypost/api.token)", "x").replace("\\\n", " ")
        done = subprocess.run(
            [*shlex.split(told), "--fail-with-body", "--show-error"],
            capture_output=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert done.stdout.startswith((b"{", b"[")), command
