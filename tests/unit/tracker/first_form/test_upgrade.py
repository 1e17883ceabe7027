"""A store of the first form becomes one of the second, whatever comes between."""

import contextlib
import os
import random
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest

from tests.support import earlier_stores
from tests.support.clients import victims
from tests.support.earlier_stores import put_last, rows
from tracker.first_form import copy, upgrade
from tracker.first_form.upgrade import Stopped, Watch
from tracker.store import database
from tracker.store.database import StoreError
from tracker.store.file import files, replacement
from tracker.store.file.file_store import FileStore
from tracker.store.file.replacement import Progress


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store in the last state of the first form."""
    return put_last(tmp_path / "waypost.db")


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, list[object]]:
    """Return the rows that it is to have in the end."""
    folder = tmp_path / "expected"
    folder.mkdir()
    other = put_last(folder / "waypost.db")
    upgrade.run(other)
    return rows(other)


def stopping_after(chunks: int) -> Watch:
    """Return who stops an upgrade after some chunks."""
    left = iter(range(chunks))
    return Watch(should_stop=lambda: next(left, None) is None)


def partial(path: Path) -> Path:
    """Return the file that is being written."""
    return path.with_name(f".{path.name}.upgraded")


def test_only_stores_of_the_first_form_are_upgraded(path: Path, tmp_path: Path) -> None:
    """Not what is missing, empty, or of this version."""
    assert upgrade.is_due(path)
    upgrade.run(path)
    assert not upgrade.is_due(path)
    new = tmp_path / "new.db"
    assert not upgrade.is_due(new)
    new.touch()
    assert not upgrade.is_due(new)
    new.unlink()
    FileStore.open(new).close()
    assert not upgrade.is_due(new)


def test_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """It is told by its tables."""
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE other (id INTEGER)")
    with pytest.raises(StoreError, match="another program"):
        upgrade.is_due(path)


def test_earlier_store_is_gone_and_nothing_is_left_beside_the_new_one(path: Path) -> None:
    """It has the rights that the earlier one's folder gives, and is nobody else's to read."""
    upgrade.run(path)
    left = {each.name for each in path.parent.iterdir()} - {path.name}
    assert not any("upgraded" in name or "instead" in name for name in left)
    assert path.stat().st_mode & 0o777 == 0o600
    with FileStore.open(path).transaction():
        pass


def test_new_store_has_all_tables_and_indexes_of_this_version(path: Path, tmp_path: Path) -> None:
    """Nothing is left of how far the upgrade had come."""
    upgrade.run(path)
    FileStore.open(tmp_path / "new.db").close()
    made = []
    for each in (path, tmp_path / "new.db"):
        with contextlib.closing(sqlite3.connect(each)) as conn:
            made.append(set(conn.execute("SELECT type, name, sql FROM sqlite_master")))
            assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert made[0] == made[1]


def test_upgrade_that_was_stopped_goes_on(path: Path, expected: dict[str, list[object]]) -> None:
    """From where it stood; the earlier store is in place until then."""
    told: list[Progress] = []
    while upgrade.is_due(path):
        watch = stopping_after(3)
        with contextlib.suppress(Stopped):
            upgrade.run(path, Watch(watch.should_stop, told.append))
    assert rows(path) == expected
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert 0 < told[-1].percent <= 99


def test_upgrade_of_a_store_that_somebody_changed_meanwhile_begins_anew(path: Path) -> None:
    """As a program of the earlier version, started by mistake, while nothing held it back."""
    with pytest.raises(Stopped):
        upgrade.run(path, stopping_after(12))
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute("INSERT INTO campaigns (name) VALUES ('late')")
        conn.commit()
    upgrade.run(path)
    assert "'late'" in str(rows(path)["campaigns"])


def test_upgrade_begins_anew_after_a_restart_of_the_machine(
    path: Path, expected: dict[str, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before may have got lost with its power."""
    with pytest.raises(Stopped):
        upgrade.run(path, stopping_after(12))
    told: list[Progress] = []
    monkeypatch.setattr(upgrade, "_BOOT_ID", path.with_name("none"))
    upgrade.run(path, Watch(tell=told.append))
    assert told[0].done == 0
    assert rows(path) == expected


def test_programs_of_the_earlier_version_cannot_change_it_meanwhile(path: Path) -> None:
    """They can read it."""

    def look(_: Progress) -> None:
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as conn:
            assert conn.execute("SELECT count(*) FROM messages").fetchone()[0] > 0
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                conn.execute("INSERT INTO campaigns (name) VALUES ('late')")

    upgrade.run(path, Watch(tell=look))


def test_whoever_asks_meanwhile_is_told_how_far_it_is(path: Path) -> None:
    """Reports say so, instead of figures."""
    seen: list[str] = []

    def look(_: Progress) -> None:
        with pytest.raises(StoreError) as raised, database.reading(path):
            pass
        seen.append(str(raised.value))

    upgrade.run(path, Watch(tell=look))
    assert seen[0] == f"{path} cannot be read yet: the store is being upgraded, 0 %"
    assert len(set(seen)) > 2


def test_store_that_is_to_be_upgraded_says_so(path: Path) -> None:
    """To whoever would read or change it before."""
    for opening in (database.reading, database.changing):
        with pytest.raises(StoreError, match="start `waypost tracker` once"), opening(path):
            pass


def test_disk_that_is_too_small_is_told_with_what_is_needed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is changed then, and it may be tried again."""
    before = path.read_bytes()
    fields = namedtuple("fields", "f_bavail f_frsize")  # noqa: PYI024 - as the system's own
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda _: fields(1000, 4096))
        with pytest.raises(StoreError) as raised:
            upgrade.run(path)
    needed = len(before) + replacement.SPARE_OCTETS
    assert f"needs {needed} octets, and 4096000 are free in {path.parent}" in str(raised.value)
    assert raised.value.cause == "full"
    assert path.read_bytes() == before
    assert not partial(path).exists()
    upgrade.run(path)


def test_earlier_steps_need_room_for_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are taken in the earlier store, which writes what they change once more."""
    path = earlier_stores.put("before_judged_clicks", tmp_path / "waypost.db")
    fields = namedtuple("fields", "f_bavail f_frsize")  # noqa: PYI024 - as the system's own
    monkeypatch.setattr(os, "statvfs", lambda _: fields(1000, 4096))
    needed = 2 * files.size_octets(path) + replacement.SPARE_OCTETS
    with pytest.raises(StoreError, match=f"needs {needed} octets"):
        upgrade.run(path)


def test_error_amid_a_chunk_leaves_none_of_it(
    path: Path, expected: dict[str, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a disk that is full in the end."""

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(copy.sets.clicked_by, "save", full)
        with pytest.raises(sqlite3.OperationalError):
            upgrade.run(path)
    assert upgrade.is_due(path)
    upgrade.run(path)
    assert rows(path) == expected


@pytest.mark.parametrize("left", [b"", b"no database", None])
def test_file_that_is_of_no_use_is_made_anew(
    left: bytes | None, path: Path, expected: dict[str, list[object]]
) -> None:
    """Empty, damaged, or what was left of the upgrade of another store."""
    if left is None:
        FileStore.open(partial(path)).close()
    else:
        partial(path).write_bytes(left)
    upgrade.run(path)
    assert rows(path) == expected


def test_command_that_changes_the_store_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a while; then it is tried again later."""
    monkeypatch.setattr(replacement, "PATIENCE_S", 0)
    with replacement.changing(path), pytest.raises(StoreError, match="changed by a command"):
        upgrade.run(path)
    upgrade.run(path)


MIN_KILLS = 6
"""However fast the machine is: one that is done before it is killed does it again."""


def test_upgrade_that_is_killed_again_and_again_has_the_same_result(
    path: Path, expected: dict[str, list[object]]
) -> None:
    """At whatever moment: in a chunk, between two, and in the swap."""
    chance, server, kills = random.Random(5), victims.context(), 0
    store = path.read_bytes()
    while kills < MIN_KILLS:
        path.write_bytes(store)
        while upgrade.is_due(path):
            telling, told = server.Pipe()
            victim = victims.start(server, victims.upgrade_store, path, told)
            told.close()
            with contextlib.suppress(EOFError):
                for _ in range(chance.randrange(1, 5)):
                    telling.recv()
            victim.join(chance.random() * 0.02)
            victim.kill()
            victim.join()
            telling.close()
            kills += victim.exitcode != 0
        assert rows(path) == expected
