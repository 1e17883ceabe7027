"""Where clicks are kept: room, rights, and the store itself."""

from pathlib import Path

import pytest

from config.files import reserve
from config.keys.dns_answers import resolver_of
from config.schema import Config, StoreConfig, StreamConfig
from tests.support.feeding import spool_message
from tests.support.postgresql import url_of_new_store
from tracker.decisions.consents import Consent, ConsentRecord
from tracker.decisions.files import CONSENTS
from tracker.ingest.catch_up import catch_up
from tracker.nodes.inspection import Trouble
from tracker.spool.stream_offset import StreamOffset
from tracker.store.file import moved
from waypost_doctor.findings import Kind, Result
from waypost_doctor.installation import store_place
from waypost_doctor.patient import Patient

MIB = 1024 * 1024


def said(store: Path) -> list[str]:
    """Return what is said of a store: the findings' names, or what is well."""
    config = Config(store=StoreConfig(url=f"sqlite:///{store}"))
    patient = Patient(config, resolver_of("127.0.0.1:1"))
    return [each.kind or each.what for each in store_place.test(patient)]


def test_a_database_that_nodes_share_is_asked(tmp_path: Path) -> None:
    """Who answers is told, or what is wrong, with its cure."""
    url = url_of_new_store()
    well = asked(url, tmp_path)
    assert well.kind is None
    assert f"{url}: PostgreSQL " in well.what
    assert "tables of this version" in well.what
    gone = asked(f"postgresql:///x?host={tmp_path}", tmp_path)
    assert (gone.kind, gone.cure) == (Kind.DATABASE_UNREACHABLE, Trouble.UNREACHABLE.cure)
    missing = asked(url.replace(url.split("/")[3].split("?")[0], "nowhere", 1), tmp_path)
    assert missing.kind is Kind.DATABASE_MISSING


def asked(url: str, folder: Path) -> Result:
    """Return the last that is said of a database."""
    config = Config(store=StoreConfig(url=url, state=folder, node="a"))
    return list(store_place.test(Patient(config, resolver_of("127.0.0.1:1"))))[-1]


def test_each_trouble_is_a_finding_of_its_own() -> None:
    """With the cure that `waypost check` tells as well."""
    assert set(store_place.TROUBLES) == set(Trouble)
    assert len(set(store_place.TROUBLES.values())) == len(Trouble)
    for trouble, kind in store_place.TROUBLES.items():
        assert kind.cure == trouble.cure


def test_a_store_that_was_copied_elsewhere(storing: Config) -> None:
    """Nothing is counted into it any more."""
    spool_message(storing, "Spring", 1)
    catch_up(storing)
    moved.give_up(storing.store.path, "postgresql:///w")
    assert Kind.STORE_GIVEN_UP in said(storing.store.path)


def test_a_store_is_read_and_what_is_tried_leaves_nothing_behind(
    storing: Config, tmp_path: Path
) -> None:
    """Neither in its folder nor in the spool's."""
    store = storing.store.path
    assert said(store)[1] == f"{store} is not there yet: the tracker makes it"
    spool_message(storing, "Spring", 1)
    catch_up(storing)
    assert said(store)[-1] == f"{store} can be read and written"
    before = sorted(tmp_path.rglob("*"))
    assert said(store)[-1] == f"{store} can be read and written"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    """Nothing else can be said."""
    assert said(tmp_path / "gone" / "waypost.db") == [Kind.STORE_FOLDER_MISSING]


def test_consents_that_cannot_be_read(storing: Config) -> None:
    """No proxy starts without them; their copy is as good."""
    store = storing.store
    store.file("consents").mkdir()
    assert Kind.CONSENTS_UNREADABLE in said(store.path)
    CONSENTS.append(
        lambda name: store.file(f"{name}.known"),
        ConsentRecord("2026-11-30", "a@example.net", Consent.NONE),
    )
    assert Kind.CONSENTS_UNREADABLE not in said(store.path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Not even by root."""
    assert said(Path("/sys/waypost.db"))[0] == Kind.STORE_NOT_WRITABLE


def test_a_store_that_is_damaged(tmp_path: Path) -> None:
    """SQLite says why."""
    store = tmp_path / "waypost.db"
    store.write_bytes(b"SQLite format 3\0" + b"\0" * 8000)
    assert said(store)[-1] == Kind.STORE_UNUSABLE


def test_a_disk_with_no_room_for_a_purge(storing: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said beside how much is free, and only where there is something to purge."""
    monkeypatch.setattr(reserve, "_free_octets", lambda _store: 0)
    assert Kind.RESERVE_MISSING not in said(storing.store.path)
    spool_message(storing, "Spring", 1)
    catch_up(storing)
    assert Kind.RESERVE_MISSING in said(storing.store.path)


@pytest.mark.parametrize(
    ("free_octets", "free_files", "kind"),
    [
        (2000 * MIB, 100_000, None),
        (500 * MIB, 100_000, Kind.DISK_LOW),
        (2000 * MIB, 5_000, Kind.DISK_LOW),
        (50 * MIB, 100_000, Kind.DISK_FULL),
        (2000 * MIB, 10, Kind.DISK_FULL),
    ],
)
def test_room_is_octets_and_files(free_octets: int, free_files: int, kind: Kind | None) -> None:
    """A file system without inodes takes no segment, however empty it is."""
    result = store_place.room(Path("/var/lib/waypost"), free_octets, free_files)
    assert result.kind is kind
    assert f"{free_octets // MIB} MiB are free" in result.what


def test_a_stream_that_is_not_taken_is_found(storing: Config) -> None:
    """With how much waits, and why."""
    config = storing.model_copy(update={"stream": StreamConfig(url="https://a.example/")})
    spool_message(config, "Spring", 1)
    catch_up(config)
    patient = Patient(config, resolver_of("127.0.0.1:1"))
    (*_, well) = store_place.test(patient)
    assert well.what.startswith("0 events of the stream were taken; ")
    StreamOffset(failing="answered 500").save(config.store.spool_dir)
    (*_, ill) = store_place.test(patient)
    assert ill.kind is Kind.STREAM_NOT_TAKEN
    assert ill.what.endswith(" octets of the spool wait for https://a.example/: answered 500")
