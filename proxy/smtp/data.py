"""The octets of DATA, in both directions: where they end, what they hold, what must not pass.

Owns: finding <CRLF>.<CRLF> over the borders of chunks, taking transparency dots out and putting
them in (dot-stuffing, RFC 5321 §4.5.2), the limit on size, and the policy on CR and LF standing
alone (RFC 5321 §2.3.8).
Does not own: how bare newlines and the like are found (`octets`), reading from the client
(`proxy.client.connection`), writing to the relay (`proxy.relay.connection`), or what is done with the
message (`proxy.delivery.delivery`).

Only the octets CR LF . CR LF end a message. A server behind us that takes less for the end, such
as LF . LF, could be made to see two messages where we saw one. So a message that holds a line of
one dot for any laxer reading (CR, LF or CRLF as line end, NULs left out) is refused or, where the
operator wants that, its line ends are normalised before dots are put back. Other messages with a
CR or LF standing alone can smuggle nothing, and keep it.

Work is done chunk by chunk in bulk operations, linear in the octets and never line by line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO

from proxy.smtp.octets import FactFinder, Facts, has_bare_newline

CHUNK_OCTETS = 128 * 1024
"""Written at a time; dot-stuffing it takes some 30 µs, so that other sessions go on."""

FINAL_DOT = b".\r\n"
"""The last line of DATA."""

_END = b"\r\n" + FINAL_DOT
_HELD_BACK = len(_END) - 1
_NUL = 0
_DOT_ITSELF = ord(".")
_DOT = b"\r\n."
_LAST_LINE = re.compile(re.escape(_END))
_FEW = 64
"""Lines that begin with a dot: `bytes.rsplit` finds them in a third of the time that `bytes.find` takes, as it looks
for their first octet. Where there are more, `bytes.replace` is sooner done."""
_LONE_DOT = re.compile(rb"[\r\n]\.[\r\n]")
_DOT_BEHIND_NUL = re.compile(rb"\0\.\0*[\r\n]")
"""A server that leaves out NULs may see a lone dot here, which we do not double."""
_ANY_NEWLINE = re.compile(rb"\r\n|\r|\n")


class Refusal(StrEnum):
    """Why a message that was read to its end cannot be taken."""

    TOO_BIG = "too_big"
    BARE_NEWLINE = "bare_newline"
    NO_MEMORY = "no_memory"


@dataclass(slots=True)
class Received:
    """A message at its end: `content` without transparency dots, or the reason to refuse it.

    `facts` are those of a content that is not refused.
    """

    content: bytes
    refusal: Refusal | None
    facts: Facts | None = field(default=None, compare=False)

    def take(self) -> bytes:
        """Return the content, and keep none of it: two copies of 25 MB are one too many."""
        content, self.content = self.content, b""
        return content


class DataReader:
    """Takes chunks until the end of DATA is among them.

    Holds at most `max_octets` plus the last chunk; what is too big is read on and thrown away.
    """

    def __init__(self, max_octets: int, *, normalise: bool = False) -> None:
        self.ended = False
        self.held_octets = 0
        self.refusal: Refusal | None = None
        self.max_octets = max_octets
        self._normalise = normalise
        self._content = BytesIO()  # grows in place; a join at the end would stall all others
        self._pending = b"\r\n"  # as if a line had just ended: DATA may begin with its last line
        self._at_start = True
        self._finder = FactFinder()
        self._bare_newlines = False
        self._nul = False
        self._open_dot = b""
        """The end of the octets so far that may be the start of a _DOT_BEHIND_NUL."""
        self._dot_behind_nul = False
        self._before = b"\r\n"
        self._rest = b""

    def feed(self, chunk: bytes) -> bool:
        """Take the next octets; True when they held the end of the message."""
        pending = self._pending + chunk
        pieces = _split(pending)  # one, but for lines that begin with a dot
        end = _end(pending, pieces)
        if end >= 0:
            # The last line is the only one that begins with a dot, but where one of the message does.
            self._take(pending[: end + 2], doubled=len(pieces) > 2)  # noqa: PLR2004
            self._rest = pending[end + len(_END) :]
            self.ended = True
            return True
        cut = _safe_cut(pending)
        self._take(pending[:cut], doubled=len(pieces) > 1)
        self._pending = pending[cut:]
        return False

    def refuse(self, refusal: Refusal) -> None:
        """Keep nothing of this message any more, but read it to its end. The first reason stays."""
        self.refusal = self.refusal or refusal
        self._content = BytesIO()
        self.held_octets = 0

    def finish(self) -> tuple[Received, bytes]:
        """Return the message, and what came after it; call once, after `feed` returned True."""
        content = self._content.getvalue()
        if self._dot_behind_nul:
            self.refuse(Refusal.BARE_NEWLINE)
            content = b""
        self._content = BytesIO()
        facts = None if self.refusal else self._facts()
        return Received(content, self.refusal, facts), self._rest

    def _facts(self) -> Facts:
        self._finder.bare_newlines = self._bare_newlines and not self._normalise
        return self._finder.found()

    def _take(self, raw: bytes, *, doubled: bool) -> None:
        """Take octets in which a line begins with a dot, or none does."""
        if raw and self.refusal is None:
            self._look_for_bare_newlines(raw)
        if raw and self.refusal is None:
            self._keep(_with_dots(raw, b"\r\n") if doubled else raw)

    def _keep(self, segment: bytes) -> None:
        if self._at_start:
            segment, self._at_start = segment[2:], False
        if self._normalise and self._bare_newlines:
            segment = _ANY_NEWLINE.sub(b"\r\n", segment)
        self._finder.look_but_for_newlines(segment)
        self._content.write(segment)
        self.held_octets += len(segment)
        if self.held_octets > self.max_octets:
            self.refuse(Refusal.TOO_BIG)

    def _look_for_bare_newlines(self, raw: bytes) -> None:
        """`raw` never splits a CRLF, so that every CR and LF standing alone is found."""
        self._bare_newlines = self._bare_newlines or has_bare_newline(raw)
        self._nul = self._nul or _NUL in raw
        visible = raw.translate(None, b"\0") if self._nul else raw
        odd = self._bare_newlines or self._nul
        if odd and not self._normalise and _LONE_DOT.search(self._before + visible):
            self.refuse(Refusal.BARE_NEWLINE)
        self._before = (self._before + visible[-2:])[-2:]
        if self._nul:
            self._look_for_dots_behind_nul(self._open_dot + raw)

    def _look_for_dots_behind_nul(self, raw: bytes) -> None:
        self._dot_behind_nul = self._dot_behind_nul or _DOT_BEHIND_NUL.search(raw) is not None
        dot = b"\0." if raw.rstrip(b"\0").endswith(b"\0.") else b""
        # However many NULs stand at the end, one is as good as all of them.
        self._open_dot = dot + (b"\0" if raw.endswith(b"\0") else b"")


def _with_dots(octets: bytes, replacement: bytes) -> bytes:
    """Return octets with each CRLF and dot replaced."""
    pieces = _split(octets)
    few = len(pieces) <= _FEW
    return replacement.join(pieces) if few else octets.replace(_DOT, replacement)


def _split(octets: bytes) -> list[bytes]:
    """Return octets split at each CRLF and dot, at most at the last _FEW of them.

    One octet is found far sooner, and base64, which most octets of large messages are, has none of it.
    """
    return octets.rsplit(_DOT, _FEW) if _DOT_ITSELF in octets else [octets]


def _end(pending: bytes, pieces: list[bytes]) -> int:
    """Return where the last line of DATA begins in what was split at dots, -1 where it is not there."""
    if len(pieces) > _FEW:
        found = _LAST_LINE.search(pending)
        return -1 if found is None else found.start()
    end = 0
    for piece in pieces[:-1]:
        end += len(piece)
        if pending.startswith(_END, end):
            return end
        end += len(_DOT)
    return -1


def _safe_cut(pending: bytes) -> int:
    """Return how much of `pending` can be worked on: no CRLF or end of DATA straddles the cut."""
    cut = max(0, len(pending) - _HELD_BACK)
    if pending.endswith(b"\r\n", 0, cut):
        return cut - 2
    return cut - 1 if pending.endswith(b"\r", 0, cut) else cut


def stuffed(content: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield `content` as it goes on the wire, final dot included, in chunks; True with the last."""
    end = FINAL_DOT if content.endswith(b"\r\n") or not content else b"\r\n" + FINAL_DOT
    start, size_octets = 0, len(content)
    while size_octets - start > CHUNK_OCTETS:
        stop = start + CHUNK_OCTETS
        # A chunk never ends amid CRLF, so that each can be stuffed by itself.
        stop += content[stop - 1 : stop] == b"\r"
        yield _stuff(content, start, stop), False
        start = stop
    yield _stuff(content, start, size_octets) + end, True


def _stuff(content: bytes, start: int, stop: int) -> bytes:
    at_line_start = start == 0 or content[start - 2 : start] == b"\r\n"
    chunk = _with_dots(content[start:stop], b"\r\n..")
    return b"." + chunk if at_line_start and chunk.startswith(b".") else chunk
