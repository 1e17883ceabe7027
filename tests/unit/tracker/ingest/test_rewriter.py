"""The store is written anew when that is wanted, and feeding it goes on whether or not that is possible."""

import pytest

from config.schema import Config
from tests.support.feeding import click, click_count, eventually, put, running
from tracker.ingest.ingester import Ingester
from tracker.ingest.rewriter import Rewriter
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.store.database import Store
from tracker.store.file import files, replacement, rewriting
from tracker.store.file.file_store import FileStore


@pytest.fixture
def store(storing: Config) -> Store:
    """Return a store that is to be written anew."""
    opened = FileStore.open(storing.store.path)
    rewriting.end(opened, 1000.0, wanted=True)
    return opened


def test_service_writes_the_store_anew_and_feeds_the_new_one(
    storing: Config, spool: Spool, store: Store
) -> None:
    """What was counted is there, and so is what comes afterwards."""
    store.close()
    put(spool, *range(5))
    before = files.file_id(storing.store.path)
    with running(Ingester(storing)):
        eventually(lambda: not rewriting.is_wanted_at(storing.store.path))
        spool.append(click(7)).result(10)
        eventually(lambda: click_count(storing) == 6)
    assert files.file_id(storing.store.path) != before


def test_what_cannot_be_done_is_tried_again_later(
    storing: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No room: the store stays as it is, and is wanted to be written anew."""
    rewriter = Rewriter(storing.store.path)
    monkeypatch.setattr(replacement, "SPARE_OCTETS", 2**62)
    assert not rewriter.attend(store, lambda: False)
    monkeypatch.setattr(replacement, "SPARE_OCTETS", 0)
    assert not rewriter.attend(store, lambda: False)
    assert rewriting.is_wanted(store.db)
    assert Rewriter(storing.store.path).attend(store, lambda: False)
    store.close()


def test_who_is_changing_the_store_is_not_disturbed(
    storing: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again in the next round; nothing is wrong."""
    monkeypatch.setattr(replacement, "PATIENCE_S", 0.0)
    rewriter = Rewriter(storing.store.path)
    with database.changing(storing.store.path) as opened, opened.transaction():
        assert not rewriter.attend(store, lambda: False)
    assert rewriter.attend(store, lambda: False)
    store.close()


def test_store_that_wants_nothing_is_left_alone(storing: Config, store: Store) -> None:
    """The file stays the same."""
    with store.transaction():
        store.db.execute("DELETE FROM settings")
    assert not Rewriter(storing.store.path).attend(store, lambda: False)
    assert store.is_current()
    store.close()
