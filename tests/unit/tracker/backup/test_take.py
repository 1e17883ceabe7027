"""A backup, while services run. With clicks going on: `tests/e2e/operations/test_backup.py`."""

import stat
from pathlib import Path

import pytest

from config.schema import Config, KeysConfig, StoreConfig
from tests.support.feeding import click_count, eventually, put, spool_message
from tracker.backup import take as taking
from tracker.backup.manifest import verified
from tracker.backup.take import CannotBackUp, take
from tracker.ingest.catch_up import catch_up
from tracker.spool import segments
from tracker.spool.writer import Spool
from tracker.store import database


def test_a_backup_has_store_spool_and_configuration_for_its_owner_alone(
    storing: Config, spool: Spool, tmp_path: Path
) -> None:
    """What is counted, and what still waits."""
    spool_message(storing, "Spring", 1)
    catch_up(storing)
    put(spool, 1, 2)
    made = take(storing, b"[proxy]\n", tmp_path / "backup", with_secrets=False)
    assert made == verified(tmp_path / "backup")
    parts = [each.part for each in made.entries]
    assert parts.count("spool") == 1
    assert {"store", "configuration"} <= set(parts)
    with database.reading(tmp_path / "backup" / "store" / "waypost.db") as db:
        assert db["messages"].count == 1
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "backup").rglob("*")}
    assert modes <= {0o600, 0o700}
    assert click_count(storing) == 0


def test_a_copy_of_a_segment_has_all_records_up_to_its_last(
    storing: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written over room while it is copied is left out, of which the beginning may not be seen."""
    spool = Spool.open(storing.store.spool_dir, "proxy", room_octets=8192)
    put(spool, 1)
    (path,) = segments.listing(storing.store.spool_dir)
    eventually(lambda: path.stat().st_size > 8192)
    known, look, ends = path.read_bytes().rstrip(b" "), segments.end_of_records, list[int]()

    def late(descriptor: int) -> int:
        ends.append(look(descriptor))
        put(spool, 2)
        return ends[-1]

    monkeypatch.setattr(segments, "end_of_records", late)
    take(storing, b"", tmp_path / "backup", with_secrets=False)
    spool.close()
    assert ends == [len(known)]
    assert (tmp_path / "backup" / "spool" / path.name).read_bytes() == known


def test_a_store_on_a_server_is_backed_up_by_its_own_tools(tmp_path: Path) -> None:
    """They are named, and what there is beside it."""
    store = StoreConfig(url="postgresql:///waypost", state=tmp_path)
    with pytest.raises(CannotBackUp, match=r"use pg_dump; .*waypost\.db\.\*"):
        take(Config(store=store), b"", tmp_path / "copy", with_secrets=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(storing: Config, tmp_path: Path) -> None:
    """It may be the last backup."""
    (tmp_path / "backup").mkdir()
    with pytest.raises(CannotBackUp, match="is there already"):
        take(storing, b"", tmp_path / "backup", with_secrets=False)


def test_a_backup_that_fails_leaves_nothing(storing: Config, tmp_path: Path) -> None:
    """Neither under its name nor under the hidden one."""
    storing.store.path.write_bytes(b"SQLite format 3\0" + b"\0" * 8000)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CannotBackUp, match="no backup was made: "):
        take(storing, b"", tmp_path / "backup", with_secrets=False)
    assert sorted(tmp_path.iterdir()) == before


def test_what_an_interrupted_backup_left_is_no_hindrance(storing: Config, tmp_path: Path) -> None:
    """The next one begins anew."""
    left = tmp_path / ".backup.unfinished"
    left.mkdir()
    (left / "store").write_text("half")
    take(storing, b"", tmp_path / "backup", with_secrets=False)
    assert not left.exists()
    assert verified(tmp_path / "backup").entries == ()


def test_what_a_killed_backup_left_goes_with_the_next_of_any_name(
    storing: Config, tmp_path: Path
) -> None:
    """There may be keys in it; what is another's, or being written, stays."""
    left, written, others = (tmp_path / f".{name}.unfinished" for name in ("mon", "tue", "else"))
    for each in (left, written, others):
        (each / "secrets").mkdir(parents=True)
    (others / "photos").mkdir()
    with taking._locked(written):
        take(storing, b"", tmp_path / "wed", with_secrets=False)
    assert [each.exists() for each in (left, written, others)] == [False, True, True]


def test_a_folder_that_another_backup_has_made_this_moment_is_not_locked(
    storing: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is about to be locked by its maker, who would take ours for a third one that writes there."""
    (tmp_path / ".tue.unfinished").mkdir()
    locked: list[str] = []
    locks = taking._locked
    monkeypatch.setattr(taking, "_locked", lambda path: locked.append(path.name) or locks(path))
    take(storing, b"", tmp_path / "wed", with_secrets=False)
    assert locked == [".wed.unfinished"]
    assert (tmp_path / ".tue.unfinished").exists()


def test_a_backup_that_is_being_written_is_not_begun_anew(storing: Config, tmp_path: Path) -> None:
    """A second run, from cron say, leaves the first alone."""
    unfinished = tmp_path / ".backup.unfinished"
    unfinished.mkdir()
    (unfinished / "file").touch()
    with (
        taking._locked(unfinished),
        pytest.raises(CannotBackUp, match="another backup is being written"),
    ):
        take(storing, b"", tmp_path / "backup", with_secrets=False)
    assert (unfinished / "file").exists()


def test_a_backup_that_is_interrupted_leaves_nothing(
    storing: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be keys in it, and the next one may have another name."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(taking.manifest, "new", interrupted)
    with pytest.raises(KeyboardInterrupt):
        take(storing, b"", tmp_path / "backup", with_secrets=False)
    assert not list(tmp_path.glob("*backup*"))


def test_secrets_are_in_it_only_where_they_are_asked_for(storing: Config, tmp_path: Path) -> None:
    """By their settings, so that they find their places again."""
    keys = tmp_path / "token.keys"
    keys.touch(mode=0o600)
    keys.write_bytes(b"secret")
    config = storing.model_copy(update={"keys": KeysConfig(file=keys)})
    without = take(config, b"", tmp_path / "without", with_secrets=False)
    made = take(config, b"", tmp_path / "with", with_secrets=True)
    assert not without.has_secrets
    assert [(each.key, each.name) for each in made.entries] == [
        ("keys.file", "secrets/00-token.keys")
    ]
    assert b"secret" not in b"".join(
        path.read_bytes() for path in (tmp_path / "without").rglob("*") if path.is_file()
    )


def test_of_a_line_that_is_being_written_nothing_is_copied(tmp_path: Path) -> None:
    """Half of it would count as damage."""
    (tmp_path / "file").write_bytes(b"one\ntwo\nthr")
    taking._copy(tmp_path / "file", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"one\ntwo\n"
