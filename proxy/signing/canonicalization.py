"""The relaxed canonicalisation of DKIM (RFC 6376 §3.4.2, §3.4.4) on raw octets, fast.

Owns: the relaxed form of header fields and body, and which header block cannot be signed. Expects
CRLF line ends throughout.
Does not own: where fields stand (`proxy.message.fields`), which are signed, or the signature
(`signer`).
"""

import re
from collections.abc import Iterable, Iterator

from proxy.message.fields import HeaderBlock, read_fields, read_usual

SHORT_OCTETS = 2 * 1024 * 1024
"""Up to here time counts more than memory."""

PIECE_OCTETS = 64 * 1024
"""Of a body, made relaxed and hashed at a time."""

_END_OCTETS = 1024
"""Of a body, looked at for its last line at a time."""

_SPACES = re.compile(rb"  +")
_WHITE = b" \t\r\n"
_TAB = ord("\t")
_SPACE = ord(" ")

Field = tuple[bytes, bytes]
"""The name of a header field in lower case, and its value as written, which ends with its line end."""


class MalformedHeader(ValueError):
    """The header block holds a line that begins no field and continues none."""


def is_malformed(block: HeaderBlock) -> bool:
    """Return whether signers and verifiers would not agree on the fields of a message's header.

    The `From ` line that mailbox files put before a message is no field to them.
    """
    return block.broken or block.start > 0


def read_header(message: bytes) -> HeaderBlock:
    """Return the header block of a message (CRLF lines). Raises MalformedHeader."""
    block = read_usual(message) or read_fields(message, 0, _no_delimiter)
    if block.broken:
        line = message[block.body_start : block.body_start + 60]
        raise MalformedHeader(f"no header field: {line!r}")
    return block


def relaxed_fields(fields: Iterable[Field]) -> bytes:
    """Return the relaxed form of fields whose names are in lower case, with CRLF between them.

    Their values hold CR and LF where they are folded, and nowhere else.
    """
    text = b"\r\n".join([name + b":" + value.strip(_WHITE) for name, value in fields])
    if text.find(b"\n ") >= 0:
        text = text.replace(b"\r\n ", b" ")
    if _TAB in text:
        text = text.replace(b"\r\n\t", b" ").replace(b"\t", b" ")
    return _SPACES.sub(b" ", text) if text.find(b"  ") >= 0 else text


def relaxed_pieces(message: bytes, start: int) -> Iterator[bytes | memoryview]:
    """Yield the relaxed form of the body that begins at `start`, piece by piece, each of whole lines.

    Each run of white space becomes one space, and goes at the end of a line; empty lines at the end go.
    As it is made in pieces, other threads go on meanwhile, and memory is bounded; what needs no change is not copied.
    """
    end = _end_of_text(message, start)
    if end <= start:
        return
    while end - start > PIECE_OCTETS:
        stop = _piece_end(message, start, end)
        if message.find(b" ", start, stop) < 0 and message.find(b"\t", start, stop) < 0:
            yield memoryview(message)[start:stop]
        else:
            yield _relaxed_lines(message[start:stop])
        start = stop
    if start < end:
        yield _relaxed_lines(message[start:end])
    yield b"\r\n"


def _end_of_text(message: bytes, start: int) -> int:
    """Return where the body ends but for white space and empty lines."""
    end = len(message)
    if message.endswith(b"\r\n") and start < end - 2 and message[end - 3] not in _WHITE:
        return end - 2  # as most do
    while end > start:
        begin = max(start, end - _END_OCTETS)
        text = message[begin:end].rstrip(b"\r\n\t ")
        if text:
            return begin + len(text)
        end = begin
    return end


def _piece_end(message: bytes, start: int, end: int) -> int:
    """Return the end of the last line that ends within a piece; a longer line is a piece by itself.

    There is more than a piece until `end`.
    """
    found = message.rfind(b"\r\n", start, start + PIECE_OCTETS)
    if found < 0:
        found = message.find(b"\r\n", start, end)
    return found + 2 if found >= 0 else end


def _relaxed_lines(lines: bytes) -> bytes:
    if _TAB in lines:
        lines = lines.replace(b"\t", b" ")
    if _SPACE not in lines:
        return lines
    if lines.rfind(b"  ") >= 0:  # from the end, where most have none, it takes half the time
        lines = _single_spaced(lines)
    return lines.replace(b" \r\n", b"\r\n") if lines.rfind(b" \r\n") >= 0 else lines


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
