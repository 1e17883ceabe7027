"""The log of what is said to all nodes."""

import contextlib
import threading
from collections.abc import Iterator

import pytest

from tests.support.postgresql import cluster, url_of_new_store
from tracker.decisions import shared_log
from tracker.decisions.shared_log import BATCH, Line
from tracker.sql.postgresql import PostgreSQL, connect


@pytest.fixture
def db() -> Iterator[PostgreSQL]:
    """Return a database whose log is empty."""
    with cluster().lent_store() as db:
        yield db


def line(number: int) -> Line:
    """Return a line that no other equals."""
    return Line(number.to_bytes(32, "big"), b"line %d" % number)


def test_what_was_sent_is_read_in_its_order(db: PostgreSQL) -> None:
    """Of one kind, from where somebody was."""
    shared_log.send(db, "a", "overrides", [line(1), line(2)])
    shared_log.send(db, "b", "consents", [line(3)])
    upto = shared_log.latest(db)
    first, second = shared_log.read(db, "overrides", 0, upto)
    assert (first[1:], second[1:]) == (line(1), line(2))
    assert shared_log.read(db, "overrides", first.seq, upto) == [second]
    assert shared_log.read(db, "overrides", second.seq, upto) == []


def test_a_line_is_in_it_once(db: PostgreSQL) -> None:
    """Whoever sends it again."""
    shared_log.send(db, "a", "overrides", [line(1), line(2)])
    shared_log.send(db, "b", "overrides", [line(2), line(1), line(3)])
    found = shared_log.read(db, "overrides", 0, shared_log.latest(db))
    assert [each.octets for each in found] == [line(number).octets for number in (1, 2, 3)]


def test_it_is_known_which_lines_it_lacks(db: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of however many, with few questions; what was erased is known."""
    lines = [line(number) for number in range(BATCH + 5)]
    shared_log.send(db, "a", "overrides", [lines[2], lines[BATCH + 1]])
    shared_log.erase(db, "overrides", lambda octets: octets == lines[2].octets)
    ask, asked = db.execute, []
    monkeypatch.setattr(db, "execute", lambda *about: (asked.append(about), ask(*about))[1])
    lacking = list(shared_log.lacking(db, lines))
    assert lacking == [each for each in lines if each not in (lines[2], lines[BATCH + 1])]
    assert len(asked) == 2


def test_it_is_known_whether_it_is_the_log_that_was_read(db: PostgreSQL) -> None:
    """By a line at its place."""
    shared_log.send(db, "a", "overrides", [line(1)])
    (found,) = shared_log.read(db, "overrides", 0, shared_log.latest(db))
    assert shared_log.has(db, "overrides", found.seq, found.digest)
    assert not shared_log.has(db, "overrides", found.seq, line(2).digest)
    assert not shared_log.has(db, "overrides", found.seq + 1, found.digest)


def test_what_was_erased_does_not_come_back(db: PostgreSQL) -> None:
    """Its number and digest stay, for those who have heard it."""
    shared_log.send(db, "a", "consents", [line(1), line(2)])
    found, other = shared_log.read(db, "consents", 0, shared_log.latest(db))
    shared_log.erase(db, "consents", lambda octets: octets == line(1).octets)
    shared_log.send(db, "b", "consents", [line(1)])
    after = shared_log.read(db, "consents", 0, shared_log.latest(db))
    assert after == [found._replace(octets=b""), other]


def test_who_reads_on_misses_nothing_that_others_write_at_once() -> None:
    """Numbers are in the order of commits."""
    url, read, done = url_of_new_store(), [], threading.Event()

    def write(first: int) -> None:
        with contextlib.closing(connect(url)) as db:
            for number in range(first, first + 50):
                shared_log.send(db, str(first), "overrides", [line(number)])

    def follow() -> None:
        after = 0
        with contextlib.closing(connect(url)) as db:
            while not (done.is_set() and after == shared_log.latest(db)):
                for each in shared_log.read(db, "overrides", after, shared_log.latest(db)):
                    read.append(each.digest)
                    after = each.seq

    writers = [threading.Thread(target=write, args=(1000 * number,)) for number in range(3)]
    reader = threading.Thread(target=follow)
    for each in (reader, *writers):
        each.start()
    for each in writers:
        each.join()
    done.set()
    reader.join()
    assert len(read) == len(set(read)) == 150


def test_long_logs_are_read_in_batches(db: PostgreSQL) -> None:
    """Nobody holds all of it in memory at once."""
    shared_log.send(db, "a", "overrides", [line(number) for number in range(BATCH + 1)])
    upto = shared_log.latest(db)
    batch = shared_log.read(db, "overrides", 0, upto)
    assert len(batch) == BATCH
    assert len(shared_log.read(db, "overrides", batch[-1].seq, upto)) == 1


def test_who_listens_hears_of_it() -> None:
    """At once, not at the next poll."""
    url = url_of_new_store()
    with contextlib.closing(connect(url)) as one, contextlib.closing(connect(url)) as other:
        one.listen(shared_log.CHANNEL)
        assert not one.wait_for_notice(0)
        shared_log.send(other, "b", "overrides", [line(1)])
        assert one.wait_for_notice(20)
