"""The log of what is said to all nodes that share a database, in the order in which it heard it.

Owns: writing down what the log lacks, and reading on from where somebody was.
Does not own: the lines of a machine (`tracker.nodes.lines`), when they are sent and fetched
(`tracker.nodes.sharing`), or the table (`tracker.store.server`).

Lines are told apart by a digest, so that a line may be sent again and again: by its node, by another that
was cloned from it, after a database was restored from an older backup. They are written in turns, so that
the numbers of lines are in the order of their commits: who reads on from a number misses nothing.

What is erased keeps number and digest, so that no node can bring it back, and no octet of its line.
"""

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from tracker.sql.db import Db

CHANNEL = "waypost_shared_log"
"""On which nodes hear that there is more (NOTIFY)."""
TURN = 0x7761_7970_6F73_7401
"""The advisory lock of who writes to the log."""
BATCH = 1000
"""Lines that are written, or read, at once."""

_WRITE = """
    INSERT INTO shared_log (kind, node, line, digest, at_s)
    VALUES (:kind, :node, :line, :digest, extract(epoch FROM clock_timestamp()))
    ON CONFLICT (digest) DO NOTHING
"""
_READ = """
    SELECT seq, digest, line FROM shared_log WHERE kind = :kind AND seq > :seq AND seq <= :upto
    ORDER BY seq LIMIT :limit
"""
_IS_THERE = "SELECT 1 FROM shared_log WHERE seq = :seq AND kind = :kind AND digest = :digest"
_ARE_THERE = "SELECT digest FROM shared_log WHERE digest IN (:digests)"


class Line(NamedTuple):
    """What a node says: a line of a file, and what tells it from all others."""

    digest: bytes
    octets: bytes


class LoggedLine(NamedTuple):
    """A line of the log, by its number there. One that was erased has no octets."""

    seq: int
    digest: bytes
    octets: bytes


def digest_of(kind: str, octets: bytes, number: int = 0) -> bytes:
    """Return what tells a line from all others; `number` is that among equal ones, from 0."""
    return hashlib.sha256(b"%b\0%b\0%d" % (kind.encode(), octets, number)).digest()


def send(db: Db, node: str, kind: str, lines: Collection[Line]) -> None:
    """Write down those of the lines that the log lacks; who listens hears of it. Raises ServerError.

    Within a transaction that is open, or in one of its own.
    """
    with db.atomic():
        db.execute("SELECT pg_advisory_xact_lock(:turn)", {"turn": TURN})
        db.executemany(
            _WRITE,
            [
                {"kind": kind, "node": node, "line": each.octets, "digest": each.digest}
                for each in lines
            ],
        )
        db.execute("SELECT pg_notify(:channel, '')", {"channel": CHANNEL})


def claim(db: Db, node: str, kind: str, line: Line) -> bool:
    """Write down a line that must be the first of its digest; False where another was. Raises ServerError."""
    about = {"kind": kind, "node": node, "line": line.octets, "digest": line.digest}
    with db.atomic():
        db.execute("SELECT pg_advisory_xact_lock(:turn)", {"turn": TURN})
        is_first = db.execute(_WRITE, about).rowcount == 1
        db.execute("SELECT pg_notify(:channel, '')", {"channel": CHANNEL})
    return is_first or find(db, line.digest) == line.octets


def find(db: Db, digest: bytes) -> bytes | None:
    """Return the octets of a line; None where there is none. Raises ServerError."""
    row = db.execute(
        "SELECT line FROM shared_log WHERE digest = :digest", {"digest": digest}
    ).fetchone()
    return row and bytes(row[0])


def number_of(db: Db, digest: bytes) -> int | None:
    """Return the number of a line; None where it is not in the log yet. Raises ServerError."""
    row = db.execute(
        "SELECT seq FROM shared_log WHERE digest = :digest", {"digest": digest}
    ).fetchone()
    return row and int(row[0])


def lacking(db: Db, lines: Iterable[Line]) -> Iterator[Line]:
    """Yield those of the lines that are not in the log, not even erased. Raises ServerError."""
    rest = iter(lines)
    while batch := list(itertools.islice(rest, BATCH)):
        found = db.execute(_ARE_THERE, {"digests": [each.digest for each in batch]})
        there = {bytes(digest) for (digest,) in found}
        yield from (each for each in batch if each.digest not in there)


def latest(db: Db) -> int:
    """Return the number of the last line; 0 where there is none. Raises ServerError."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM shared_log").fetchone()[0])


def read(db: Db, kind: str, after: int, upto: int) -> list[LoggedLine]:
    """Return the next lines of a kind, a batch at most. Raises ServerError."""
    about = {"kind": kind, "seq": after, "upto": upto, "limit": BATCH}
    return [LoggedLine(*row) for row in db.execute(_READ, about)]


def has(db: Db, kind: str, seq: int, digest: bytes) -> bool:
    """Return whether the log has this line, at this place. Raises ServerError."""
    about = {"kind": kind, "seq": seq, "digest": digest}
    return db.execute(_IS_THERE, about).fetchone() is not None


def erase(db: Db, kind: str, goes: Callable[[bytes], bool]) -> None:
    """Leave nothing of lines of a kind but that they were. Raises ServerError."""
    after, upto = 0, latest(db)
    while lines := read(db, kind, after, upto):
        after = lines[-1].seq
        gone = [{"seq": each.seq} for each in lines if each.octets and goes(each.octets)]
        if gone:
            db.executemany("UPDATE shared_log SET line = '' WHERE seq = :seq", gone)
