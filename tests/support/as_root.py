"""What tests share of which root runs commands on a store that is another's.

The folder of the store belongs to NOBODY, keys and configuration to root. Commands run in forks of
one process, as a new interpreter for each would take most of the time.
"""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.repository import ROOT

NOBODY = 65534
"""Who owns the folder of the store."""
MAIN = "import sys; from waypost import main; sys.argv[0] = 'waypost'; main()"

FORKS = """
import importlib, json, os, signal, sys, time

import waypost
from tracker.ingest import catch_up

for target in waypost.COMMANDS.values():
    importlib.import_module(target.split(":")[0])
catch_up.catch_up.__defaults__ = (0.3, None)  # nothing here mends itself

def begin(arguments, output):
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    child = os.fork()
    if child:
        os.close(descriptor)
        return child
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv = ["waypost", *arguments]
    try:
        waypost.main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()

def wait(child, output, until_ready):
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if until_ready and all(each.encode() in open(output, "rb").read() for each in until_ready):
            os.kill(child, signal.SIGTERM)
            until_ready = ()
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

READY = {"proxy": ["proxy_ready"], "tracker": ["tracker_ready"]}
READY["serve"] = READY["proxy"] + READY["tracker"]
outputs = sys.argv[1]
for number, arguments in enumerate(json.load(sys.stdin)):
    output = f"{outputs}/{number}"
    child = begin(arguments, output)
    status = wait(child, output, READY.get(arguments[0], ()))
    with open(output, encoding="utf-8", errors="replace") as file:
        print(json.dumps([arguments, status, file.read()]), flush=True)
"""


@cache
def interpreter() -> str:
    """Return a Python that nobody may run, as the service's account must; else skip the test."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for found in (sys.executable, f"/usr/bin/python{version}"):
        try:
            done = subprocess.run(
                [found, "-c", "import waypost, waypost_serve"],
                env=environment(),
                user=NOBODY,
                group=NOBODY,
                extra_groups=(),
                check=False,
                capture_output=True,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return found
    pytest.skip(f"nobody can run neither {sys.executable} nor /usr/bin/python{version}")


def environment() -> dict[str, str]:
    """Return an environment in which every Python finds what is installed for this one."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}"}


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ran: its words, its exit status, and all that it printed."""

    words: list[str]
    status: int
    output: str


def run_each(commands: Sequence[Sequence[str]], outputs: Path) -> list[Ran]:
    """Run commands of `waypost` as root, one after another; services until they are ready."""
    outputs.mkdir(exist_ok=True)
    done = subprocess.run(
        [interpreter(), "-c", FORKS, outputs],
        input=json.dumps([*map(list, commands)]),
        env=environment(),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [Ran(*json.loads(line)) for line in done.stdout.splitlines()]
