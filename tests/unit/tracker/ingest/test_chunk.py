"""Records become events: sets of links are joined, and what is damaged is set aside."""

import os
from pathlib import Path

import pytest

from tests.support.checks.facts import accepted, clicked, pending
from tests.support.feeding import spooled
from tracker.events import MessagePending
from tracker.ingest.chunk import Chunk
from tracker.spool import segments
from tracker.spool.link_sets import LinkSets
from tracker.spool.writer import Spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a segment of a message, another with its links, the acceptance of that, and a click."""
    spool = Spool.open(tmp_path, "proxy")
    for event in (pending("m0"), pending(), accepted(), clicked("c1")):
        spool.append(event).result(5)
    spool.close()
    return segments.listing(tmp_path)[0]


def read(path: Path) -> Chunk:
    """Return all of a segment."""
    descriptor = segments.open_to_read(path)
    records = segments.read(descriptor, 0, 100_000, finished=True)
    chunk = Chunk.read(records, LinkSets(), descriptor)
    os.close(descriptor)
    return chunk


def damage(path: Path, line: int) -> None:
    """Change an octet of a line."""
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line][:20] + b"#" + lines[line][21:]
    path.write_bytes(b"".join(lines))


def test_its_events_are_complete_and_its_end_is_that_of_the_records(path: Path):
    """A set of links is no event."""
    chunk = read(path)
    assert chunk.events() == [pending("m0"), pending(), accepted(), clicked("c1")]
    assert chunk.end == path.stat().st_size
    assert not list(chunk.damaged())


def test_damage_costs_one_record(path: Path):
    """It is set aside as it stands."""
    damage(path, 4)
    chunk = read(path)
    assert chunk.events() == [pending("m0"), pending(), accepted()]
    (line,) = chunk.damaged()
    assert line.kept_octets == path.read_bytes().splitlines(keepends=True)[4]


def test_a_message_whose_set_is_damaged_counts_without_its_links(
    path: Path, logged: list[dict[str, object]]
):
    """Nobody knows what they were; who got it is known."""
    damage(path, 1)
    _, event, *rest = read(path).events()
    assert isinstance(event, MessagePending)
    assert event == pending(links=())
    assert rest == [accepted(), clicked("c1")]
    assert [each["event"] for each in logged] == ["links_lost"]


def test_what_is_set_aside_stands_alone(path: Path, tmp_path: Path):
    """So that it may be put back into the spool as a file."""
    first = Chunk(read(path).lines[:3])
    *_, message = first.set_aside("cannot be fed").lines
    assert [line.record for line in first.set_aside("no").damaged()] == first.records
    assert first.set_aside("no").events() == []
    directory = tmp_path / "again"
    directory.mkdir()
    (directory / path.name).write_bytes(message.kept_octets)
    assert spooled(directory) == [pending()]
