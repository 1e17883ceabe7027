"""Reading the spool a second time: what was counted, in its order, whoever else is at work there."""

import itertools
import threading
import time
from pathlib import Path

import pytest

from config.schema import Config, StreamConfig
from tests.support.checks.facts import LINKS, accepted, pending
from tests.support.feeding import click, put, spool_message
from tracker.events import Clicked, MessagePending, decode, encode
from tracker.ingest.ingester import Ingester
from tracker.spool import segments
from tracker.spool.overwrite import overwrite
from tracker.spool.writer import Spool
from tracker.stream.reader import REMEMBERED_S, Read, Reader, waiting_octets


def clicks(found: list[Read]) -> list[str]:
    """Return the ids of the clicks that were read."""
    return [each.event.event_id for each in found if isinstance(each.event, Clicked)]


def test_what_was_counted_is_read_and_nothing_else(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """From where a reader was on."""
    reader, position = Reader(storing.store.spool_dir), {}
    put(spool, 1, 2)
    assert list(reader.read(position, ingester.fed)) == []
    assert ingester.drain()
    put(spool, 3)
    found = list(reader.read(position, ingester.fed))
    assert clicks(found) == ["e1", "e2"]
    position = {found[0].segment: found[0].end}
    assert clicks(list(reader.read(position, ingester.fed))) == ["e2"]
    assert ingester.drain()
    position = {found[-1].segment: found[-1].end}
    assert waiting_octets(position, ingester.fed) > 0
    (last,) = reader.read(position, ingester.fed)
    assert clicks([last]) == ["e3"]
    assert waiting_octets({last.segment: last.end}, ingester.fed) == 0


def test_a_message_is_read_with_its_links_from_wherever(
    storing: Config, ingester: Ingester
) -> None:
    """Their set stands before the first message that has them."""
    spool = Spool.open(storing.store.spool_dir, "proxy")
    for number in range(3):
        spool.append(pending(f"m{number}")).result(5)
    assert ingester.drain()
    found = list(Reader(storing.store.spool_dir).read({}, ingester.fed))
    after = {found[-2].segment: found[-2].end}
    (last,) = Reader(storing.store.spool_dir).read(after, ingester.fed)
    spool.close()
    assert isinstance(last.event, MessagePending)
    assert last.event.links == LINKS


def test_links_of_what_was_read_are_not_remembered_for_ever(
    storing: Config, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments are kept for a day, and each message of a shop may have links of its own."""
    spool_message(storing, "spring", 1)
    store = storing.model_copy(update={"stream": StreamConfig(keep=3600.0)})
    ingester.configure(store)
    assert ingester.drain()
    assert ingester._link_sets == {}
    reader = Reader(storing.store.spool_dir)
    assert list(reader.read({}, ingester.fed))
    later_s = time.monotonic() + REMEMBERED_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    assert list(reader.read(ingester.fed, ingester.fed)) == []
    assert reader._link_sets == {}
    assert len(list(reader.read({}, ingester.fed))) > 0


def test_damage_is_passed_over(storing: Config, spool: Spool, ingester: Ingester) -> None:
    """It was set aside by who counts."""
    put(spool, 1, 2, 3)
    (segment,) = segments.listing(storing.store.spool_dir)
    octets = segment.read_bytes()
    segment.write_bytes(octets.replace(b'"e2"', b'"eX"'))
    assert ingester.drain()
    found = list(Reader(storing.store.spool_dir).read({}, ingester.fed))
    assert clicks(found) == ["e1", "e3"]
    assert [each.end for each in found][-1] == len(octets)


def test_a_segment_that_is_gone_is_passed_over(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """As one that waited too long."""
    put(spool, 1)
    assert ingester.drain()
    fed = ingester.fed | {"tracker-1790000000-12-00000000000000aa.log": 100}
    assert clicks(list(Reader(storing.store.spool_dir).read({}, fed))) == ["e1"]


def test_a_record_that_is_rewritten_meanwhile_is_not_lost(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """`waypost forget` writes over it while it is read; half of each is no record."""
    put(spool, *range(200))
    assert ingester.drain()
    (segment,) = segments.listing(storing.store.spool_dir)
    stop = threading.Event()
    thread = threading.Thread(target=rewrite_all, args=(segment, stop))
    thread.start()
    try:
        for _ in range(30):
            found = list(Reader(storing.store.spool_dir).read({}, ingester.fed))
            assert clicks(found) == [f"e{number}" for number in range(200)]
    finally:
        stop.set()
        thread.join()


def rewrite_all(segment: Path, stop: threading.Event) -> None:
    """Write records in place of themselves, in half and then as a whole, again and again."""
    with segment.open("r+b", buffering=0) as file:
        records = segments.read(file.fileno(), 0, segments.MAX_RECORD_OCTETS, finished=True)
        for record in itertools.cycle(records):
            if stop.is_set():
                return
            file.seek(record.end - len(record.raw))
            file.write(b"00000000")
            event = decode(record.payload or b"")
            overwrite(file.fileno(), record, encode(event))
            time.sleep(0.002)


@pytest.mark.parametrize("number", [0, 1])
def test_what_stands_in_several_segments_is_read_in_the_order_of_each(
    storing: Config, ingester: Ingester, number: int
) -> None:
    """The older first."""
    spools = [Spool.open(storing.store.spool_dir, role) for role in ("proxy", "tracker")]
    for at in range(6):
        spools[at % 2].append(click(at)).result(5)
    spools[0].append(accepted()).result(5)
    assert ingester.drain()
    found = list(Reader(storing.store.spool_dir).read({}, ingester.fed))
    for each in spools:
        each.close()
    of_one = {each.segment: [] for each in found}
    for each in found:
        of_one[each.segment].append(each)
    assert sorted(map(clicks, of_one.values()))[number] == [f"e{at}" for at in range(number, 6, 2)]
