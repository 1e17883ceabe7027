"""Codes of short links on several nodes: one code, one link."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tests.support.waiting import until
from tracker.decisions import shared_log
from tracker.minting.short_links import ShortLinks
from tracker.nodes import codes
from tracker.nodes.codes import NoCodes, SharedCodes, registry
from tracker.nodes.connecting import connected
from tracker.sql.errors import ServerError


@pytest.fixture
def store(tmp_path: Path) -> StoreConfig:
    """Return the store of a node."""
    return node(tmp_path, url_of_new_store(), "a").store


def test_a_code_is_known_to_all_before_anybody_holds_it(store: StoreConfig) -> None:
    """Another node finds it at once."""
    with registry(store) as register:
        code = ShortLinks(store.file, register).add("AQ-token")
    with closing(SharedCodes(store)) as elsewhere:
        assert elsewhere.token(code) == "AQ-token"
        assert elsewhere.token("unknown") == ""


def test_a_code_of_another_link_is_not_given_out(store: StoreConfig) -> None:
    """The same link may ask for it again."""
    with closing(SharedCodes(store)) as codes:
        assert codes.register("abc", "one")
        assert codes.register("abc", "one")
        assert not codes.register("abc", "two")


def test_a_connection_that_ended_is_made_anew(store: StoreConfig) -> None:
    """As after a restart of the server."""
    with closing(SharedCodes(store)) as codes:
        assert codes.register("abc", "one")
        with connected(store) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert codes.token("abc") == "one"


def test_without_the_database_no_code_is_given_out(tmp_path: Path) -> None:
    """It might be another's elsewhere; the long link is as good as ever."""
    store = StoreConfig(url=f"postgresql:///w?host={tmp_path}", state=tmp_path)
    with registry(store) as register, pytest.raises(NoCodes, match="without short"):
        ShortLinks(store.file, register).add("AQ-token")
    with pytest.raises(ServerError):
        SharedCodes(store).token("abc")


def test_who_asks_a_database_that_is_silent_keeps_nobody_waiting_for_ever(
    store: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are told, and their threads are free again."""
    monkeypatch.setattr(codes, "PATIENCE_S", 0.1)
    with closing(SharedCodes(store)) as shared, connected(store) as db:
        assert shared.register("abc", "one")
        with db.atomic():
            db.execute("SELECT pg_advisory_xact_lock(:turn)", {"turn": shared_log.TURN})
            first = threading.Thread(target=shared.register, args=("def", "two"))
            first.start()
            until(shared._lock.locked)
            with pytest.raises(NoCodes, match="not answered"):
                shared.register("ghi", "three")
        first.join()
        assert shared.token("def") == "two"


def test_a_claimed_code_is_a_line_of_the_log(store: StoreConfig) -> None:
    """So that all nodes hear it."""
    with registry(store) as register:
        register("abc", "one")
    with connected(store) as db:
        (found,) = shared_log.read(db, "shortlinks", 0, shared_log.latest(db))
    assert found.octets == b"abc one"
