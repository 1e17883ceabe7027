"""Whether this machine has ever heard what readers agreed to on other nodes."""

from pathlib import Path

import pytest

from config.schema import StoreConfig
from tracker.decisions import heard
from tracker.decisions.files import CONSENTS
from tracker.decisions.heard import NeverHeard


def test_a_file_of_sqlite_has_no_other_nodes(tmp_path: Path) -> None:
    """Nobody else could say anything: nothing is asked for that hearing leaves."""
    store = StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db")
    assert heard.has_heard(store)
    assert not CONSENTS.shared_of(store.file).exists()
    heard.require(store)


def test_a_node_that_never_heard_the_others_is_told_what_to_do(tmp_path: Path) -> None:
    """Also where it has a file of its own: others may have been told more. Once is enough."""
    store = StoreConfig(url="postgresql://w:secret@/w", state=tmp_path, node="a")
    CONSENTS.file_of(store.file).touch()
    with pytest.raises(
        NeverHeard, match=r"waypost\.db\.consents\.shared is missing.*`waypost feed`"
    ) as told:
        heard.require(store)
    assert "secret" not in str(told.value)
    CONSENTS.shared_of(store.file).touch()
    heard.require(store)
