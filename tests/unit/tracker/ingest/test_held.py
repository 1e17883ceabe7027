"""Counted segments stay for who reads them a second time: so long, and so many of them."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ByteSize

from config.schema import StreamConfig
from tests.support.feeding import metric
from tracker.ingest.held import LOOK_S, Held
from tracker.spool.stream_offset import NAME, StreamOffset

URL = "https://vector.example.com/waypost"


class Clock:
    """A clock that is set."""

    now_s = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


def held(folder: Path, clock: Clock, **stream: object) -> Held:
    """Return what holds the segments of a folder by a configuration."""
    made = Held(folder, clock)
    made.configure(StreamConfig.model_validate(stream, strict=False))
    return made


def test_where_nobody_reads_nothing_is_held(tmp_path: Path, clock: Clock) -> None:
    """As ever."""
    assert not held(tmp_path, clock).is_needed("a", 100)


def test_a_segment_stays_until_all_of_it_was_sent(tmp_path: Path, clock: Clock) -> None:
    """Not half of it."""
    holds = held(tmp_path, clock, url=URL)
    assert holds.is_needed("a", 100)
    StreamOffset({"a": 99}).save(tmp_path)
    clock.now_s += LOOK_S
    assert holds.is_needed("a", 100)
    StreamOffset({"a": 100}).save(tmp_path)
    clock.now_s += LOOK_S
    assert not holds.is_needed("a", 100)


def test_what_was_not_sent_in_time_is_lost_and_said(
    tmp_path: Path, clock: Clock, logged: list[MutableMapping[str, Any]]
) -> None:
    """With its segment, and how much of it."""
    lost = metric("waypost_stream_lost_octets_total")
    holds = held(tmp_path, clock, url=URL, hold="1h")
    StreamOffset({"a": 40}).save(tmp_path)
    assert holds.is_needed("a", 100)
    clock.now_s += 3599
    assert holds.is_needed("a", 100)
    clock.now_s += 1
    assert not holds.is_needed("a", 100)
    assert metric("waypost_stream_lost_octets_total") - lost == 60
    (said,) = logged
    assert (said["event"], said["file"], said["octets"]) == ("stream_lost", str(tmp_path / "a"), 60)


def test_of_what_takes_too_much_room_the_oldest_goes(tmp_path: Path, clock: Clock) -> None:
    """Segments are asked for in the order of their age, and a new one is the last."""
    holds = held(tmp_path, clock, url=URL)
    holds.configure(StreamConfig(url=URL, room=ByteSize(250)))
    assert [holds.is_needed(name, 100) for name in "abc"] == [True, True, True]
    assert not holds.is_needed("a", 100)
    holds.forget("a")
    assert [holds.is_needed(name, 100) for name in "bcd"] == [True, True, True]
    assert not holds.is_needed("b", 100)


def test_a_segment_that_is_larger_than_the_room_goes(tmp_path: Path, clock: Clock) -> None:
    """Though none is older."""
    holds = held(tmp_path, clock, url=URL)
    holds.configure(StreamConfig(url=URL, room=ByteSize(99)))
    assert not holds.is_needed("a", 100)


def test_what_is_kept_for_followers_stays_so_long_whoever_has_it(
    tmp_path: Path, clock: Clock
) -> None:
    """Nothing is lost then: nobody knows of any follower."""
    lost = metric("waypost_stream_lost_octets_total")
    holds = held(tmp_path, clock, keep="1h")
    assert holds.is_needed("a", 100)
    clock.now_s += 3599
    assert holds.is_needed("a", 100)
    clock.now_s += 1
    assert not holds.is_needed("a", 100)
    assert metric("waypost_stream_lost_octets_total") == lost


def test_what_cannot_be_read_tells_of_nothing_more_that_was_sent(
    tmp_path: Path, clock: Clock
) -> None:
    """So the segment stays, as long as it may."""
    (tmp_path / NAME).mkdir()
    assert held(tmp_path, clock, url=URL).is_needed("a", 100)
