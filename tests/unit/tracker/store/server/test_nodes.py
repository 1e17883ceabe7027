"""What nodes said of themselves last."""

from collections.abc import Iterator

import pytest

from tests.support.postgresql import cluster
from tracker.nodes import registry
from tracker.sql.postgresql import PostgreSQL
from tracker.store.server.nodes import VitalSigns, listing

SIGNS = VitalSigns("1.0", ("feed", "tracker"), 12, 7, 0.25, ("ab", "cd"), "cd", 1)


@pytest.fixture
def db() -> Iterator[PostgreSQL]:
    """Return a database without nodes."""
    with cluster().lent_store() as db:
        yield db


def test_what_a_node_says_is_known_to_all(db: PostgreSQL) -> None:
    """And when it said it."""
    registry.take_name(db, "a", "key of a")
    assert registry.say(db, "a", "key of a", SIGNS)
    (found,) = listing(db)
    assert (found.name, found.said) == ("a", SIGNS)
    assert found.silent_s is not None


def test_a_node_that_never_said_anything_is_listed(db: PostgreSQL) -> None:
    """It took its name, and no more is known."""
    registry.take_name(db, "a", "key of a")
    (found,) = listing(db)
    assert (found.silent_s, found.said) == (None, None)


def test_what_a_later_version_says_is_read_as_far_as_it_is_known(db: PostgreSQL) -> None:
    """Nodes are upgraded one by one."""
    registry.take_name(db, "a", "key of a")
    registry.say(db, "a", "key of a", SIGNS)
    db.execute("UPDATE nodes SET about = replace(about, '{', '{\"more\": 1, ')")
    (found,) = listing(db)
    assert found.said == SIGNS


def test_what_an_earlier_version_does_not_say_is_taken_for_well(db: PostgreSQL) -> None:
    """Nodes are upgraded one by one."""
    registry.take_name(db, "a", "key of a")
    registry.say(db, "a", "key of a", SIGNS)
    db.execute("UPDATE nodes SET about = replace(about, ', \"unreadable\": 1', '')")
    (found,) = listing(db)
    assert found.said is not None
    assert found.said.unreadable == 0
