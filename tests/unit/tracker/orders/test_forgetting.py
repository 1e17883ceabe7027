"""A person is forgotten: what is waited for before and after."""

from pathlib import Path

import pytest

from config.keys import token_keys
from config.schema import Config
from tests.support.feeding import spool_message
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tracker.ingest.catch_up import Backlog
from tracker.nodes import registry
from tracker.nodes.connecting import connected
from tracker.orders import forgetting
from tracker.orders.forgetting import NotNow


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a configuration with keys and a store of its own."""
    keys = tmp_path / "token.keys"
    token_keys.write_token_keys(keys, [token_keys.new_token_key()])
    url = f"sqlite:///{tmp_path}/waypost.db"
    return Config.model_validate({"keys": {"file": keys}, "store": {"url": url}})


def test_what_the_spool_holds_is_forgotten_too(config: Config) -> None:
    """And the store is written anew before it is said to be done."""
    spool_message(config, "sale", 1)
    told: list[object] = []
    done = forgetting.forget(config, "reader@example.net", told.append)
    assert (done.persons, done.deliveries) == (1, 1)
    assert told != []
    assert b"reader@example.net" not in config.store.path.read_bytes()


def test_nothing_is_erased_before_all_is_counted(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be counted now might bring the person back."""
    backlog = Backlog(10, "the disk is full")
    monkeypatch.setattr(forgetting, "catch_up", lambda *_, **__: backlog)
    with pytest.raises(NotNow, match="the disk is full"):
        forgetting.forget(config, "reader@example.net", lambda _: None)


def unreadable(config: Config) -> Path:
    """Return a folder that is called as a segment."""
    path = config.store.spool_dir / "proxy-0000000001-10-00000000000000aa.log"
    path.mkdir(parents=True)
    return path


def test_a_segment_that_cannot_be_read_is_named_with_what_to_do(config: Config) -> None:
    """To try again is of no use before somebody has seen to it; afterwards it is."""
    spool_message(config, "sale", 1)
    bad = unreadable(config)
    with pytest.raises(NotNow) as told:
        forgetting.forget(config, "reader@example.net", lambda _: None)
    assert f"{bad.name} cannot be read: Is a directory. Nothing is erased before" in str(told.value)
    assert "moved out of the spool" in str(told.value)
    bad.rename(config.store.path.with_name("moved"))
    assert forgetting.forget(config, "reader@example.net", lambda _: None).persons == 1


def test_among_nodes_a_segment_that_cannot_be_read_is_left_to_its_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts nothing of that segment before they are erased from it, on this machine as on others."""
    config = node(tmp_path, url_of_new_store(), "a")
    monkeypatch.setattr(forgetting, "NODES_PATIENCE_S", 0.0)
    with connected(config.store) as db:
        registry.take_name(db, "a", "key of a")
    spool_message(config, "sale", 1)
    unreadable(config)
    done = forgetting.forget(config, "reader@example.net", lambda _: None)
    assert (done.persons, done.nodes_left) == (1, ("a",))


def test_where_there_is_no_store_there_is_nothing_to_write_anew(config: Config) -> None:
    """Nor to erase."""
    assert forgetting.forget(config, "nobody@example.net", lambda _: None).persons == 0


def test_nodes_that_have_not_done_it_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are waited for a little; with a file of SQLite there are none."""
    config = node(tmp_path, url_of_new_store(), "a")
    monkeypatch.setattr(forgetting, "NODES_PATIENCE_S", 0.0)
    with connected(config.store) as db:
        registry.take_name(db, "b", "key of b")
    assert forgetting.forget(config, "ann@example.org", lambda _: None).nodes_left == ("b",)
    with connected(config.store) as db:
        registry.forget(db, "b")
    assert forgetting.forget(config, "ann@example.org", lambda _: None).nodes_left == ()
