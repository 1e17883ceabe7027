"""Links that many messages have stand once in a segment, and are found again from any record on."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checks.facts import accepted, clicked, pending
from tests.support.feeding import spooled
from tracker.events import Event, LinkSet, MessagePending, Recipient, SentLink, decode, encode
from tracker.spool import link_sets as link_sets_of_spool
from tracker.spool import open_segment, segments
from tracker.spool.link_sets import LinksApart, LinkSets, SetMissing, WrittenSet, sets_of
from tracker.spool.writer import Spool

NEWSLETTER = tuple(SentLink(n, f"https://example.com/{n}", None, f"Page {n}") for n in range(1, 41))
OTHER = (SentLink(1, "https://example.com/other", None, "Other"),)


def message(number: int, links: tuple[SentLink, ...] = NEWSLETTER) -> MessagePending:
    """Return a message of these links."""
    return pending(f"m{number}", links=links)


def encoded_again(event: Event) -> tuple[bytes, WrittenSet | None]:
    """Return an event as it is written where another message had its links before."""
    apart = LinksApart()
    apart.encoded(event)
    return apart.encoded(event)


def test_links_that_nobody_had_before_stand_in_their_message() -> None:
    """As most mail has links of its own; whoever has them next does not repeat them."""
    apart = LinksApart()
    assert apart.encoded(message(1)) == (encode(message(1)), None)
    assert apart.encoded(message(2, OTHER)) == (encode(message(2, OTHER)), None)
    assert apart.encoded(message(3))[1] is not None


def test_what_utf_8_cannot_hold_is_escaped_in_either() -> None:
    """Half of a pair, as JSON may have brought it."""
    odd = message(1, (SentLink(1, "https://example.com/", None, "\ud800"),))
    assert LinksApart().encoded(odd) == (encode(odd), None)
    _, written = encoded_again(odd)
    assert written is not None
    assert rb"\ud800" in written.record


def test_what_is_too_long_for_one_record_is_two(tmp_path: Path) -> None:
    """Of many recipients and many links, as either may fill a record nearly alone."""
    half = segments.MAX_RECORD_OCTETS * 5 // 8
    links = (SentLink(1, "https://example.com/", None, "x" * half),)
    large = pending("m1", links=links, recipients=(Recipient(1, "y" * half),))
    write(tmp_path, [large])
    (path,) = segments.listing(tmp_path)
    assert [type(each).__name__ for each in told(path)] == ["LinkSet", "MessagePending"]


def test_only_so_many_links_are_known_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then all are taken for new ones, once more."""
    monkeypatch.setattr(link_sets_of_spool, "_KNOWN_AGAIN", 1)
    apart = LinksApart()
    for event in (message(1), message(2, OTHER), message(3)):
        assert apart.encoded(event)[1] is None
    assert apart.encoded(message(4))[1] is not None


def test_a_set_is_written_under_its_name() -> None:
    """What stands in the segment reads as the links, and is called as the message calls it."""
    line, written = encoded_again(message(1))
    assert written is not None
    payload = written.record.partition(b" ")[2].rstrip(b"\n")
    assert decode(payload) == LinkSet(written.name, NEWSLETTER)
    assert decode(line) == replace(message(1), links=(), link_set=written.name)


def write(directory: Path, events: Sequence[Event]) -> None:
    """Write events durably, and end the spool."""
    spool = Spool.open(directory, "proxy")
    for event in events:
        spool.append(event).result(5)
    spool.close()


def told(path: Path) -> list[object]:
    """Return what the lines of a segment tell, as they stand there."""
    return [decode(line[9:]) for line in path.read_bytes().splitlines()]


def test_an_event_without_links_is_written_as_it_is():
    """A click, and a message with nothing but a pixel."""
    for event in (clicked("c1"), accepted(), pending(links=(), opens=True)):
        assert encoded_again(event) == (encode(event), None)


def test_links_of_many_messages_stand_once_in_a_segment(tmp_path: Path):
    """Beside those of the first; and a message is then as short as its readers make it."""
    write(tmp_path, [message(number) for number in range(5)])
    (path,) = segments.listing(tmp_path)
    kinds = [type(each).__name__ for each in told(path)]
    assert kinds == ["MessagePending", "LinkSet"] + 4 * ["MessagePending"]
    assert max(map(len, path.read_bytes().splitlines()[2:])) < 400
    assert spooled(tmp_path) == [message(number) for number in range(5)]


def test_each_set_stands_before_its_first_message(tmp_path: Path):
    """Also where they come in turns, and in one write."""
    events = [message(number, OTHER if number % 2 else NEWSLETTER) for number in range(6)]
    spool = Spool.open(tmp_path, "proxy")
    for future in [spool.append(event) for event in events]:
        future.result(5)
    spool.close()
    assert sum(isinstance(each, LinkSet) for each in told(segments.listing(tmp_path)[0])) == 2
    assert spooled(tmp_path) == events


def test_every_segment_holds_the_sets_of_its_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One segment can be read without the others, which may be deleted."""
    monkeypatch.setattr(open_segment, "MAX_OCTETS", 6000)
    spool = Spool.open(tmp_path, "proxy")
    for number in range(40):
        spool.append(message(number)).result(5)
    spool.close()
    paths = segments.listing(tmp_path)
    assert len(paths) > 2
    begin = [told(path)[0] for path in paths if told(path)]
    assert [each for each in begin if not isinstance(each, LinkSet)] == [message(0)]
    events = [message(number) for number in range(40)]
    assert sorted(spooled(tmp_path), key=str) == sorted(events, key=str)


def test_a_message_is_completed_where_reading_begins_behind_its_set(tmp_path: Path):
    """As after a restart; what stands behind the record is not looked at."""
    write(tmp_path, [message(0), message(0, OTHER), message(1), message(2), message(3, OTHER)])
    (path,) = segments.listing(tmp_path)
    descriptor = segments.open_to_read(path)
    records = segments.read(descriptor, 0, 100_000, finished=True)
    begins = [record.end - len(record.raw) for record in records]
    second, other = (decode(records[index].payload or b"") for index in (4, 6))
    assert not isinstance(second, LinkSet)
    assert not isinstance(other, LinkSet)
    link_sets = LinkSets()
    assert link_sets.complete(second, descriptor, begins[4]) == message(2)
    with pytest.raises(SetMissing):
        link_sets.complete(other, descriptor, begins[5])
    assert link_sets.complete(other, descriptor, begins[6]) == message(3, OTHER)
    os.close(descriptor)


def test_a_damaged_set_is_none(tmp_path: Path):
    """Its messages are not led astray."""
    write(tmp_path, [message(1), message(2)])
    (path,) = segments.listing(tmp_path)
    octets = bytearray(path.read_bytes())
    octets[octets.index(b"\n") + 40] ^= 1
    path.write_bytes(octets)
    descriptor = segments.open_to_read(path)
    assert list(sets_of(descriptor, 0, len(octets))) == []
    os.close(descriptor)


def test_a_set_behind_a_hole_is_found(tmp_path: Path):
    """A hole of blanks where a record should begin, as a power loss may leave one, is no end."""
    write(tmp_path, [clicked("c1"), message(0), message(1), message(2)])
    (path,) = segments.listing(tmp_path)
    descriptor = os.open(path, os.O_RDWR)
    octets = path.read_bytes()
    os.pwrite(descriptor, b" " * 4096 + octets, 0)
    line, _ = encoded_again(message(2))
    before = 4096 + octets.index(segments.frame(line))
    event = decode(line)
    assert isinstance(event, MessagePending)
    assert LinkSets().complete(event, descriptor, before) == message(2)
    os.close(descriptor)
