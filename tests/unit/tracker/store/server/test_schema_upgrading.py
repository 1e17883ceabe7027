"""A store of an earlier version on a server: one node brings it up to date, and others work as before."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support.checks.catalogue import catalogue, hindrances
from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tests.support.checks.recount import judged_sums, recount, recount_judged
from tests.support.postgresql import cluster
from tracker.reports import summary
from tracker.retention import retention
from tracker.sql.postgresql import PostgreSQL
from tracker.store import database
from tracker.store.database import Store
from tracker.store.rows import seen_once, slots
from tracker.store.server import schema

STEPS = dict(schema.STEPS)
FIRST = "message_ids_by_day"
"""The last step of the first version that had a store on a server."""
EARLIER = list(STEPS)[list(STEPS).index(FIRST) : -1]
"""The last steps of versions that had one."""
PREPARED = 6
"""Times after which a connection has a statement prepared, and its plan kept."""


@pytest.fixture
def place(tmp_path: Path) -> StoreConfig:
    """Return a database with nothing in it."""
    return StoreConfig(url=cluster().url(cluster().new()), state=tmp_path, node="a")


@contextlib.contextmanager
def version(last: str) -> Iterator[None]:
    """Be the version whose last step this is: it knows of no later ones, and asks for none of their tables."""
    known = list(STEPS)[: list(STEPS).index(last) + 1]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schema, "STEPS", {name: STEPS[name] for name in known})
        if "slots_seen_once" not in known:
            patched.setattr(slots, "_OF_CAMPAIGNS", slots._OF_CAMPAIGNS.partition("UNION ALL")[0])
            patched.setattr(seen_once, "numbers", lambda _db, _sets: [])
        yield


def opened(place: StoreConfig) -> Store:
    """Open a store to feed it, as a node does that starts."""
    return database.open_to_feed(place)


def server(store: Store) -> PostgreSQL:
    """Return the connection of a store."""
    assert isinstance(store.db, PostgreSQL)
    return store.db


def feed(store: Store, number: int) -> None:
    """Count a message, and a click on it."""
    message = f"m{number}"
    with store.transaction():
        put(store.db, pending(message), accepted(message), clicked(f"c{number}", message))


@pytest.mark.parametrize("last", EARLIER)
def test_an_upgraded_store_is_like_a_new_one(place: StoreConfig, last: str) -> None:
    """In every column, constraint, index and function."""
    with version(last):
        opened(place).close()
    with contextlib.closing(opened(place)) as upgraded, cluster().lent_store() as new:
        assert schema.pending(upgraded.db) == []
        assert catalogue(server(upgraded)) == catalogue(new)


@pytest.mark.parametrize(("last", "step"), list(itertools.pairwise([*EARLIER, list(STEPS)[-1]])))
def test_a_step_only_adds(place: StoreConfig, last: str, step: str) -> None:
    """So that what earlier versions ask and write goes on to work."""
    with version(last), contextlib.closing(opened(place)) as store:
        before = catalogue(server(store))
    with version(step), contextlib.closing(opened(place)) as store:
        assert list(hindrances(before, catalogue(server(store)))) == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE webhooks DROP COLUMN error",
        "ALTER TABLE webhooks RENAME COLUMN error TO failure",
        "ALTER TABLE webhooks ALTER COLUMN sent TYPE integer",
        "ALTER TABLE webhooks ALTER COLUMN stopped_s SET NOT NULL",
        "ALTER TABLE webhooks ADD COLUMN url text NOT NULL",
        "CREATE UNIQUE INDEX once ON webhooks (error)",
        "ALTER TABLE webhooks ADD CHECK (sent < 9)",
        "DROP TABLE pseudonyms",
        "DROP VIEW clicks_v",
        "DROP INDEX outbox_due",
    ],
)
def test_a_step_that_would_hinder_earlier_versions_is_told(sql: str) -> None:
    """Whatever it takes away, changes or demands; a column that may be left out is none."""
    with cluster().lent_store() as db:
        before = catalogue(db)
        db.execute("ALTER TABLE webhooks ADD COLUMN url text NOT NULL DEFAULT ''")
        db.execute("CREATE TABLE more (id bigint PRIMARY KEY)")
        assert list(hindrances(before, catalogue(db))) == []
        db.execute("ALTER TABLE webhooks DROP COLUMN url")
        db.execute(sql)
        assert list(hindrances(before, catalogue(db))) != []


@pytest.mark.parametrize("last", EARLIER)
def test_a_node_of_an_earlier_version_goes_on_counting(place: StoreConfig, last: str) -> None:
    """Before, while and after another takes the steps, also where it starts anew; no event is counted twice, or lost."""
    with version(last):
        earlier = opened(place)
        for number in range(PREPARED):
            feed(earlier, number)
    later = opened(place)
    for number in range(PREPARED):
        feed(earlier if number % 2 else later, number)
        feed(earlier, PREPARED + number)
        feed(later, 2 * PREPARED + number)
    earlier.close()
    with version(last):
        with contextlib.closing(opened(place)) as again:
            feed(again, 3 * PREPARED)
            assert retention.purge(again, SENT_S - 1).messages == 0
        with database.reading(place) as read:
            theirs = summary.report(read)
    with database.reading(place) as db:
        assert summary.report(db) == theirs == recount(db)
        assert theirs.totals.clicks_all == 3 * PREPARED + 1
        assert judged_sums(db) == recount_judged(db)
    later.close()
