"""The ingester against real files: damaged segments, and a database in every bad state."""

import contextlib
import dataclasses
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.observe import REGISTRY
from config.schema import Config, PrivacyConfig, StoreConfig
from tracker import ingest, reports, segments, store
from tracker.catch_up import catch_up
from tracker.events import Clicked, encode
from tracker.ingest import Ingester
from tracker.lock import Lock
from tracker.spool import Spool

SENT_S = int(time.time())


def click(number: int) -> Clicked:
    """Give a click on a message that nobody knows."""
    return Clicked(
        event_id=f"e{number}",
        at_s=SENT_S + 0.5,
        message_id=f"{number % 7:016x}",
        recipient=1,
        link=1,
        sent_at_s=SENT_S,
        destination="https://example.net/",
        method="GET",
        human=True,
        reasons=(),
        ip=None,
        user_agent="Browser/1",
    )


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Give a configuration whose store is not there yet."""
    return Config(store=StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db"))


@pytest.fixture
def spool(config: Config) -> Iterator[Spool]:
    """Give a spool of this store."""
    made = Spool.open(config.store.spool_dir, "tracker")
    yield made
    made.close()


@pytest.fixture
def ingester(config: Config) -> Iterator[Ingester]:
    """Give an ingester of this store."""
    made = Ingester(config)
    yield made
    made.close()


@contextlib.contextmanager
def running(ingester: Ingester) -> Iterator[None]:
    """Run the ingester in its thread."""
    stop = threading.Event()
    thread = threading.Thread(target=ingester.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def clicks(config: Config) -> int:
    """Count the clicks in the store, which must be sound."""
    with store.reading(config.store.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counted = reports.report(db).totals.clicks_all
        assert counted == db["clicks"].count
    return counted


def rows(config: Config, table: str) -> int:
    """Count the rows of a table."""
    with store.reading(config.store.path) as db:
        return int(db[table].count)


def eventually(condition: Callable[[], bool], within_s: float = 10) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with contextlib.suppress(store.StoreError):
            if condition():
                return
        time.sleep(0.02)
    raise AssertionError("it did not come about in time")


def metric(name: str, **labels: str) -> float:
    """Give what a metric says now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def put(spool: Spool, *numbers: int) -> None:
    """Append clicks durably."""
    for future in [spool.append(click(number)) for number in numbers]:
        future.result(5)


def finished_segment(config: Config, octets: bytes) -> Path:
    """Make a segment whose writer is gone."""
    path, descriptor = segments.create(config.store.spool_dir, "proxy")
    os.write(descriptor, octets)
    os.close(descriptor)
    return path


def test_events_are_fed_once(config: Config, spool: Spool, ingester: Ingester) -> None:
    """However often the spool is read, by however many ingesters in turn."""
    put(spool, *range(100))
    assert ingester.drain()
    assert ingester.drain()
    ingester.close()
    put(spool, *range(100, 150))
    other = Ingester(config)
    assert other.drain()
    other.close()
    assert clicks(config) == 150


def test_segment_in_use_stays_and_finished_one_goes(
    config: Config, spool: Spool, ingester: Ingester
) -> None:
    """A segment is deleted when its writer is gone and all of it was fed."""
    put(spool, 1)
    ingester.drain()
    assert len(segments.listing(config.store.spool_dir)) == 1
    spool.close()
    ingester.drain()
    assert segments.listing(config.store.spool_dir) == []
    ingester.drain()
    with store.reading(config.store.path) as db:
        assert db["segments"].count == 0


def test_damaged_records_are_kept_aside_and_the_rest_is_fed(
    config: Config, ingester: Ingester
) -> None:
    """Garbage, an event of no known kind, and a torn tail."""
    good = [segments.frame(encode(click(number))) for number in range(3)]
    strange = segments.frame(b'{"kind":"opened"}')
    path = finished_segment(
        config, good[0] + b"garbage\n" + good[1] + strange + good[2] + good[0][:-9]
    )
    before = metric("waypost_ingest_garbage_records_total")
    ingester.drain()
    assert clicks(config) == 3
    assert metric("waypost_ingest_garbage_records_total") - before == 3
    kept = config.store.spool_dir / "quarantine" / path.name
    assert kept.read_bytes() == b"garbage\n" + strange + good[0][:-9]
    assert not path.exists()


def test_event_that_cannot_be_fed_does_not_hold_up_others(
    config: Config, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it, it is found, kept aside, and the rest is counted."""
    real = ingest.feed

    def picky(db: object, events: tuple[Clicked, ...]) -> None:
        real(db, events)  # type: ignore[arg-type]
        if any(event.event_id == "e13" for event in events):
            raise OverflowError("Python int too large to convert to SQLite INTEGER")

    monkeypatch.setattr(ingest, "feed", picky)
    octets = [segments.frame(encode(click(number))) for number in range(50)]
    path = finished_segment(config, b"".join(octets))
    ingester.drain()
    assert clicks(config) == 49
    assert (config.store.spool_dir / "quarantine" / path.name).read_bytes() == octets[13]


def test_only_one_feeds_and_the_next_takes_over(config: Config, spool: Spool) -> None:
    """The lock goes with whoever held it."""
    put(spool, 1)
    first, second = Ingester(config), Ingester(config)
    assert first.drain()
    assert not second.drain()
    first.close()
    assert second.drain()
    second.close()


def test_lock_that_was_deleted_is_no_lock(tmp_path: Path) -> None:
    """Who held it takes it anew, or gives way."""
    first, second = Lock(tmp_path), Lock(tmp_path)
    assert first.acquire()
    (tmp_path / "ingester.lock").unlink()
    assert second.acquire()
    assert not first.acquire()
    second.release()
    assert first.acquire()
    first.release()


def test_deleted_database_is_made_anew_from_what_the_spool_has(
    config: Config, spool: Spool, ingester: Ingester
) -> None:
    """Segments in use are fed again, and nothing of the old one is mixed in."""
    put(spool, *range(20))
    with running(ingester):
        eventually(lambda: clicks(config) == 20)
        for name in ("waypost.db", "waypost.db-wal"):
            config.store.path.with_name(name).unlink(missing_ok=True)
        put(spool, 20)
        eventually(lambda: clicks(config) == 21)


def test_database_put_in_place_of_another_is_the_one_that_is_fed(
    config: Config, spool: Spool, ingester: Ingester, tmp_path: Path
) -> None:
    """Commits to a file that is no longer there would succeed, and be lost."""
    put(spool, 1)
    ingester.drain()
    copy = sqlite3.connect(tmp_path / "copy.db")
    with contextlib.closing(sqlite3.connect(config.store.path)) as source, copy:
        source.backup(copy)
    copy.close()
    with running(ingester):
        (tmp_path / "copy.db").rename(config.store.path)
        put(spool, 2)
        eventually(lambda: clicks(config) == 2)


def test_locked_database_waits_and_loses_nothing(
    config: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the lock is gone, everything is fed once."""
    monkeypatch.setattr(store, "BUSY_TIMEOUT_MS", 50)
    put(spool, 1)
    ingester.drain()
    ingester.close()
    before = metric("waypost_ingest_failures_total", cause="locked")
    with running(ingester):
        with contextlib.closing(sqlite3.connect(config.store.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            put(spool, *range(2, 10))
            eventually(lambda: metric("waypost_ingest_failures_total", cause="locked") > before)
            assert clicks(config) == 1
        eventually(lambda: clicks(config) == 9)


def test_full_database_waits_and_loses_nothing(
    config: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says that it is full; with room again, everything is fed once."""
    real = store.connect

    def small(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
        conn = real(path, busy_timeout_ms)
        pages = conn.execute("PRAGMA page_count").fetchone()[0]
        conn.execute(f"PRAGMA max_page_count = {pages}")
        return conn

    ingester.drain()
    ingester.close()
    monkeypatch.setattr(store, "connect", small)
    put(spool, *range(5000))
    before = metric("waypost_ingest_failures_total", cause="full")
    with running(ingester):
        eventually(lambda: metric("waypost_ingest_failures_total", cause="full") > before)
        monkeypatch.setattr(store, "connect", real)
        eventually(lambda: clicks(config) == 5000)


def test_malformed_store_is_set_aside_whole(
    config: Config, spool: Spool, ingester: Ingester
) -> None:
    """It was ours, SQLite says that it is damaged: it is renamed, and a new one begun."""
    put(spool, *range(50))
    ingester.drain()
    ingester.close()
    with config.store.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * 4096 * 30)
    with running(ingester):
        eventually(lambda: clicks(config) == 50)
    (kept,) = config.store.path.parent.glob("waypost.db.corrupt-*")
    assert b"\xaa" * 4096 in kept.read_bytes()


def test_file_that_is_no_store_of_ours_is_left_alone(
    config: Config, spool: Spool, ingester: Ingester
) -> None:
    """A wrong `[store] url` must not cost anybody a file; clicks wait in the spool."""
    config.store.path.write_bytes(b"somebody's letters " * 1000)
    put(spool, 1)
    before = metric("waypost_ingest_failures_total", cause="malformed")
    with running(ingester):
        eventually(lambda: metric("waypost_ingest_failures_total", cause="malformed") > before)
    assert config.store.path.read_bytes() == b"somebody's letters " * 1000
    config.store.path.unlink()
    assert ingester.drain()
    assert clicks(config) == 1


def test_catching_up_feeds_where_nobody_does(config: Config, spool: Spool) -> None:
    """A report needs no running service."""
    put(spool, *range(10))
    assert catch_up(config).octets == 0
    assert clicks(config) == 10


def test_catching_up_waits_for_the_ingester(
    config: Config, spool: Spool, ingester: Ingester
) -> None:
    """What was in the spool when it began is in the store when it ends."""
    ingester.drain()
    with running(ingester):
        for number in range(5):
            put(spool, number)
            assert catch_up(config).octets == 0
            assert clicks(config) == number + 1


def test_catching_up_says_what_is_left_when_time_is_up(
    config: Config, spool: Spool, ingester: Ingester
) -> None:
    """An ingester that does not come on is not waited for without end."""
    ingester.drain()
    put(spool, 1)
    backlog = catch_up(config, patience_s=0.1)
    assert backlog.octets > 0
    assert backlog.why == "another process is feeding the store"


def test_catching_up_on_nothing_makes_nothing(config: Config) -> None:
    """Asking leaves no trace."""
    assert catch_up(config).octets == 0
    assert list(config.store.path.parent.iterdir()) == []


def test_catching_up_on_a_malformed_store_is_an_error(config: Config, spool: Spool) -> None:
    """A report does not set anything aside."""
    put(spool, 1)
    config.store.path.write_bytes(b"\xaa" * 5000)
    with pytest.raises(store.StoreError, match="malformed"):
        catch_up(config)
    assert config.store.path.read_bytes() == b"\xaa" * 5000


def test_service_purges_what_is_older_than_the_retention(spool: Spool, config: Config) -> None:
    """The sums stay."""
    brief = config.model_copy(update={"privacy": PrivacyConfig(retention="1d")})
    old = dataclasses.replace(click(1), sent_at_s=SENT_S - 2 * 86400)
    spool.append(old).result(5)
    assert catch_up(brief).octets == 0
    with running(Ingester(brief)):
        eventually(lambda: rows(config, "clicks") == 0)
    with store.reading(config.store.path) as db:
        assert reports.report(db).totals.clicks_all == 1


def test_files_that_root_makes_belong_to_the_folders_owner(tmp_path: Path) -> None:
    """So that `sudo waypost report` locks no service out."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    folder = tmp_path / "owned"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    owned = Config(store=StoreConfig(url=f"sqlite:///{folder}/waypost.db"))
    opened = Spool.open(owned.store.spool_dir, "tracker")
    put(opened, 1)
    assert catch_up(owned).octets == 0
    made = [*folder.rglob("*")]
    assert len(made) >= 4
    assert {path.stat().st_uid for path in made} == {12345}
    opened.close()
