"""What this machine says to all nodes, and what all of them said: files on one side, lines on the other.

Owns: the lines of record files and of short links as the log has them, what tells two apart, and what of
the files was not sent yet.
Does not own: the files (`tracker.records`, `tracker.minting.short_links`), the log
(`tracker.decisions.shared_log`), or when anything is sent or fetched (`sharing`).

A record is sent in the words in which it is written down. Of records that are equal, each has its number:
it is by digest that the log knows a line, and two that are equal in one file are two. A short link is known
by its code alone, so that no two nodes give it out for different links.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from config.schema import StateFile
from tracker.access.files import ACCESS
from tracker.decisions.files import CONSENTS, DECISIONS, FORGOTTEN
from tracker.decisions.shared_log import Line, LoggedLine, digest_of
from tracker.minting import short_links
from tracker.minting.code_file import CodeFile
from tracker.records.live import FileTail
from tracker.records.numbered_file import NumberedFile
from tracker.records.record_file import RecordFile, numbered

CODES = "shortlinks"


@dataclass(frozen=True, slots=True)
class Place:
    """How far a node has read in the log: the last line that it has, of one kind."""

    seq: int = 0
    digest: bytes = b""


START = Place()


class Shared(Protocol):
    """One kind of lines of this machine."""

    kind: str
    place: Place

    def unsent(self) -> list[Line]:
        """Return the lines of the file that the log may lack, as far as is known. Raises OSError."""

    def sent(self, lines: Iterable[Line]) -> None:
        """Remember that the log has these."""

    def everything(self) -> Iterator[Line]:
        """Yield all that this machine knows, from whatever file. Raises OSError."""

    def take(self, lines: Iterable[LoggedLine]) -> None:
        """Keep what the log has beyond our place, durably. Raises OSError."""

    def begin_anew(self, lines: Iterable[LoggedLine]) -> None:
        """Keep exactly what the log has. Raises OSError."""


def kinds_of(state: StateFile) -> tuple[Shared, ...]:
    """Return all that nodes say to each other. Raises OSError."""
    records = (DECISIONS, CONSENTS, ACCESS, FORGOTTEN)
    return (*(Records(each, state) for each in records), Codes(state))


class Records:
    """The records of one kind."""

    def __init__(self, record_file: RecordFile[Any, Any], state: StateFile) -> None:
        self.kind = record_file.name
        self._record_file, self._state = record_file, state
        self._tail = FileTail(record_file.file_of(state), record_file.parse)
        self._shared = NumberedFile(record_file.shared_of(state), _seq_in)
        self._logged: set[bytes] = set()
        self._unsent: list[Line] = []
        self._read: tuple[Any, ...] = ()
        self._seen: Counter[Any] = Counter()
        """What was read of the file, which may be long: what comes on top of it is looked at alone."""
        self.place = START
        for seq, line in self._shared.lines():
            self._note(seq, bytes.fromhex(json.loads(line)["digest"]))

    def unsent(self) -> list[Line]:
        """Return the lines of the file that the log may lack."""
        if self._tail.read():
            records, count = self._tail.lines.records, len(self._read)
            if records[:count] != self._read:
                self._unsent, self._seen, count = [], Counter(), 0
            lines = self._lines(records[count:], self._seen)
            self._unsent += [each for each in lines if each.digest not in self._logged]
            self._read = records
        return self._unsent

    def sent(self, lines: Iterable[Line]) -> None:
        """Remember that the log has these."""
        self._logged |= {each.digest for each in lines}
        self._unsent = [each for each in self._unsent if each.digest not in self._logged]

    def everything(self) -> Iterator[Line]:
        """Yield all records of file, copy and log."""
        return self._lines(self._record_file.merged(self._state).records)

    def take(self, lines: Iterable[LoggedLine]) -> None:
        """Keep what the log has beyond our place."""
        new = list(lines)
        self._shared.append(_numbered(each) for each in new if each.octets)
        for each in new:
            self._note(each.seq, each.digest)

    def begin_anew(self, lines: Iterable[LoggedLine]) -> None:
        """Keep exactly what the log has."""
        there = list(lines)
        self._shared.replace(_numbered(each) for each in there if each.octets)
        self._logged, self.place = set(), START
        for each in there:
            self._note(each.seq, each.digest)

    def _note(self, seq: int, digest: bytes) -> None:
        self._logged.add(digest)
        self.place = max(self.place, Place(seq, digest), key=lambda place: place.seq)

    def _lines(
        self, records: Iterable[object], seen: Counter[object] | None = None
    ) -> Iterator[Line]:
        for record, number in numbered(records, seen):
            octets = self._record_file.adapter.dump_json(record)
            yield Line(digest_of(self.kind, octets, number), octets)


class Codes:
    """The short links. What is kept of a line is its code and token, as their file has it."""

    kind = CODES

    def __init__(self, state: StateFile) -> None:
        self._paths = [of(state) for of in (short_links.file_of, short_links.copy_of)]
        self._file = CodeFile(short_links.file_of(state))
        self._shared = NumberedFile(short_links.shared_of(state), _number_behind)
        self._unsent: list[Line] = []
        self.place = START
        logged = set()
        for seq, line in self._shared.lines():
            code = line.partition(b" ")[0]
            logged.add(code)
            self.place = max(self.place, Place(seq, _digest_of_code(code)), key=lambda at: at.seq)
        self._read(logged)

    def unsent(self) -> list[Line]:
        """Return the lines of the file that the log may lack; most of them it has, by who made them."""
        self._read(set())
        return self._unsent

    def sent(self, lines: Iterable[Line]) -> None:
        """Remember that the log has these."""
        gone = {each.digest for each in lines}
        self._unsent = [each for each in self._unsent if each.digest not in gone]

    def everything(self) -> Iterator[Line]:
        """Yield all codes of file, copy and log."""
        for path in (*self._paths, self._shared.path):
            yield from map(_line_of, CodeFile(path).read_new().links.items())

    def take(self, lines: Iterable[LoggedLine]) -> None:
        """Keep what the log has beyond our place."""
        new = list(lines)
        self._shared.append(_code_line(each) for each in new)
        if new:
            self.place = Place(new[-1].seq, new[-1].digest)

    def begin_anew(self, lines: Iterable[LoggedLine]) -> None:
        """Keep exactly what the log has."""
        there = list(lines)
        self._shared.replace(map(_code_line, there))
        self.place = Place(there[-1].seq, there[-1].digest) if there else START

    def _read(self, logged: set[bytes]) -> None:
        for code, token in self._file.read_new().links.items():
            if code.encode() not in logged:
                self._unsent.append(_line_of((code, token)))


def code_line(code: str, token: str) -> Line:
    """Return the line of a short link."""
    return Line(_digest_of_code(code.encode()), f"{code} {token}".encode())


def _line_of(link: tuple[str, str]) -> Line:
    return code_line(*link)


def _digest_of_code(code: bytes) -> bytes:
    return digest_of(CODES, code, 0)


def _numbered(line: LoggedLine) -> bytes:
    """Return a record's line with its number and digest, which who reads the record takes no notice of."""
    return b'{"seq":%d,"digest":"%b",%b' % (
        line.seq,
        line.digest.hex().encode(),
        line.octets.removeprefix(b"{"),
    )


def _seq_in(line: bytes) -> int | None:
    try:
        said = json.loads(line)
        bytes.fromhex(said["digest"])
        return int(said["seq"])
    except (ValueError, KeyError, TypeError):
        return None


def _code_line(line: LoggedLine) -> bytes:
    return b"%b %d" % (line.octets, line.seq)


def _number_behind(line: bytes) -> int | None:
    parts = line.split()
    return int(parts[2]) if len(parts) == 3 and parts[2].isdigit() else None  # noqa: PLR2004 - see `_code_line`
