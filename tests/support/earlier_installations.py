"""Installations that earlier versions left behind, each as it was: configuration, token keys, store, spool, decisions.

Each was made by the version itself (`earlier_making`), from the same mail: two messages sent, a click on each, the
links of the first withdrawn, a short link made, somebody's consent taken back; then, with the store locked, a third
message and its click, which are in the spool alone. All of it is text: the store is kept as SQL.
"""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT
from tests.support.stack import Stack, initialised

FOLDER = ROOT / "tests" / "e2e" / "operations" / "earlier"
EVERY = sorted(path.name for path in FOLDER.iterdir()) if FOLDER.is_dir() else []
STORE = "waypost.db"
FACTS = "facts.json"


@dataclass(frozen=True)
class Facts:
    """What is known of an installation: `links` are the paths of tracked links, each with where it leads."""

    commit: str
    links: dict[str, str]
    withdrawn: Sequence[str]
    short: str
    short_leads_to: str
    messages: int
    clicks: int
    without_consent: str


def put(name: str, folder: Path) -> tuple[Stack, Facts]:
    """Put one into a folder, as its services left it."""
    shutil.copytree(FOLDER / name, folder)
    stack = Stack(folder, relay=1)
    stack.config.write_text(stack.config.read_text().format_map(fields(stack)))
    dump = folder / f"{STORE}.sql"
    with contextlib.closing(sqlite3.connect(stack.database)) as conn:
        conn.executescript(dump.read_text())
    dump.unlink()
    (folder / "token.keys").chmod(0o600)
    shutil.copy2(initialised() / "dkim.pem", folder)  # any will do: no mail is signed anew
    return stack, facts(folder)


def facts(folder: Path) -> Facts:
    """Return what is known of one."""
    return Facts(**json.loads((folder / FACTS).read_text()))


def fields(stack: Stack) -> dict[str, object]:
    """Return what differs from place to place in a configuration."""
    ports = {"smtp": stack.smtp, "http": stack.http, "admin": stack.admin, "relay": stack.relay}
    return {"folder": stack.folder, **ports}
