"""Where the header fields of an entity stand (RFC 5322 §2.2 and §3.6.8, obsolete forms of §4.5).

Owns: the offsets of each field in the raw octets, folding, and where a header block ends.
Does not own: what the values mean (`mime`), or which fields matter (`proxy.policy.headers`,
`proxy.signing.signer`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from proxy.message.limits import MAX_HEADERS
from proxy.smtp.octets import has_bare_newline

USUAL_OCTETS = 64 * 1024
"""A header up to here is read in one go; a longer one field by field, up to the limit on fields."""

_NAMES_KEPT, _KEPT_FIELDS, _KEPT_OCTETS = 128, 64, 2048
"""An application writes the same fields in each message. So many such lists, of so many names, are kept."""


class Header(NamedTuple):
    """One field: offsets into the raw message, half open.

    `name` is as written, without the white space that obsolete syntax allows before the colon.
    `raw[start:end]` is the whole field with its last line ending; `raw[value_start:end]` begins
    right after the colon.
    """

    name: bytes
    start: int
    value_start: int
    end: int


class HeaderNames:
    """The names of a header's fields, in order: what does not depend on their values.

    `written` are the names as they stand there, `lower` those in lower case, `known` all that occur,
    `places` says for each of these which fields have it. `usual`: they are few and short, so that what
    follows from them may be kept.
    """

    __slots__ = ("known", "lower", "places", "usual", "written")

    def __init__(self, written: tuple[bytes, ...], *, usual: bool = False) -> None:
        self.written = written
        self.usual = usual
        self.lower = tuple([name.lower() for name in written])
        self.places: dict[bytes, list[int]] = {}
        for place, name in enumerate(self.lower):
            self.places.setdefault(name, []).append(place)
        self.known = frozenset(self.places)


class HeaderBlock:
    """The fields from `start` on. `body_start` is past the empty line that ends them.

    `written` are their values as they stand there, with all line ends. `broken`: a line that is no
    field ended the block (`body_start` is there), or began it, or there were too many fields.
    `usual`: `read_usual` has read it.
    """

    __slots__ = ("_fields", "body_start", "broken", "names", "start", "usual", "written")

    def __init__(
        self,
        start: int,
        body_start: int,
        names: HeaderNames,
        written: tuple[bytes, ...],
        *,
        broken: bool = False,
        fields: tuple[Header, ...] | None = None,
    ) -> None:
        """Take the fields with their offsets, or none where they follow one another from `start` on."""
        self.start = start
        self.body_start = body_start
        self.names = names
        self.written = written
        self.broken = broken
        self.usual = fields is None
        self._fields = fields

    @property
    def fields(self) -> tuple[Header, ...]:
        """Where they stand. Of most messages nobody asks."""
        if self._fields is None:
            self._fields = tuple(_one_after_another(self.start, self.names.written, self.written))
        return self._fields

    def values(self, name: bytes) -> list[bytes]:
        """Return the unfolded, trimmed values of every field of that name (lower case), in order."""
        places = self.names.places.get(name)
        return [] if places is None else [unfold(self.written[place]) for place in places]

    def named(self) -> Iterable[tuple[bytes, bytes]]:
        """Return the name of each field in lower case, with its value as it stands there."""
        return zip(self.names.lower, self.written, strict=True)


def _one_after_another(
    start: int, names: Sequence[bytes], written: Sequence[bytes]
) -> Iterator[Header]:
    for name, value in zip(names, written, strict=True):
        value_start = start + len(name) + 1
        end = value_start + len(value)
        yield Header(name, start, value_start, end)
        start = end


# The group that repeats fails before any repeat within it begins: Python before 3.11.5 needs that.
_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:(.*+(?:\n[ \t].*+)*+\n?)")
_USUAL_FIELD = re.compile(rb"^(?!--)([!-9;-~]++):(.*+\n(?:[ \t].*+\n)*+)", re.MULTILINE)
_FIELD_END = re.compile(rb"\n(?![ \t])")
_LF = ord("\n")
_FOLD = re.compile(rb"\r?\n")
_MAILBOX_LINE = re.compile(rb">?From [^\n]*\n")


def read_usual(raw: bytes, start: int = 0, most_octets: int = USUAL_OCTETS) -> HeaderBlock | None:
    """Read fields as nearly all programs write them, in one go; None where `read_fields` has to.

    That is: CRLF, no line that may be a delimiter, none that is no field, nothing on which readers
    differ, not too many fields, and an empty line within `most_octets`.
    """
    end = raw.find(b"\r\n\r\n", start, start + most_octets) + len(b"\r\n")
    found = _USUAL_FIELD.findall(raw, start, end)
    if not 0 < len(found) <= MAX_HEADERS:
        return None
    names, written = zip(*found, strict=True)
    name_octets, values = len(b"".join(names)), b"".join(written)
    if name_octets + len(values) + len(names) != end - start or has_bare_newline(values):
        return None  # octets between them, or lines on whose ends readers differ
    return HeaderBlock(start, end + len(b"\r\n"), _known(names, name_octets), written)


def _known(names: tuple[bytes, ...], octets: int) -> HeaderNames:
    """Return what is known of names that have so many octets together."""
    usual = len(names) <= _KEPT_FIELDS and octets <= _KEPT_OCTETS
    return _remembered(names) if usual else HeaderNames(names)


_remembered = lru_cache(maxsize=_NAMES_KEPT)(partial(HeaderNames, usual=True))


def read_fields(raw: bytes, start: int, ends_at: Callable[[int], bool]) -> HeaderBlock:
    """Read fields from `start` until an empty line, a line that is no field, or the end of `raw`.

    `ends_at(offset)` is asked of each line that begins with two hyphens: true for a delimiter.
    Folded lines that belong to no field are passed over, as mail clients do.
    """
    fields: list[Header] = []
    at, end = _after_stray_lines(raw, start), len(raw)
    stray = at != start
    while at < end:
        field = _FIELD.match(raw, at)
        if field is None and (line_end := _empty_line(raw, at)) is not None:
            return _block(raw, start, fields, line_end, broken=stray)
        if raw.startswith(b"--", at) and ends_at(at):
            break
        if field is None or len(fields) == MAX_HEADERS:
            return _block(raw, start, fields, at, broken=True)
        value_start, stop = field.span(2)
        fields.append(Header(field[1], at, value_start, stop))
        at = stop
    return _block(raw, start, fields, at, broken=stray)


def _block(
    raw: bytes, start: int, fields: Sequence[Header], body_start: int, *, broken: bool
) -> HeaderBlock:
    names = tuple([field.name for field in fields])
    known = _known(names, len(b"".join(names)))
    written = tuple([raw[value_start:end] for _, _, value_start, end in fields])
    return HeaderBlock(start, body_start, known, written, broken=broken, fields=tuple(fields))


def is_read_differently(raw: bytes, block: HeaderBlock) -> bool:
    """Return whether readers would disagree on what the fields are, though no line is broken.

    White space before a colon (RFC 5322 §4.5.8) is allowed to some, to others the line is none of
    the header's, as it is to Python's `email`. So is what follows a CR that stands alone.
    """
    if block.usual:
        return False
    for name, start, value_start, _ in block.fields:
        if value_start - start != len(name) + 1:
            return True
    octets = raw[block.start : block.body_start]
    return octets.count(b"\r") != octets.count(b"\r\n")


def _after_stray_lines(raw: bytes, start: int) -> int:
    if not raw.startswith((b" ", b"\t"), start):
        return start
    last = _FIELD_END.search(raw, start)
    return last.end() if last else len(raw)


def after_mailbox_line(raw: bytes, start: int) -> int:
    """Return the offset after the `From ` line that mailbox files put before a message."""
    line = _MAILBOX_LINE.match(raw, start)
    return line.end() if line else start


def unfold(value: bytes) -> bytes:
    """Undo folding (RFC 5322 §2.2.3) and trim."""
    value = value.strip(b" \t\r\n")
    return _FOLD.sub(b"", value) if _LF in value else value


def _empty_line(raw: bytes, at: int) -> int | None:
    if raw.startswith(b"\n", at):
        return at + 1
    return at + 2 if raw.startswith(b"\r\n", at) else None
