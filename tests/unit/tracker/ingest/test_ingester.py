"""The ingester against real files: damaged segments, and a database that waits."""

import contextlib
import dataclasses
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from config.schema import (
    ClicksConfig,
    Config,
    PrivacyConfig,
    StoreConfig,
    TrackingConfig,
    WebhookConfig,
)
from tests.support.checks.facts import accepted, pending
from tests.support.details import handled
from tests.support.engines import IN_A_FILE, engine, gives_back, store_table
from tests.support.feeding import (
    SENT_S,
    click,
    click_count,
    click_rows,
    eventually,
    metric,
    put,
    rows,
    running,
)
from tracker.counting import batch
from tracker.events import Event, decode, encode
from tracker.ingest import ingester as housekeeping
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.reports import summary
from tracker.retention import retention
from tracker.spool import segments
from tracker.spool.overwrite import overwrite
from tracker.spool.writer import Spool
from tracker.sql.sqlite import SQLite
from tracker.store import database
from tracker.store.file import file_store
from tracker.store.keys import message_number

__all__ = ["engine", "gives_back", "store_table"]


def finished_segment(storing: Config, octets: bytes) -> Path:
    """Make a segment whose writer is gone."""
    path, descriptor = segments.create(storing.store.spool_dir, "proxy")
    os.write(descriptor, octets)
    os.close(descriptor)
    return path


def test_events_are_fed_once(storing: Config, spool: Spool, ingester: Ingester) -> None:
    """However often the spool is read, by however many ingesters in turn."""
    put(spool, *range(100))
    assert ingester.drain()
    assert ingester.drain()
    ingester.close()
    put(spool, *range(100, 150))
    other = Ingester(storing)
    assert other.drain()
    other.close()
    assert click_count(storing) == 150


def test_nothing_is_read_while_it_is_paused(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """So what is rewritten meanwhile is counted as it stands then."""
    put(spool, 1)
    draining = threading.Thread(target=ingester.drain)
    with ingester.paused():
        draining.start()
        eventually(lambda: database.exists(storing.store))
        (path,) = segments.listing(storing.store.spool_dir)
        (record,) = _records(path)
        with path.open("r+b", buffering=0) as file:
            event = dataclasses.replace(click(1), user_agent="Other")
            assert overwrite(file.fileno(), record, encode(event))
    draining.join()
    ingester.close()
    with database.reading(storing.store) as db:
        assert [each["user_agent"] for each in click_rows(db)] == ["Other"]


def _records(path: Path) -> list[segments.Record]:
    """Return what a segment holds."""
    with path.open("rb") as file:
        return segments.read(file.fileno(), 0, segments.MAX_RECORD_OCTETS, finished=False)


def test_links_of_a_message_are_found_after_a_restart(storing: Config) -> None:
    """Another ingester begins behind the set that the message names."""
    spool = Spool.open(storing.store.spool_dir, "proxy")
    for number in range(2):
        for event in (pending(f"m{number}"), accepted(f"m{number}")):
            spool.append(event).result(5)
        ingester = Ingester(storing)
        assert ingester.drain()
        ingester.close()
    spool.close()
    with database.reading(storing.store) as db:
        assert db.execute(
            "SELECT count(*), count(DISTINCT link_set_id) FROM messages"
        ).fetchone() == (2, 1)
        assert db.execute("SELECT links FROM link_sets").fetchall() == [(len(pending().links),)]


def test_a_click_of_the_forgotten_is_rewritten_where_it_was_fed_from(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """While its segment is in use; it would stand there for an hour."""
    first = click(1)
    spool.append(first).result(5)
    ingester.drain()
    with database.changing(storing.store) as opened, opened.transaction():
        opened.db.execute("UPDATE deliveries SET address = ''")
    telling = {"destination": "https://u@example.net/own/4711x?id=4711x", "ip": "192.0.2.0"}
    for event in (dataclasses.replace(first, event_id="e2", **telling), click(3)):
        spool.append(event).result(5)
    ingester.drain()
    (segment,) = segments.listing(storing.store.spool_dir)
    kept = [decode(line[9:]) for line in segment.read_bytes().splitlines()]
    nobodys = dataclasses.replace(
        first, event_id="e2", destination="https://example.net/", user_agent=""
    )
    assert kept == [first, nobodys, click(3)]
    lines = segment.read_bytes().splitlines(keepends=True)
    assert [segments.frame(line[9:-1]) for line in lines] == lines
    assert click_count(storing) == 3


class FullAtCommit(sqlite3.Connection):
    """A connection whose disk is full as soon as something is to stay there."""

    is_full = False

    def commit(self) -> None:
        """Fail while it is."""
        if self.is_full:
            raise sqlite3.OperationalError("database or disk is full")
        super().commit()


@IN_A_FILE
def test_a_click_of_the_forgotten_counts_under_its_link_although_a_commit_failed(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is rewritten must not be needed again."""
    monkeypatch.setattr(
        file_store, "connect", lambda path, _ms: sqlite3.connect(path, factory=FullAtCommit)
    )
    shared = dataclasses.replace(click(1), destination="https://example.net/shared")
    for event in (
        shared,
        dataclasses.replace(shared, event_id="e8", message_id=click(8).message_id),
    ):
        spool.append(event).result(5)
    ingester.drain()
    with contextlib.closing(sqlite3.connect(storing.store.path)) as db:
        of_first = [message_number(shared.message_id)]
        db.execute("UPDATE deliveries SET address = '' WHERE message_id = ?", of_first)
        db.commit()
    spool.append(dataclasses.replace(shared, event_id="e2")).result(5)
    monkeypatch.setattr(FullAtCommit, "is_full", True)
    with pytest.raises(sqlite3.OperationalError):
        ingester.drain()
    monkeypatch.setattr(FullAtCommit, "is_full", False)
    ingester.drain()
    with database.reading(storing.store) as db:
        (link,) = summary.report(db).links
    assert (link.link, link.figures.clicks_all) == (shared.destination, 3)


def test_segment_in_use_stays_and_finished_one_goes(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """A segment is deleted when its writer is gone and all of it was fed."""
    put(spool, 1)
    ingester.drain()
    assert len(segments.listing(storing.store.spool_dir)) == 1
    spool.close()
    ingester.drain()
    assert segments.listing(storing.store.spool_dir) == []
    ingester.drain()
    assert rows(storing, "segments") == 0


def test_what_a_killed_proxy_left_is_fed_and_deleted_with_its_room(
    storing: Config, ingester: Ingester
) -> None:
    """Blanks behind the records are no damage; what was torn is, without them."""
    good = [segments.frame(encode(click(number))) for number in range(2)]
    finished_segment(storing, good[0] + good[1] + b" " * 100_000)
    torn = finished_segment(storing, good[0] + good[1][:-9] + b" " * 100_000)
    ingester.drain()
    assert click_count(storing) == 2
    assert segments.listing(storing.store.spool_dir) == []
    (kept,) = (storing.store.spool_dir / "quarantine").iterdir()
    assert (kept.name, kept.read_bytes()) == (torn.name, good[1][:-9])


def test_damaged_records_are_kept_aside_and_the_rest_is_fed(
    storing: Config, ingester: Ingester
) -> None:
    """Garbage, an event of no known kind, and a torn tail."""
    good = [segments.frame(encode(click(number))) for number in range(3)]
    strange = segments.frame(b'{"kind":"opened"}')
    path = finished_segment(
        storing, good[0] + b"garbage\n" + good[1] + strange + good[2] + good[0][:-9]
    )
    before = metric("waypost_ingest_garbage_records_total")
    ingester.drain()
    assert click_count(storing) == 3
    assert metric("waypost_ingest_garbage_records_total") - before == 3
    kept = storing.store.spool_dir / "quarantine" / path.name
    assert kept.read_bytes() == b"garbage\n" + strange + good[0][:-9]
    assert not path.exists()


def test_event_that_cannot_be_fed_does_not_hold_up_others(
    storing: Config, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it, it is found, kept aside, and the rest is counted."""
    real = batch.feed

    def picky(db: SQLite, events: Sequence[Event], *how: Any) -> None:
        real(db, events, *how)
        if click(13) in events:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")

    monkeypatch.setattr(batch, "feed", picky)
    octets = [segments.frame(encode(click(number))) for number in range(50)]
    path = finished_segment(storing, b"".join(octets))
    ingester.drain()
    assert click_count(storing) == 49
    assert (storing.store.spool_dir / "quarantine" / path.name).read_bytes() == octets[13]


def test_only_one_feeds_and_the_next_takes_over(storing: Config, spool: Spool) -> None:
    """The lock goes with whoever held it."""
    put(spool, 1)
    first, second = Ingester(storing), Ingester(storing)
    assert first.drain()
    assert not second.drain()
    first.close()
    assert second.drain()
    second.close()


@IN_A_FILE
def test_who_asks_for_figures_does_not_wait_until_it_is_time(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the spool is left alone while nobody asks; nor does who has it stop."""
    monkeypatch.setattr(housekeeping, "QUIET_S", 600.0)
    bell = storing.store.spool_dir / ".ingester.bell"
    with running(ingester):
        eventually(bell.is_fifo)
        for number in range(3):
            put(spool, number)
            assert not list(catch_up(storing).sentences())
            assert click_count(storing) == number + 1


@IN_A_FILE
def test_locked_database_waits_and_loses_nothing(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the lock is gone, everything is fed once."""
    monkeypatch.setattr(file_store, "BUSY_TIMEOUT_MS", 50)
    put(spool, 1)
    ingester.drain()
    ingester.close()
    before = metric("waypost_ingest_failures_total", cause="locked")
    with running(ingester):
        with contextlib.closing(sqlite3.connect(storing.store.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            put(spool, *range(2, 10))
            eventually(lambda: metric("waypost_ingest_failures_total", cause="locked") > before)
            assert click_count(storing) == 1
            eventually(lambda: metric("waypost_spool_backlog_octets") > 1000)
        eventually(lambda: click_count(storing) == 9)
        eventually(lambda: metric("waypost_spool_backlog_octets") == 0)


@IN_A_FILE
def test_full_database_waits_and_loses_nothing(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says that it is full; with room again, everything is fed once."""
    real = file_store.connect

    def small(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
        conn = real(path, busy_timeout_ms)
        pages = conn.execute("PRAGMA page_count").fetchone()[0]
        conn.execute(f"PRAGMA max_page_count = {pages}")
        return conn

    ingester.drain()
    ingester.close()
    monkeypatch.setattr(file_store, "connect", small)
    put(spool, *range(5000))
    before = metric("waypost_ingest_failures_total", cause="full")
    with running(ingester):
        eventually(lambda: metric("waypost_ingest_failures_total", cause="full") > before)
        eventually(lambda: metric("waypost_spool_backlog_octets") > 0)
        monkeypatch.setattr(file_store, "connect", real)
        eventually(lambda: click_count(storing) == 5000)
    assert catch_up(storing).octets == 0
    assert rows(storing, "clicks") == 5000


def test_service_purges_what_is_older_than_the_retention(spool: Spool, storing: Config) -> None:
    """The sums stay."""
    brief = storing.model_copy(update={"privacy": PrivacyConfig(retention="1d")})
    old = dataclasses.replace(click(1), sent_at_s=SENT_S - 2 * 86400)
    spool.append(old).result(5)
    assert catch_up(brief).octets == 0
    with running(Ingester(brief)):
        eventually(lambda: rows(storing, "clicks") == 0)
    with database.reading(storing.store) as db:
        assert summary.report(db).totals.clicks_all == 1


def test_what_is_counted_does_not_wait_for_what_is_purged(
    spool: Spool, storing: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old rows go a few in each round, and what comes meanwhile is counted."""
    monkeypatch.setattr(housekeeping, "HOUSEKEEPING_ROUND_S", 0.0)
    monkeypatch.setattr(retention, "CHUNK_ROWS", 2)
    brief = storing.model_copy(update={"privacy": PrivacyConfig(retention="1d")})
    for number in range(4):
        old = dataclasses.replace(click(number), sent_at_s=SENT_S - 2 * 86400 - number)
        spool.append(old).result(5)
    assert catch_up(brief).octets == 0
    with running(Ingester(brief)):
        for number in range(10, 20):
            spool.append(click(number)).result(5)
        eventually(lambda: rows(storing, "clicks") == 10)
    with database.reading(storing.store) as db:
        assert summary.report(db).totals.clicks_all == 14


def test_service_lets_go_of_details_before_figures(spool: Spool, storing: Config) -> None:
    """They have a retention of their own (`[privacy] details`)."""
    brief = storing.model_copy(update={"privacy": PrivacyConfig(retention="9d", details="1d")})
    spool.append(dataclasses.replace(handled(1), sent_s=SENT_S - 2 * 86400)).result(5)
    spool.append(dataclasses.replace(handled(2), sent_s=SENT_S)).result(5)
    spool.append(click(1)).result(5)
    assert catch_up(brief).octets == 0
    assert rows(storing, "details") == 2
    with running(Ingester(brief)):
        eventually(lambda: rows(storing, "details") == 1)
    assert rows(storing, "clicks") == 1


def test_service_lets_go_of_what_old_clicks_were_judged_by(spool: Spool, storing: Config) -> None:
    """The clicks stay until their messages go."""
    brief = storing.model_copy(update={"privacy": PrivacyConfig(retention="9d", details="2d")})
    old_s = SENT_S - 3 * 86400
    old = dataclasses.replace(click(1), at_s=old_s + 60.0, sent_at_s=old_s, user_agent="Old/1")
    spool.append(old).result(5)
    spool.append(click(2)).result(5)
    assert catch_up(brief).octets == 0

    def agents() -> list[str]:
        with database.reading(storing.store) as db:
            return [row["user_agent"] for row in click_rows(db)]

    assert agents() == ["Old/1", "Browser/1"]
    with running(Ingester(brief)):
        eventually(lambda: agents() == ["", "Browser/1"])


def test_links_of_unknown_messages_are_named_as_the_configuration_says(
    ingester: Ingester, spool: Spool, storing: Config
) -> None:
    """The one in force: it may be read anew."""
    for number, name in enumerate(("utm_source", "utm_medium")):
        adding = TrackingConfig(url_params={name: "mail"})
        ingester.configure(storing.model_copy(update={"tracking": adding}))
        at = f"https://example.net/{number}?{name}=mail"
        spool.append(dataclasses.replace(click(number), destination=at)).result(5)
        assert ingester.drain()
    with database.reading(storing.store) as db:
        found = {link.link for link in summary.report(db).links}
    assert found == {"https://example.net/0", "https://example.net/1"}


def test_new_clicks_are_judged_by_the_points_of_the_configuration(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """The one in force: it may be read anew."""
    for number, points in enumerate(({}, {"early": 0})):
        ingester.configure(storing.model_copy(update={"clicks": ClicksConfig(points=points)}))
        spool.append(dataclasses.replace(click(number), signals=("no-language",))).result(5)
        assert ingester.drain()
    with database.reading(storing.store) as db:
        totals = summary.report(db).totals
    assert (totals.clicks_human, totals.clicks_all) == (1, 2)


@IN_A_FILE
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


@IN_A_FILE
def test_interrupted_anywhere_it_feeds_once(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """Wherever a transaction breaks off, nothing of it stays, and the next try does it all."""
    put(spool, *range(300))
    ingester.drain()
    put(spool, *range(200, 400))
    opened = ingester._open()
    broken = 0
    for instructions in range(100, 6000, 300):
        opened.db.conn.set_progress_handler(lambda: 1, instructions)
        try:
            ingester.drain()
        except sqlite3.OperationalError:
            broken += 1
        opened.db.conn.set_progress_handler(None, 0)
        assert click_count(storing) in (300, 400)
    ingester.drain()
    assert broken > 3
    assert click_count(storing) == 400


def test_round_ends_although_the_writer_is_faster(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written during a round is for the next one: a report must not chase it."""
    real = batch.feed
    rounds = 0

    def writing(db: SQLite, events: Sequence[Event], *how: Any) -> None:
        nonlocal rounds
        rounds += 1
        put(spool, rounds)
        real(db, events, *how)

    monkeypatch.setattr(batch, "feed", writing)
    put(spool, 0)
    ingester.drain()
    assert rounds == 1
    ingester.drain()
    assert click_count(storing) == 2


def test_of_two_one_says_that_it_feeds(storing: Config, ingester: Ingester) -> None:
    """Others go by that: webhooks are told by the process that feeds. Once it ends, the other does."""
    other = Ingester(storing)
    assert (ingester.feeds, other.feeds) == (False, False)
    assert (ingester.drain(), other.drain()) == (True, False)
    assert (ingester.feeds, other.feeds) == (True, False)
    ingester.close()
    assert (ingester.feeds, other.drain(), other.feeds) == (False, True, True)
    other.close()


def test_clicks_are_queued_for_webhooks_of_the_configuration_in_force(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """After a reload, for those of the new one."""
    put(spool, 1)
    ingester.drain()
    assert rows(storing, "outbox") == 0
    hook = WebhookConfig(url="https://example.com/", secret_file=Path("s"), machines=True)
    ingester.configure(storing.model_copy(update={"webhook": (hook,)}))
    put(spool, 2)
    ingester.drain()
    assert rows(storing, "outbox") == 1
