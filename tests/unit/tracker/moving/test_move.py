"""A store that is moved: all of it, whatever happens on the way."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support import moving
from tests.support.checks.facts import clicked, put
from tests.support.earlier_stores import EVERY, LAST, answers, upgraded
from tests.support.earlier_stores import put as put_earlier
from tests.support.postgresql import cluster
from tracker.moving import copying
from tracker.moving.move import Moved, move
from tracker.moving.source import CannotMove
from tracker.moving.tables import Table
from tracker.sql.errors import ServerError
from tracker.sql.sqlite import SQLite
from tracker.store.database import open_to_feed, reading
from tracker.store.opened import StoreError
from tracker.store.server import unfinished

KILLS = 12
KILLED = """
import signal, sys
from pathlib import Path
from config.schema import StoreConfig
from tracker.moving import copying, move
source, url, state, chunk, after_s, begun = sys.argv[1:]
copying.CHUNK = int(chunk)
old, new = StoreConfig(url=f"sqlite:///{source}"), StoreConfig(url=url, state=Path(state), node="a")
def told(table, copied):
    if not copied and signal.getitimer(signal.ITIMER_REAL) == (0, 0):
        signal.setitimer(signal.ITIMER_REAL, float(after_s))
if not begun:
    told(None, 0)
move.move(old, new, told, lambda _: None)
"""
"""A copy that the kernel ends at some moment (SIGALRM), in the middle of whatever it does.

`begun` has that moment counted from the first table on.
"""


def moved(source: Path, folder: Path) -> tuple[Moved, dict[str, list[str]], dict[str, list[str]]]:
    """Move a store; return what came of it, and all rows of both sides."""
    new = moving.new(folder)
    done = move(moving.old(source), new, lambda *_: None, lambda _: None)
    return done, *moving.both(source, new)


def test_rows_of_every_kind_are_the_same_on_both_sides(tmp_path: Path) -> None:
    """Each table has some, with the values on which a copy stumbles."""
    source = moving.odd(moving.fed(tmp_path / "w.db"))
    before = source.read_bytes()
    done, ours, theirs = moved(source, tmp_path)
    assert [each for each in done.tables if not each.is_equal] == []
    assert min(map(len, ours.values())) > 0
    assert theirs == ours
    assert source.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["w.db"]


@pytest.mark.parametrize("name", [LAST, *sorted(set(EVERY) - {LAST})])
def test_a_store_of_every_earlier_version_answers_alike(name: str, tmp_path: Path) -> None:
    """Octet for octet, once it was brought up to date."""
    source, new = tmp_path / "w.db", moving.new(tmp_path)
    with contextlib.closing(sqlite3.connect(put_earlier(name, tmp_path / "old.db"))) as conn:
        current = upgraded(SQLite(conn))
    open_to_feed(source).close()
    with contextlib.closing(sqlite3.connect(source)) as conn:
        current.conn.backup(conn)
    assert move(moving.old(source), new, lambda *_: None, lambda _: None).is_equal
    with reading(source) as ours, reading(new) as theirs:
        assert isinstance(ours, SQLite)
        said = [json.dumps(answers(each)) for each in (ours, theirs)]  # type: ignore[arg-type]
        assert said[1] == said[0]


def test_counting_goes_on_at_the_new_place(tmp_path: Path) -> None:
    """With the click that was there known, and numbers that were never given."""
    source, new = moving.fed(tmp_path / "w.db"), moving.new(tmp_path)
    move(moving.old(source), new, lambda *_: None, lambda _: None)
    stores = open_to_feed(source), open_to_feed(new)
    for store in stores:
        put(store.db, clicked("c1"), clicked("later", recipient=2))  # type: ignore[arg-type]
        assert store.offset("tracker-1.log") == 4711
        store.close()
    ours, theirs = moving.both(source, new)
    assert theirs == ours


def test_killed_at_any_moment_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """However often; and until it is done, nobody takes the database for a store."""
    source = moving.many(moving.odd(moving.fed(tmp_path / "w.db")), 40_000)
    new, chance = moving.new(tmp_path), random.Random(17)
    for number in range(KILLS):
        chunk, after_s = chance.choice((1, 3, 10, 30)), chance.uniform(0.005, 0.2)
        about = (source, new.url, tmp_path, chunk, after_s, "begun" if number % 4 else "")
        killed = subprocess.run([sys.executable, "-c", KILLED, *map(str, about)], check=False)
        assert killed.returncode == -signal.SIGALRM
    with moving.server(new) as db:
        assert unfinished.find(db) is not None
    with pytest.raises(StoreError, match="unfinished copy"):
        open_to_feed(new)
    done = move(moving.old(source), new, lambda *_: None, lambda _: None)
    assert done.is_equal
    assert done.went_on
    ours, theirs = moving.both(source, new)
    assert theirs == ours
    open_to_feed(new).close()


def test_a_server_that_is_killed_has_what_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy ends, and goes on once it is back."""
    monkeypatch.setattr(copying, "CHUNK", 1000)
    source = moving.many(moving.fed(tmp_path / "w.db"), 10_000)
    with cluster().another() as there:
        new = StoreConfig(url=there.url(there.new()), state=tmp_path, node="a")

        def kill(table: Table, copied: int) -> None:
            if (table.name, copied) == ("clicks", 3000):
                there.kill()

        with pytest.raises(ServerError):
            move(moving.old(source), new, kill, lambda _: None)
        there.start()
        left: dict[str, int] = {}
        done = move(
            moving.old(source), new, lambda each, n: left.update({each.name: n}), lambda _: None
        )
        assert done.is_equal
        assert left["clicks"] == {each.table: each.rows for each in done.tables}["clicks"] - 3000
        ours, theirs = moving.both(source, new)
        assert theirs == ours


def test_a_store_that_changes_meanwhile_is_no_copy(tmp_path: Path) -> None:
    """It stays unfinished, and it is said what to do."""
    source, new = moving.fed(tmp_path / "w.db"), moving.new(tmp_path)

    def change(table: Table, copied: int) -> None:
        os.utime(source, (copied, copied))

    with pytest.raises(CannotMove, match=r"was changed while it was copied.*createdb"):
        move(moving.old(source), new, change, lambda _: None)
    with moving.server(new) as db:
        assert unfinished.find(db) is not None


def test_where_both_sides_differ_the_copy_stays_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What differs is named."""
    source, new = moving.fed(tmp_path / "w.db"), moving.new(tmp_path)
    copy = copying.copy

    def copy_and_lose(*args: object) -> None:
        copy(*args)  # type: ignore[arg-type]
        with moving.server(new) as db:
            db.execute("UPDATE counters SET clicks_all = clicks_all + 1")
            db.execute("DELETE FROM opens")

    monkeypatch.setattr(copying, "copy", copy_and_lose)
    done = move(moving.old(source), new, lambda *_: None, lambda _: None)
    assert {each.table: each.differ for each in done.tables if not each.is_equal} == {
        "counters": ("clicks_all",),
        "opens": ("sent_s", "message_id", "event_id", "number", "human"),
    }
    assert done.reports == ("report", "opens")
    with moving.server(new) as db:
        assert unfinished.find(db) is not None
