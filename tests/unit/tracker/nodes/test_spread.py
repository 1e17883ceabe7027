"""On how many nodes a decision is in force."""

from pathlib import Path

import pytest

from config.schema import Config, StoreConfig
from tests.support.nodes import exchange, node
from tests.support.postgresql import url_of_new_store
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import decision
from tracker.nodes import spread
from tracker.nodes.connecting import connected

MADE = decision("revoke", "host", "one.test")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody."""
    monkeypatch.setattr(spread, "PATIENCE_S", 0.0)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Config, Config]:
    """Return two nodes that know each other."""
    url = url_of_new_store()
    configs = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    exchange(*configs, rounds=1)
    return configs


def told(config: Config) -> str:
    """Return what is said of a decision."""
    return str(spread.reach(config.store, DECISIONS, MADE))


def test_nodes_that_have_heard_it_are_counted(two: tuple[Config, Config]) -> None:
    """As far as they have said so."""
    one, other = two
    DECISIONS.append(one.store.file, MADE)
    assert told(one).startswith("In force on 0 of 2 nodes; a has not said so yet")
    exchange(one, rounds=1)
    assert told(one) == "In force on 1 of 2 nodes; b has not said so yet."
    exchange(other, rounds=1)
    assert told(one) == "In force on all 2 nodes."


def test_a_silent_node_is_named_with_its_silence(two: tuple[Config, Config]) -> None:
    """Somebody may have to look after it."""
    one, _ = two
    DECISIONS.append(one.store.file, MADE)
    exchange(one, rounds=1)
    with connected(one.store) as db:
        db.execute("UPDATE nodes SET seen_at_s = seen_at_s - 40 WHERE name = 'b'")
    found = spread.reach(one.store, DECISIONS, MADE)
    assert found is not None
    assert not found.is_everywhere
    assert "b has not been heard for 4" in str(found)


def test_without_the_database_nothing_is_said_of_others(tmp_path: Path) -> None:
    """It is in force here."""
    gone = StoreConfig(url=f"postgresql:///w?host={tmp_path}", state=tmp_path)
    found = spread.reach(gone, DECISIONS, MADE)
    assert found is not None
    assert not found.is_everywhere
    assert str(found).startswith("In force here")


def test_one_machine_alone_has_no_nodes(tmp_path: Path) -> None:
    """With a file of SQLite."""
    assert spread.reach(StoreConfig(url=f"sqlite:///{tmp_path}/w.db"), DECISIONS, MADE) is None
