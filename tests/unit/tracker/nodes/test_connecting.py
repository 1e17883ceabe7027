"""Connections for what nodes say to each other."""

from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tracker.nodes.connecting import connected
from tracker.sql.errors import ServerError


def test_a_connection_ends_with_its_block(tmp_path: Path) -> None:
    """Whatever happens in it."""
    with connected(node(tmp_path, url_of_new_store(), "a").store) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(ServerError):
        db.execute("SELECT 1")


def test_where_nobody_answers_it_is_told(tmp_path: Path) -> None:
    """As any error of a server."""
    store = StoreConfig(url=f"postgresql:///w?host={tmp_path}", state=tmp_path)
    with pytest.raises(ServerError), connected(store):
        pass
