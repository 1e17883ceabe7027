"""What waits in a spool: how much, what cannot be read, what vanished."""

import errno
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.feeding import metric
from tracker.ingest import backlog
from tracker.ingest.backlog import Backlog
from tracker.ingest.trouble import Trouble
from tracker.spool import segments

NAME = "proxy-0000000001-10-00000000000000aa.log"
DENIED = PermissionError(errno.EACCES, "Permission denied")


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """Return a segment of ten octets."""
    path = tmp_path / NAME
    path.write_bytes(b"0123456789")
    return path


@pytest.fixture
def waiting(tmp_path: Path) -> Backlog:
    """Return the backlog of its spool."""
    return Backlog(tmp_path)


def test_segment_that_cannot_be_read_is_tried_now_and_then(
    waiting: Backlog, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less and less often, while it looks the same."""
    assert waiting.is_due(segment)
    now_s = [1000.0]
    monkeypatch.setattr(backlog.time, "monotonic", lambda: now_s[0])
    pauses = []
    for _ in range(8):
        waiting.cannot_be_read(segment, DENIED)
        begun_s = now_s[0]
        while not waiting.is_due(segment):
            now_s[0] += 0.5
        pauses.append(now_s[0] - begun_s)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_segment_that_somebody_has_seen_to_is_tried_at_once(
    waiting: Backlog, segment: Path
) -> None:
    """Its mode, its owner, or all of it has changed; that it grew is no reason."""
    segment.chmod(0o000)
    waiting.cannot_be_read(segment, DENIED)
    segment.write_bytes(b"0123456789 and more")
    assert not waiting.is_due(segment)
    segment.chmod(0o600)
    assert waiting.is_due(segment)
    waiting.cannot_be_read(segment, DENIED)
    assert not waiting.is_due(segment)
    segment.unlink()
    assert waiting.is_due(segment)


def test_each_cause_is_told_once(
    waiting: Backlog, segment: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    """In the log, in the metric, and to others; and that it is over."""
    for error in (DENIED, DENIED, OSError(errno.EIO, "Input/output error")):
        waiting.cannot_be_read(segment, error)
    assert metric("waypost_spool_unreadable_segments") == 1
    assert waiting.trouble("") == Trouble(unreadable={NAME: "Input/output error"})
    waiting.was_read(segment, deleted=False)
    waiting.was_read(segment, deleted=False)
    assert metric("waypost_spool_unreadable_segments") == 0
    assert waiting.trouble("why") == Trouble("why")
    assert [(line["event"], line.get("why")) for line in logged] == [
        ("segment_unreadable", "Permission denied"),
        ("segment_unreadable", "Input/output error"),
        ("segment_read_again", None),
    ]


def test_backlog_is_what_is_not_fed(waiting: Backlog, segment: Path, tmp_path: Path) -> None:
    """Folders count nothing."""
    (tmp_path / NAME.replace("aa", "bb")).mkdir()
    waiting.measure({NAME: 4}, is_ours=True)
    assert metric("waypost_spool_backlog_octets") == 6
    waiting.measure({NAME: 10}, is_ours=True)
    assert metric("waypost_spool_backlog_octets") == 0
    waiting.cannot_be_read(segment, DENIED)
    segment.unlink()
    waiting.measure({}, is_ours=True)
    assert metric("waypost_spool_unreadable_segments") == 0


def test_room_for_events_to_come_is_no_backlog(waiting: Backlog, segment: Path) -> None:
    """Blanks behind the records of a segment."""
    segment.write_bytes(b"0123456789" + b" " * 100_000)
    waiting.measure({NAME: 4}, is_ours=True)
    assert metric("waypost_spool_backlog_octets") == 6
    waiting.measure({NAME: 10}, is_ours=True)
    assert metric("waypost_spool_backlog_octets") == 0


def test_of_a_segment_that_may_not_be_read_its_size_tells(
    waiting: Backlog, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its records end is not known then."""

    def denied(_path: Path) -> int:
        raise DENIED

    monkeypatch.setattr(segments, "open_to_read", denied)
    waiting.measure({NAME: 4}, is_ours=True)
    assert metric("waypost_spool_backlog_octets") == 6


def vanish(waiting: Backlog, segment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it measured with the segment, without it, and once more after the grace."""
    waiting.measure({NAME: 3}, is_ours=True)
    segment.rename(segment.with_name("moved"))
    waiting.measure({NAME: 3}, is_ours=True)
    assert waiting.trouble("").vanished_octets == 0
    monkeypatch.setattr(backlog, "GRACE_S", 0)
    waiting.measure({}, is_ours=True)


def test_what_vanishes_before_it_is_fed_is_told(
    waiting: Backlog,
    segment: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[MutableMapping[str, Any]],
) -> None:
    """Once its writer had time to put it back; for a day, or until somebody does."""
    before = metric("waypost_spool_vanished_octets_total")
    vanish(waiting, segment, monkeypatch)
    waiting.measure({}, is_ours=True)
    assert waiting.trouble("").vanished_octets == 7
    assert metric("waypost_spool_vanished_octets_total") - before == 7
    assert [(line["event"], line["file"], line["octets"]) for line in logged] == [
        ("segment_vanished", str(segment), 7)
    ]
    segment.with_name("moved").rename(segment)
    waiting.measure({}, is_ours=True)
    assert waiting.trouble("").vanished_octets == 0


def test_what_is_moved_back_and_fed_at_once_has_not_vanished(
    waiting: Backlog, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be deleted again before it is measured."""
    vanish(waiting, segment, monkeypatch)
    assert waiting.trouble("").vanished_octets == 7
    waiting.was_read(segment, deleted=True)
    assert waiting.trouble("").vanished_octets == 0


def test_what_vanished_is_not_told_for_ever(
    waiting: Backlog, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metric keeps it."""
    vanish(waiting, segment, monkeypatch)
    assert waiting.trouble("").vanished_octets == 7
    monkeypatch.setattr(backlog, "TOLD_S", 0)
    waiting.measure({}, is_ours=True)
    assert waiting.trouble("").vanished_octets == 0


@pytest.mark.parametrize("how", ["deleted", "put back", "fed by another"])
def test_what_is_fed_or_put_back_has_not_vanished(
    waiting: Backlog, segment: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Segments are deleted once they are fed, and writers put back what was moved away."""
    waiting.measure({}, is_ours=True)
    octets = segment.read_bytes()
    segment.unlink()
    if how == "deleted":
        waiting.was_read(segment, deleted=True)
    waiting.measure({}, is_ours=how != "fed by another")
    if how == "put back":
        segment.write_bytes(octets)
        waiting.measure({}, is_ours=True)
        segment.unlink()
        waiting.was_read(segment, deleted=True)
    monkeypatch.setattr(backlog, "GRACE_S", 0)
    for _ in range(2):
        waiting.measure({}, is_ours=True)
    assert waiting.trouble("") == Trouble()
