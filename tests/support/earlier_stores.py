"""Stores that earlier versions filled, and what those versions said of them.

Each was made by the version itself, from the same events, and is kept as SQL. The version before the second
form answered what the second form must answer alike, after it had brought the store to its own schema.
"""

import contextlib
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from tests.support.checks.facts import empty
from tests.support.repository import ROOT
from tracker.first_form import copy
from tracker.first_form.schema import migrations as steps
from tracker.reports import breakdown, clicks, opens, summary
from tracker.sql.sqlite import SQLite

FOLDER = ROOT / "tests" / "unit" / "tracker" / "first_form" / "stores"
EVERY = sorted(path.stem for path in FOLDER.glob("*.sql"))
LAST = "last"
"""A store in the last state of the first form."""
DAY_S = 86400
FIRST_DAY = 1_790_000_000 // DAY_S
CLICK = (
    *(
        "at",
        "event_id",
        "message_id",
        "recipient",
        "link_number",
        "campaign",
        "link",
        "destination",
    ),
    *("person", "method", "human", "doubtful", "score", "reasons", "ip", "user_agent"),
)


def put(name: str, path: Path) -> Path:
    """Make the store of an earlier version at `path`."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.executescript((FOLDER / f"{name}.sql").read_text())
    return path


def put_last(path: Path, *rows: str) -> Path:
    """Make a store in the last state of the first form, with some rows besides."""
    put(LAST, path)
    with contextlib.closing(sqlite3.connect(path)) as conn:
        steps.apply(SQLite(conn))
        for sql in rows:
            conn.execute(sql)
        conn.commit()
    return path


def told(name: str) -> dict[str, Any]:
    """Return what the version before said of it."""
    answers: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return answers


def answers(db: SQLite) -> dict[str, Any]:
    """Return what this version says."""
    period = {"since_s": (FIRST_DAY + 5) * DAY_S, "until_s": (FIRST_DAY + 8) * DAY_S}
    of_one = clicks.clickers(db, "https://example.net/1", campaign="news", machines=True)
    found = {
        "report": summary.report(db).json(),
        "campaigns": {name: summary.report(db, campaign=name).json() for name in ("news", "sale")},
        "period": summary.report(db, **period).json(),
        "by": {by: list(breakdown.breakdown(db, by)) for by in breakdown.BY},
        "opens": opens.report(db).json(),
        "clickers": list(clicks.clickers(db)),
        "clickers_of_1": list(of_one),
        "clicks": [[row[name] for name in CLICK] for row in clicks.clicks(db)],
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def upgraded(old: SQLite) -> SQLite:
    """Return what becomes of a store of the first form: one of the second, in memory."""
    steps.apply(old)
    new = empty()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "first.db"
        with contextlib.closing(sqlite3.connect(file)) as conn:
            old.conn.backup(conn)
        new.execute("ATTACH ? AS first", [str(file)])
        copy.prepare(new)
        for stage in copy.STAGES:
            after = copy.BEGINNING
            with new.transaction():
                while copied := copy.copy_chunk(new, stage, after):
                    after = copied.upto
        new.execute("DETACH first")
    return new


def rows(path: Path) -> dict[str, list[Any]]:
    """Return all rows of a store, by table, but for when its steps were taken."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        tables = [
            name
            for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "_sqlite_migrations"
        ]
        return {
            name: sorted(map(repr, conn.execute(f"SELECT * FROM {name}").fetchall()))
            for name in tables
        }
