"""The relaxed canonicalisation of DKIM (RFC 6376 §3.4.2, §3.4.4) on raw octets, fast.

Owns: the relaxed form of header fields and body, and which header block cannot be signed. Expects
CRLF line ends throughout.
Does not own: where fields stand (`proxy.message.fields`), which are signed, or the signature
(`signer`).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from proxy.message.fields import HeaderBlock, read_fields

SHORT_OCTETS = 2 * 1024 * 1024
"""Up to here time counts more than memory."""

PIECE_OCTETS = 64 * 1024
"""Of a body, made relaxed and hashed at a time."""


_SPACES = re.compile(rb"  +")


class Field(NamedTuple):
    """One header field: its name in lower case, its value as written, its half-open raw span."""

    name: bytes
    value: bytes
    start: int
    end: int

    def relaxed(self) -> bytes:
        """Return the field as it is hashed, without the final CRLF."""
        return self.name + b":" + relaxed_value(self.value)


class MalformedHeader(ValueError):
    """The header block holds a line that begins no field and continues none."""


def fields_of(raw: bytes, block: HeaderBlock) -> list[Field]:
    """Return the fields of a header block that was read before, in order."""
    return [
        Field(name.lower(), raw[value_start:end], start, end)
        for name, start, value_start, end in block.fields
    ]


def is_malformed(block: HeaderBlock) -> bool:
    """Return whether signers and verifiers would not agree on the fields of a message's header.

    The `From ` line that mailbox files put before a message is no field to them.
    """
    return block.broken or block.start > 0


def read_header(message: bytes) -> HeaderBlock:
    """Return the header block of a message (CRLF lines); raises MalformedHeader."""
    block = read_fields(message, 0, _no_delimiter)
    if block.broken:
        line = message[block.body_start : block.body_start + 60]
        raise MalformedHeader(f"no header field: {line!r}")
    return block


def relaxed_value(value: bytes) -> bytes:
    """Unfold a field's value, make each run of white space one space, strip the ends."""
    unfolded = value.translate(None, b"\r\n").replace(b"\t", b" ")
    return b" ".join(filter(None, unfolded.split(b" ")))


def relaxed_body(body: bytes) -> bytes:
    """Make each run of white space one space, drop it at line ends, drop empty lines at the end."""
    return b"".join(relaxed_pieces(body, 0))


def relaxed_pieces(message: bytes, start: int) -> Iterator[bytes | memoryview]:
    """Yield the relaxed form of the body that begins at `start`, piece by piece, each of whole lines.

    So other threads go on meanwhile, and memory is bounded; what needs no change is not copied.
    """
    end = _end_of_text(message, start)
    if end <= start:
        return
    whole = memoryview(message)
    while start < end:
        stop = _piece_end(message, start, end)
        if message.find(b" ", start, stop) < 0 and message.find(b"\t", start, stop) < 0:
            yield whole[start:stop]
        else:
            yield _relaxed_lines(message[start:stop])
        start = stop
    yield b"\r\n"


def _end_of_text(message: bytes, start: int) -> int:
    """Return where the body ends but for white space and empty lines."""
    end = len(message)
    while end > start:
        begin = max(start, end - PIECE_OCTETS)
        text = message[begin:end].rstrip(b"\r\n\t ")
        if text:
            return begin + len(text)
        end = begin
    return end


def _piece_end(message: bytes, start: int, end: int) -> int:
    """Return the end of the last line that ends within a piece; a longer line is a piece by itself."""
    if end - start <= PIECE_OCTETS:
        return end
    found = message.rfind(b"\r\n", start, start + PIECE_OCTETS)
    if found < 0:
        found = message.find(b"\r\n", start, end)
    return found + 2 if found >= 0 else end


def _relaxed_lines(lines: bytes) -> bytes:
    if b"\t" in lines:
        lines = lines.replace(b"\t", b" ")
    if b"  " in lines:
        lines = _single_spaced(lines)
    return lines.replace(b" \r\n", b"\r\n")


def _single_spaced(text: bytes) -> bytes:
    """Make each run of spaces one; those at the very end may go.

    The regular expression takes a fraction of the time, and many times the memory where runs are
    dense. Each round of the other way halves every run.
    """
    if len(text) <= SHORT_OCTETS:
        return _SPACES.sub(b" ", text)
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _no_delimiter(_offset: int) -> bool:
    return False
