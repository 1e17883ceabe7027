"""Where the header fields of an entity stand (RFC 5322 §2.2 and §3.6.8, obsolete forms of §4.5).

Owns: the offsets of each field in the raw octets, folding, and where a header block ends.
Does not own: what the values mean (`mime`), or which fields matter (`proxy.policy.headers`,
`proxy.signing.signer`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from proxy.message.limits import MAX_HEADERS


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


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The fields from `start` on. `body_start` is past the empty line that ends them.

    `broken`: a line that is no field ended the block (`body_start` is there), or began it, or
    there were too many fields.
    """

    fields: tuple[Header, ...]
    body_start: int
    broken: bool
    start: int = 0


_NAME = re.compile(rb"([!-9;-~]++)[ \t]*+:")
_FIELD_END = re.compile(rb"\n(?![ \t])")
_FOLD = re.compile(rb"\r?\n")
_MAILBOX_LINE = re.compile(rb">?From [^\n]*\n")


def read_fields(raw: bytes, start: int, ends_at: Callable[[int], bool]) -> HeaderBlock:
    """Read fields from `start` until an empty line, a line that is no field, or the end of `raw`.

    `ends_at(offset)` is asked of each line that begins with two hyphens: true for a delimiter.
    Folded lines that belong to no field are passed over, as mail clients do.
    """
    fields: list[Header] = []
    at, end = _after_stray_lines(raw, start), len(raw)
    stray = at != start
    while at < end:
        name = _NAME.match(raw, at)
        if name is None and (line_end := _empty_line(raw, at)) is not None:
            return HeaderBlock(tuple(fields), line_end, stray, start)
        if raw.startswith(b"--", at) and ends_at(at):
            break
        if name is None or len(fields) == MAX_HEADERS:
            return HeaderBlock(tuple(fields), at, broken=True, start=start)
        value_start = name.end()
        last = _FIELD_END.search(raw, value_start)
        stop = last.end() if last else end
        fields.append(Header(name[1], at, value_start, stop))
        at = stop
    return HeaderBlock(tuple(fields), at, stray, start)


def is_read_differently(raw: bytes, block: HeaderBlock) -> bool:
    """Return whether readers would disagree on what the fields are, though no line is broken.

    White space before a colon (RFC 5322 §4.5.8) is allowed to some, to others the line is none of
    the header's, as it is to Python's `email`. So is what follows a CR that stands alone.
    """
    if any(field.value_start - field.start != len(field.name) + 1 for field in block.fields):
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


def values(raw: bytes, headers: Sequence[Header], name: bytes) -> list[bytes]:
    """Return the unfolded, trimmed values of every field of that name, in order."""
    wanted = name.lower()
    return [
        unfold(raw[value_start:end])
        for name, _, value_start, end in headers
        if name.lower() == wanted
    ]


def values_of(
    raw: bytes, headers: Sequence[Header], names: frozenset[bytes]
) -> dict[bytes, list[bytes]]:
    """Return the unfolded, trimmed values of each of these fields (lower case), in order."""
    found: dict[bytes, list[bytes]] = {name: [] for name in names}
    for header in headers:
        name = header.name.lower()
        if name in found:
            found[name].append(unfold(raw[header.value_start : header.end]))
    return found


def unfold(value: bytes) -> bytes:
    """Undo folding (RFC 5322 §2.2.3) and trim."""
    value = value.strip(b" \t\r\n")
    return _FOLD.sub(b"", value) if b"\n" in value else value


def _empty_line(raw: bytes, at: int) -> int | None:
    if raw.startswith(b"\n", at):
        return at + 1
    return at + 2 if raw.startswith(b"\r\n", at) else None
