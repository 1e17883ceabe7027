"""A person is erased everywhere: in an order that can be repeated, and down to the octets."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.loading.load import load
from config.schema import Config
from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tests.support.checks.people import ANN
from tests.support.engines import IN_A_FILE, dumped, engine, gives_back, store_table
from tracker.counting.batch import feed
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.erasure.forget import Forgotten, erase
from tracker.events import Event
from tracker.ingest import waiting
from tracker.ingest.catch_up import catch_up
from tracker.outbox import queue
from tracker.outbox.subscriptions import Subscription, Subscriptions
from tracker.spool.writer import Spool
from tracker.sql.postgresql import PostgreSQL
from tracker.store import database
from tracker.store.file import files as store_files
from tracker.store.file import rewriting

__all__ = ["engine", "gives_back", "store_table"]


@pytest.fixture
def config(folder: Path) -> Config:
    """Return a configuration with keys."""
    return load(folder / "waypost.toml")


def spooled(config: Config, *events: Event) -> None:
    """Put events into the spool."""
    spool = Spool.open(config.store.spool_dir, "proxy")
    for event in events:
        spool.append(event)
    spool.close()


@pytest.fixture
def filled(config: Config) -> Config:
    """Have mail to Ann in store and spool, a click, and what she agreed to."""
    spooled(config, pending(), accepted())
    with contextlib.closing(Spool.open(config.store.spool_dir, "tracker")) as busy:
        busy.append(clicked("c1", ip="192.0.2.0")).result(5)
        catch_up(config)
    files.record(config.store.file, ANN, Consent.NONE)
    return config


def tells(config: Config, name: bytes = b"ann@") -> list[str]:
    """Name the files that tell of somebody, and the database on a server that does."""
    folder = config.store.path.parent
    found = [each for each in folder.rglob("*") if each.is_file() and name in each.read_bytes()]
    return [*(each.name for each in found), *_database_that_tells(config, name.decode())]


def _database_that_tells(config: Config, name: str) -> Iterator[str]:
    if config.store.engine == "postgresql":
        with database.reading(config.store) as db:
            assert isinstance(db, PostgreSQL)
            if name in "".join(dumped(db)):
                yield config.store.url


def test_rows_spool_and_consents_go(filled: Config) -> None:
    """What was done is told in figures; nothing is left to find."""
    assert tells(filled)
    done = erase(filled, "ann@EXAMPLE.net")
    assert (done.persons, done.deliveries, done.clicks, done.consents) == (1, 1, 1, 1)
    waiting.for_rewriting(filled, lambda _progress: None)
    assert tells(filled) == []
    assert erase(filled, ANN) == Forgotten()


def test_records_that_were_fed_are_rewritten(config: Config) -> None:
    """In a segment that its writer still holds."""
    with contextlib.closing(Spool.open(config.store.spool_dir, "proxy")) as spool:
        for event in (pending(), accepted(), clicked("c1", ip="192.0.2.0")):
            spool.append(event).result(5)
        catch_up(config)
        done = erase(config, ANN)
        assert (done.spool_records, done.spool_records_left) == (2, 0)
        waiting.for_rewriting(config, lambda _progress: None)
        assert tells(config) == []


def test_what_failed_half_way_can_be_repeated(filled: Config) -> None:
    """Who they are is forgotten last: it leads to the rest."""
    consents = filled.store.path.with_name("waypost.db.consents")
    aside = consents.rename(consents.with_name("aside"))
    consents.mkdir()
    with pytest.raises(IsADirectoryError):
        erase(filled, ANN)
    consents.rmdir()
    aside.rename(consents)
    done = erase(filled, ANN)
    assert (done.persons, done.deliveries, done.consents) == (1, 1, 1)
    waiting.for_rewriting(filled, lambda _progress: None)
    assert tells(filled) == []


@IN_A_FILE
def test_without_a_store_the_files_beside_it_are_erased(config: Config) -> None:
    """By the name alone; no store is made."""
    files.record(config.store.file, ANN, Consent.NONE)
    assert erase(config, ANN) == Forgotten(consents=1)
    assert tells(config) == []
    assert not config.store.path.exists()


@IN_A_FILE
def test_nothing_is_left_in_unused_places_of_the_database(filled: Config) -> None:
    """Not even of what was deleted before without being overwritten, or is in the log that others read."""
    path = filled.store.path
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("CREATE TABLE old AS SELECT 'ann@example.net of old' AS name")
        db.execute("DROP TABLE old")
        db.commit()
    assert tells(filled, b"ann@example.net of old")
    with contextlib.closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        erase(filled, ANN)
        assert rewriting.is_wanted_at(path)
        waiting.for_rewriting(filled, lambda _progress: None)
        assert tells(filled) == []


@IN_A_FILE
def test_who_is_not_known_costs_no_second_file(filled: Config) -> None:
    """Unless somebody died on the way to forgetting them."""
    path = filled.store.path
    erase(filled, "nobody@example.net")
    assert not rewriting.is_wanted_at(path)
    with database.changing(path) as opened:
        rewriting.begin(opened, SENT_S)
    erase(filled, "nobody@example.net")
    assert rewriting.is_wanted_at(path)


def test_clicks_of_the_forgotten_are_rewritten_whoever_died_before(filled: Config) -> None:
    """In the spool a copy is known for theirs by the tombstone, too."""
    with contextlib.closing(Spool.open(filled.store.spool_dir, "tracker")) as busy:
        busy.append(clicked("c2", ip="192.0.2.77")).result(5)
        catch_up(filled)
        with database.changing(filled.store) as opened, opened.transaction():
            opened.db.execute("UPDATE deliveries SET person_id = NULL, address = ''")
            opened.db.execute("DELETE FROM persons")
        erase(filled, ANN)
        assert tells(filled, b"192.0.2.77") == []


@IN_A_FILE
def test_former_stores_are_told(filled: Config) -> None:
    """Nobody looks into them."""
    aside = store_files.set_aside(filled.store.path, "corrupt")
    assert erase(filled, ANN).set_aside == (str(aside),)


def test_what_waits_for_a_webhook_names_nobody(filled: Config) -> None:
    """It is told without the person, once they are forgotten: the outbox has nothing but keys."""
    hook = Subscription("hook", machines=True)
    own = pending("m2", campaign="For ann@example.net", recipients=pending().recipients[:1])
    click = clicked("c2", "m2", user_agent="Ann's browser", ip="192.0.2.0")
    opened = database.open_to_feed(filled.store)
    with opened.transaction():
        events = own, accepted("m2"), click
        feed(opened.db, events, subscriptions=Subscriptions((hook,)))
    opened.close()
    erase(filled, ANN)
    waiting.for_rewriting(filled, lambda _progress: None)
    assert not tells(filled)
    assert not tells(filled, b"Ann's browser")
    with database.changing(filled.store) as store, store.transaction():
        ((event, body),) = queue.take(store.db, hook, 1, now_s=9e9, lease_s=1, most=9)
    told = json.loads(body)["data"]
    assert (told["recipient"], told["person"], told["user_agent"]) == (None, None, "")
    assert b"ann" not in body.lower()
    assert event.id == told["event_id"]
