"""The core does no I/O, and loads nothing that does: judged by what importing it brings along."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.house import core
from tests.support.repository import ROOT

FORBIDDEN = (
    "asyncio",
    "sqlite3",
    "sqlite_utils",
    "aiosmtpd",
    "aiosmtplib",
    "starlette",
    "prometheus_client",
)
"""`socket` is not among them, as pydantic loads it; import-linter forbids that one."""

LOADED = "import {}, json, sys; print(json.dumps(sorted(sys.modules)))"


def dotted(file: Path) -> str:
    """Return the name under which a file is imported."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("module", [dotted(file) for file in core()])
def test_importing_the_core_loads_nothing_that_does_io(module: str) -> None:
    """In a fresh interpreter, as somebody would use it alone."""
    found = subprocess.run(
        [sys.executable, "-c", LOADED.format(module)], cwd=ROOT, capture_output=True, check=True
    )
    assert set(json.loads(found.stdout)).isdisjoint(FORBIDDEN)


def test_the_core_is_marked_on_the_map() -> None:
    """The rooms that promises rest on are among what is tried here."""
    marked = set(map(dotted, core()))
    assert {"proxy.rewrite.render", "proxy.smtp.data", "tracker.tokens", "config.schema"} <= marked
    assert len(marked) > 60
