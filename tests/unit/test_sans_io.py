"""The core does no I/O, and loads nothing that does: judged by what importing it brings along."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

FORBIDDEN = (
    "asyncio",
    "sqlite3",
    "sqlite_utils",
    "aiosmtpd",
    "aiosmtplib",
    "starlette",
    "uvicorn",
    "prometheus_client",
    "structlog",
)
"""`socket` is not among them, as pydantic loads it; import-linter forbids that one."""

CORE = (
    "config/schema.py",
    "config/values.py",
    "config/loading/rules.py",
    "config/reference/catalogue.py",
    "tracker/tokens.py",
    "tracker/events.py",
    "tracker/persons.py",
    "tracker/urls",
    "tracker/redirect/visitor.py",
    "tracker/ingest/counting.py",
    "tracker/decisions/overrides.py",
    "tracker/decisions/consents.py",
    "proxy/smtp",
    "proxy/message",
    "proxy/links",
    "proxy/policy",
    "proxy/signing",
    "proxy/rewrite",
    "proxy/delivery/dsn.py",
    "proxy/session/trust.py",
)
"""What is marked ● on the map of `docs/flow.md`."""

LOADED = "import {}, json, sys; print(json.dumps(sorted(sys.modules)))"


def modules() -> list[str]:
    """Return the dotted names of all modules of the core."""
    files = [
        file
        for each in CORE
        for file in ([ROOT / each] if each.endswith(".py") else sorted((ROOT / each).glob("*.py")))
    ]
    return [dotted(file) for file in files]


def dotted(file: Path) -> str:
    """Return the name under which a file is imported."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("module", modules())
def test_importing_the_core_loads_nothing_that_does_io(module: str) -> None:
    """In a fresh interpreter, as somebody would use it alone."""
    found = subprocess.run(
        [sys.executable, "-c", LOADED.format(module)], cwd=ROOT, capture_output=True, check=True
    )
    assert set(json.loads(found.stdout)).isdisjoint(FORBIDDEN)
