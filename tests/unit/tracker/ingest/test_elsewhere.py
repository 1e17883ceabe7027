"""What figures lack that waits on other nodes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.schema import StoreConfig
from tests.support.checks.facts import in_memory
from tests.support.postgresql import cluster
from tracker.ingest.elsewhere import LATE_S, MUCH_OCTETS, Elsewhere, elsewhere
from tracker.nodes import registry
from tracker.sql.postgresql import PostgreSQL
from tracker.store.server.nodes import VitalSigns

OURS = StoreConfig(url="postgresql:///w", node="a")
SIGNS = VitalSigns("1.0", ("tracker",), 0, 0, 0.0)


@pytest.fixture
def db() -> Iterator[PostgreSQL]:
    """Return a database of two nodes, of which nothing is known."""
    with cluster().lent_store() as db:
        for name in "ab":
            registry.take_name(db, name, f"key of {name}")
        yield db


def say(db: PostgreSQL, name: str, ago_s: float = 0, **said: object) -> None:
    """Have a node say something some seconds ago."""
    registry.say(db, name, f"key of {name}", replace(SIGNS, **said))  # type: ignore[arg-type]
    db.execute(
        "UPDATE nodes SET seen_at_s = seen_at_s - :ago WHERE name = :name",
        {"ago": ago_s, "name": name},
    )


def test_nodes_that_count_what_comes_to_them_are_not_named(db: PostgreSQL) -> None:
    """Nor is this node itself, for which a report waits."""
    say(db, "a", ago_s=99, backlog_octets=2 * MUCH_OCTETS)
    say(db, "b", backlog_octets=1000)
    assert elsewhere(db, OURS) == Elsewhere()


def test_a_node_with_much_to_count_is_named(db: PostgreSQL) -> None:
    """As one that comes back after an hour."""
    say(db, "b", backlog_octets=3_000_000)
    told = Elsewhere(3_000_000, ("Not counted yet: 3000000 octets of the spool of b",))
    assert elsewhere(db, OURS) == told


def test_a_node_that_is_not_heard_is_named_with_what_waited_there_then(db: PostgreSQL) -> None:
    """What it has taken since, nobody knows."""
    say(db, "b", ago_s=40)
    (sentence,) = elsewhere(db, OURS).sentences
    assert sentence == "Not counted: what b may have taken since it was last heard, 40 s ago"
    say(db, "b", ago_s=LATE_S + 1, backlog_octets=500)
    found = elsewhere(db, OURS)
    assert found.octets == 500
    assert found.sentences[0].endswith("16 s ago, and 500 octets of its spool that waited then")


def test_a_node_that_was_never_heard_is_named(db: PostgreSQL) -> None:
    """It took its name, and what it does nobody knows."""
    (sentence,) = elsewhere(db, OURS).sentences
    assert sentence == "Not counted: what b may have taken, which has never been heard"


def test_a_node_that_cannot_read_its_spool_is_named(db: PostgreSQL) -> None:
    """However little it is."""
    say(db, "b", backlog_octets=7, unreadable=1)
    (sentence,) = elsewhere(db, OURS).sentences
    assert sentence == "Not counted yet: 7 octets of the spool of b (1 segments cannot be read)"


def test_a_file_of_sqlite_has_no_other_nodes() -> None:
    """Nothing is asked."""
    assert elsewhere(in_memory(), StoreConfig()) == Elsewhere()
