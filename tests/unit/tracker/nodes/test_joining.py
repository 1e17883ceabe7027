"""A service that starts where its name may be taken."""

from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tracker.nodes.joining import join
from tracker.nodes.key import key_file
from tracker.nodes.registry import NameTaken


def test_a_second_machine_of_one_name_is_refused(tmp_path: Path) -> None:
    """The first may start again and again."""
    url = url_of_new_store()
    one, other = (node(tmp_path / folder, url, "a").store for folder in ("one", "other"))
    for _ in range(2):
        join(one)
    with pytest.raises(NameTaken):
        join(other)


def test_without_the_database_a_service_starts(tmp_path: Path) -> None:
    """Redirects and mail do not wait for it."""
    join(StoreConfig(url=f"postgresql:///w?host={tmp_path}", state=tmp_path, node="a"))


def test_with_a_file_of_sqlite_there_is_nobody_to_join(tmp_path: Path) -> None:
    """Nor is anything made for that."""
    store = StoreConfig(url=f"sqlite:///{tmp_path}/w.db")
    join(store)
    assert not key_file(store).exists()
