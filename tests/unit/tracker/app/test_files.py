"""The files beside the store, as one process of the tracker knows them."""

from pathlib import Path

import pytest

from config.schema import Config
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tracker.app.files import Files
from tracker.minting.short_links import ShortLinks
from tracker.nodes.codes import registry


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Name a store on one machine."""
    return Config.model_validate({"store": {"url": f"sqlite:///{tmp_path}/waypost.db"}})


def test_a_code_that_another_process_made_is_found(config: Config) -> None:
    """Though nobody has looked at the file since; one that nobody made is not."""
    files = Files.read(config)
    code = ShortLinks.load(config.store.file).add("AQ-token")
    assert files.short_links.token(code) is None
    assert files.find(code) == files.short_links.token(code) == "AQ-token"
    assert files.find("unknown") == ""


def test_a_code_of_our_file_is_not_taken_for_another_nodes(config: Config) -> None:
    """Else nobody would be told where the file loses its line."""
    files = Files.read(config)
    code = ShortLinks.load(config.store.file).add("AQ-token")
    files.learn(code, files.find(code))
    assert not files.short_links._elsewhere


def test_a_code_of_another_node_is_found_and_remembered(tmp_path: Path) -> None:
    """Once its database was asked."""
    url = url_of_new_store()
    here, there = (node(tmp_path / name, url, name) for name in ("here", "there"))
    files = Files.read(here)
    with registry(there.store) as register:
        assert register("abc1234", "AQ-token")
    token = files.find("abc1234")
    assert token == "AQ-token"
    files.learn("abc1234", token)
    assert files.short_links.token("abc1234") == "AQ-token"
    files.close()
