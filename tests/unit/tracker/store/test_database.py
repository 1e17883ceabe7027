"""The store of a configuration, whichever engine holds it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support.checks.facts import accepted, clicked, pending, put
from tests.support.postgresql import cluster
from tracker.reports import summary
from tracker.sql.errors import DatabaseErrors
from tracker.store import database
from tracker.store.database import StoreError


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StoreConfig:
    """Return where a store is that is not there yet."""
    if request.param == "sqlite":
        return StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db")
    return StoreConfig(url=cluster().url(cluster().new()), state=tmp_path, node="here")


@pytest.fixture
def made(place: StoreConfig) -> Iterator[StoreConfig]:
    """Return where an empty store is."""
    database.open_to_feed(place).close()
    return place


def test_what_was_fed_is_read(made: StoreConfig) -> None:
    """By whoever opens it next."""
    opened = database.open_to_feed(made)
    put(opened.db, pending(), accepted(), clicked("c"))
    opened.close()
    with database.reading(made) as db:
        assert summary.report(db).totals.clicks_all == 1


def test_all_answers_are_of_one_moment(made: StoreConfig) -> None:
    """Whatever is fed meanwhile."""
    opened = database.open_to_feed(made)
    with database.reading(made) as db:
        before = db.execute("SELECT count(*) FROM messages").fetchone()
        put(opened.db, pending(), accepted())
        assert db.execute("SELECT count(*) FROM messages").fetchone() == before
    opened.close()


def test_whoever_reads_writes_nothing(made: StoreConfig) -> None:
    """Not even by mistake."""
    with pytest.raises(StoreError, match="read"), database.reading(made) as db:
        db.execute("DELETE FROM campaigns")


def test_how_far_segments_were_fed_is_known(made: StoreConfig) -> None:
    """As long as they are not forgotten."""
    opened = database.open_to_feed(made)
    with opened.transaction():
        opened.set_offset("a.log", 5)
        opened.set_offset("a.log", 7)
        opened.set_offset("b.log", 9)
    assert (opened.offset("a.log"), opened.offset("c.log")) == (7, 0)
    opened.forget_segments({"b.log"})
    assert opened.offsets() == {"a.log": 7}
    with database.reading(made) as db:
        assert database.fed(made, db) == {"a.log": 7}
    opened.close()


def test_a_watermark_rises_or_is_set(made: StoreConfig) -> None:
    """One that is higher stays, unless it is set."""
    opened = database.open_to_feed(made)
    with opened.transaction():
        for value in (3.5, 5.25, 4.0):
            database.raise_watermark(opened.db, "known_time_s", value)
    assert database.watermark(opened.db, "known_time_s") == 5.25
    with opened.transaction():
        database.set_watermark(opened.db, "known_time_s", 1.0)
    assert database.watermark(opened.db, "known_time_s") == 1.0
    assert database.watermark(opened.db, "rewrite_begun_s") == 0.0
    opened.close()


def test_what_a_failing_change_wrote_is_gone(made: StoreConfig) -> None:
    """And what was before it is not."""
    with database.changing(made) as opened:
        with contextlib.suppress(LookupError), opened.transaction():
            database.set_watermark(opened.db, "known_time_s", 1.0)
            raise LookupError
        assert database.watermark(opened.db, "known_time_s") == 0.0


def test_nothing_is_changed_where_there_is_no_store(place: StoreConfig) -> None:
    """It is made by whoever feeds it."""
    with pytest.raises((StoreError, *DatabaseErrors)), database.changing(place):
        pass


def test_a_store_is_called_by_its_file_or_by_its_url_without_the_password(tmp_path: Path) -> None:
    """To people, and in the log."""
    file = StoreConfig(url=f"sqlite:///{tmp_path}/a.db")
    server = StoreConfig(url="postgresql://me:secret@[::1]/waypost", state=tmp_path)
    assert database.called(file) == f"{tmp_path}/a.db" == database.called(file.path)
    assert "secret" not in database.called(server)
    assert database.called(server).endswith("@[::1]/waypost")
