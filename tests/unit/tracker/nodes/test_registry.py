"""The table of nodes: names that are taken, who speaks for whom, and nodes that are given up."""

from collections.abc import Iterator

import pytest

from tests.support.postgresql import cluster
from tracker.nodes import registry
from tracker.nodes.registry import NameTaken
from tracker.sql.postgresql import PostgreSQL
from tracker.store.server.nodes import VitalSigns

SIGNS = VitalSigns("1.0", ("feed", "tracker"), 12, 7, 0.25, ("ab", "cd"), "cd")


@pytest.fixture
def db() -> Iterator[PostgreSQL]:
    """Return a database without nodes."""
    with cluster().lent_store() as db:
        yield db


def test_a_name_is_for_the_machine_that_took_it_first(db: PostgreSQL) -> None:
    """Another hears what to do; the same may come back."""
    registry.take_name(db, "a", "key of a")
    registry.take_name(db, "a", "key of a")
    with pytest.raises(NameTaken, match=r"delete node\.key .* waypost nodes forget a"):
        registry.take_name(db, "a", "key of its clone")


def test_nobody_speaks_for_another(db: PostgreSQL) -> None:
    """Nor for a node that was given up."""
    registry.take_name(db, "a", "key of a")
    assert not registry.say(db, "a", "key of its clone", SIGNS)
    assert registry.forget(db, "a")
    assert not registry.say(db, "a", "key of a", SIGNS)
    assert not registry.forget(db, "a")


def test_what_a_lost_node_had_to_do_goes_with_it(db: PostgreSQL) -> None:
    """Nobody else can do it."""
    registry.take_name(db, "a", "key of a")
    db.execute("INSERT INTO tasks (node, kind, about, at_s) VALUES ('a', 'forget', '{}', 0)")
    registry.forget(db, "a")
    assert db.execute("SELECT count(*) FROM tasks").fetchone() == (0,)


def test_our_clock_is_compared_with_the_databases(
    db: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In seconds that ours is ahead."""
    here_s = registry.time.time()
    monkeypatch.setattr(registry.time, "time", lambda: here_s + 3600)
    assert registry.clock_distance_s(db) > 3000
