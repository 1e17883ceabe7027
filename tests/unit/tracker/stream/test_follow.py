"""Following what is counted: from any cursor on, nothing twice, nothing left out."""

import contextlib
import itertools
import json
import sqlite3
from typing import Any

import pytest

from config.schema import Config, StreamConfig
from tests.support.feeding import put
from tracker.ingest.ingester import Ingester
from tracker.spool import segments
from tracker.spool.writer import Spool
from tracker.stream.cursor import BadCursor
from tracker.stream.follow import Follower


class Enough(Exception):
    """A follower has nothing more to say now."""


def followed(config: Config, after: str | None = None, told: list[str] | None = None) -> Any:
    """Return what there is to be followed now."""
    said = [] if told is None else told
    found: list[Any] = []
    waited = itertools.count(1)

    def wait(_pause_s: float) -> None:
        if next(waited) > 2:
            raise Enough

    with contextlib.suppress(Enough):
        found.extend(map(json.loads, Follower(config, after, said.append).lines(wait)))
    return found


@pytest.fixture
def keeping(storing: Config) -> Config:
    """Return a configuration that keeps segments for followers."""
    return storing.model_copy(update={"stream": StreamConfig(keep=3600.0)})


def test_any_line_tells_where_to_go_on(keeping: Config) -> None:
    """Through several segments, some of them finished."""
    ingester = Ingester(keeping)
    spools = [Spool.open(keeping.store.spool_dir, "tracker") for _ in range(3)]
    for number in range(9):
        put(spools[number % 3], number)
    spools[0].close()
    ingester.drain()
    every = followed(keeping)
    for at, line in enumerate(every):
        rest = followed(keeping, line["cursor"])
        assert [each["id"] for each in rest] == [each["id"] for each in every[at + 1 :]]
    put(spools[1], 9)
    ingester.drain()
    assert [each["id"] for each in followed(keeping, every[-1]["cursor"])] == ["e9"]
    for each in spools[1:]:
        each.close()
    ingester.close()
    assert len(segments.listing(keeping.store.spool_dir)) == 3


def test_what_is_gone_is_said(keeping: Config) -> None:
    """More of it than was read may be."""
    ingester = Ingester(keeping)
    spool = Spool.open(keeping.store.spool_dir, "tracker")
    put(spool, 1)
    ingester.drain()
    (line,) = followed(keeping)
    spool.close()
    segments.listing(keeping.store.spool_dir)[0].unlink()
    ingester.close()
    said: list[str] = []
    assert followed(keeping, line["cursor"], said) == []
    assert len(said) == 1
    assert "1 segments are gone" in said[0]


def test_a_store_that_cannot_be_read_is_waited_for(keeping: Config, spool: Spool) -> None:
    """It is said once."""
    put(spool, 1)
    ingester = Ingester(keeping)
    ingester.drain()
    ingester.close()
    other = keeping.store.path.with_name("kept")
    keeping.store.path.rename(other)
    with sqlite3.connect(keeping.store.path) as db:
        db.execute("CREATE TABLE others (a)")
    db.close()
    said: list[str] = []
    assert followed(keeping, None, said) == []
    assert len(said) == 1
    keeping.store.path.unlink()
    other.rename(keeping.store.path)
    assert [each["id"] for each in followed(keeping)] == ["e1"]


def test_what_is_no_cursor_is_refused(keeping: Config) -> None:
    """At once."""
    with pytest.raises(BadCursor):
        Follower(keeping, "12", print)
