"""Finding the body parts of a message in one pass over its octets (RFC 2046 §5).

Owns: delimiter lines, nesting, and what an entity inherits from those around it. Reads as mail
clients do where they agree (a missing closing boundary, padding after one); where they would not
agree, parts are given with a reason to skip them. Linear in the size of the message and bounded by
`limits`, whatever the octets are.
Does not own: header blocks (`fields`), the values of MIME fields (`mime`).
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from proxy.message import fields
from proxy.message.entity import MULTIPART_SKIPS, EntityFacts, header_steps
from proxy.message.fields import HeaderBlock, read_usual
from proxy.message.limits import (
    MAX_HEADERS,
    MAX_HYPHEN_LINES,
    MAX_NEAR_BOUNDARIES,
    MAX_NESTING,
    MAX_PARTS,
)
from proxy.message.model import Message, Part, Skip
from proxy.message.usual_structure import usual_parts
from proxy.message.work_budget import spend
from proxy.smtp.octets import Facts, Octets


def read(raw: bytes, facts: Facts | None = None) -> Message:
    """Find the fields and parts of a message. Never raises; CRLF and lone LF both end lines."""
    octets = Octets(raw, facts)
    block = read_usual(raw)
    if block is not None:
        spend(header_steps(block.body_start))
        entity = EntityFacts.read(block)
        if (parts := usual_parts(raw, block, entity)) is not None:
            return Message(raw, block, entity.kind.value, parts, None, octets)
    return _Walk(raw).message(block, octets)


_CR = 13
_find_hyphen_line = re.compile(rb"\n--").search  # in lines of usual length twice as fast as `find`
_WINDOW_OCTETS = 16_384
_TEXT = "text/plain"
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})


class _Context(NamedTuple):
    """What an entity inherits from those around it. `whole`: it is a message, not a body part."""

    path: str
    depth: int
    skip: Skip | None
    default_type: str
    whole: bool


@dataclass(slots=True)
class _Level:
    """An open multipart, with what its body parts inherit.

    `first` is the number of the first of its parts. `encoded`: it says that it is base64 or
    quoted-printable, which is not allowed (RFC 2045 §6.4); readers take no notice of it.
    """

    boundary: bytes
    inherited: _Context
    leaf: Part
    first: int
    encoded: bool
    count: int = 0

    def next_child(self) -> _Context:
        self.count += 1
        ours = self.inherited
        path = f"{ours.path}.{self.count}" if ours.path else str(self.count)
        return _Context(path, ours.depth, ours.skip, ours.default_type, whole=False)


class _Delimiter(NamedTuple):
    """A delimiter line. `content_end` is before the line ending that belongs to it."""

    content_end: int
    line_end: int
    level: int
    closing: bool


class _Walk:
    """One pass over the raw octets, front to back, with the open multiparts as a stack."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.parts: list[Part] = []
        self.levels: list[_Level] = []
        self.marks: dict[bytes, tuple[int, bool]] = {}
        self.openings: tuple[bytes, ...] = ()
        self.near_misses = 0
        self.hyphen_lines = 0
        self.skip: Skip | None = None

    def message(self, block: HeaderBlock | None, octets: Octets) -> Message:
        if block is None:
            block = self._message_fields(0)
        self.skip = _broken(self.raw, block)
        kind = EntityFacts.read(block).kind
        self._entities(block)
        if self.skip is not None:
            self.parts = [part._replace(skip=part.skip or self.skip) for part in self.parts]
        return Message(self.raw, block, kind.value, tuple(self.parts), self.skip, octets)

    def _fields(self, start: int) -> HeaderBlock:
        block = fields.read_fields(self.raw, start, self._is_delimiter)
        spend(header_steps(block.body_start - start))
        return block

    def _message_fields(self, start: int) -> HeaderBlock:
        return self._fields(fields.after_mailbox_line(self.raw, start))

    def _entities(self, block: HeaderBlock) -> None:
        """Read entity after entity: each delimiter tells what follows."""
        context = _Context("", 0, None, _TEXT, whole=True)
        while True:
            leaf, body_start = self._entity(block, context)
            found = self._next_delimiter(body_start)
            if leaf is not None:
                self._add(leaf, found)
            while found is not None and found.closing:
                self._close_from(found.level, found)
                found = self._next_delimiter(found.line_end)
            self._close_from(found.level + 1 if found else 0, found)
            if found is None or self.skip is Skip.LIMIT:
                return
            block, context = self._fields(found.line_end), self.levels[-1].next_child()

    def _entity(self, block: HeaderBlock, context: _Context) -> tuple[Part | None, int]:
        """Open a multipart, or give a leaf whose end is not known yet; and where its body starts.

        A message inside message/rfc822 is read at once, in its place.
        """
        facts = EntityFacts.read(block, context.default_type)
        skip = context.skip or _broken(self.raw, block) or facts.doubt()
        leaf = _leaf(block, facts, context, skip)
        kind = facts.kind.value
        if context.depth < MAX_NESTING:
            inside = _Context(context.path, context.depth + 1, skip, _TEXT, whole=True)
            if kind.startswith("multipart/"):
                opened = self._open(leaf, inside)
                return (None if opened else leaf), block.body_start
            if kind in _MESSAGES and facts.is_plain:
                inside = inside._replace(skip=skip or Skip.NESTED_MESSAGE)
                return self._entity(self._message_fields(block.body_start), inside)
        return leaf, block.body_start

    def _open(self, leaf: Part, inside: _Context) -> bool:
        """Put a multipart on the stack; False where it names no boundary, or one that is open."""
        text = leaf.params.get("boundary")
        if text is None:
            return False
        boundary = text.rstrip().encode("latin-1", "replace")
        closing = boundary + b"--"
        if not boundary or boundary in self.marks or closing in self.marks:
            self.skip = self.skip or Skip.MALFORMED
        if boundary in self.marks or closing in self.marks:
            return False
        inherited = _Context(
            inside.path,
            inside.depth,
            inside.skip or MULTIPART_SKIPS.get(leaf.content_type),
            "message/rfc822" if leaf.content_type == "multipart/digest" else _TEXT,
            whole=False,
        )
        level = len(self.levels)
        encoded = leaf.encoding is not None and not leaf.encoding.is_identity
        self.levels.append(_Level(boundary, inherited, leaf, len(self.parts), encoded))
        self.marks[boundary], self.marks[closing] = (level, False), (level, True)
        self._note_openings()
        return True

    def _close_from(self, level: int, found: _Delimiter | None) -> None:
        """Take multiparts off the stack; one in which no delimiter was found is a leaf after all."""
        if level >= len(self.levels):
            return
        whole = level if found is not None and found.closing else None
        for at in range(len(self.levels) - 1, level - 1, -1):
            closed = self.levels[at]
            del self.marks[closed.boundary], self.marks[closed.boundary + b"--"]
            if not closed.count:
                self._add(closed.leaf, found)
            if closed.encoded and not (closed.count and at == whole):
                self._doubt(closed.first)
        del self.levels[level:]
        self._note_openings()

    def _doubt(self, first: int) -> None:
        """Leave the parts alone from here on: delimiters do not stand plainly around them."""
        doubted = [part._replace(skip=part.skip or Skip.MALFORMED) for part in self.parts[first:]]
        self.parts[first:] = doubted

    def _note_openings(self) -> None:
        self.openings = tuple(level.boundary for level in self.levels)

    def _add(self, leaf: Part, found: _Delimiter | None) -> None:
        """Keep a leaf, now that its end is known."""
        end = len(self.raw) if found is None else max(leaf.body_start, found.content_end)
        self.parts.append(leaf._replace(body_end=end))
        if len(self.parts) >= MAX_PARTS:
            self.skip = Skip.LIMIT

    def _is_delimiter(self, at: int) -> bool:
        return self._delimiter_at(at) is not None

    def _next_delimiter(self, body_start: int) -> _Delimiter | None:
        """Find the next delimiter line of any open multipart, from a start of line on."""
        raw = self.raw
        at = _hyphen_line(raw, max(0, body_start - 1)) if self.levels else -1
        while at >= 0 and self.skip is not Skip.LIMIT:
            if raw.startswith(self.openings, at + 3):
                if (found := self._delimiter_at(at + 1)) is not None:
                    return found
                self._note_near_miss()
            self.hyphen_lines += 1
            spend(1)
            if self.hyphen_lines > MAX_HYPHEN_LINES:
                self.skip = Skip.LIMIT
            at = _hyphen_line(raw, at + 1)
        return None

    def _note_near_miss(self) -> None:
        self.near_misses += 1
        self.skip = self.skip or Skip.MALFORMED
        if self.near_misses > MAX_NEAR_BOUNDARIES:
            self.skip = Skip.LIMIT

    def _delimiter_at(self, line: int) -> _Delimiter | None:
        """Read the line at this offset as a delimiter (RFC 2046 §5.1.1), padding allowed."""
        stop = self.raw.find(b"\n", line) + 1 or len(self.raw)
        mark = self.marks.get(self.raw[line + 2 : stop].rstrip(b" \t\r\n"))
        if mark is None:
            return None
        before = line - 1
        content_end = before - (before > 0 and self.raw[before - 1] == _CR)
        return _Delimiter(content_end, stop, *mark)


def _hyphen_line(raw: bytes, at: int) -> int:
    """Return where a line break before two hyphens is found, as `find` does.

    Most octets of a large message are base64, which has no hyphens: one octet is found far sooner.
    """
    while (hyphen := raw.find(b"-", at)) >= 0:
        at = max(at, hyphen - 1)
        found = _find_hyphen_line(raw, at, at + _WINDOW_OCTETS)
        if found is not None:
            return found.start()
        at += _WINDOW_OCTETS - 2
    return -1


def _broken(raw: bytes, block: HeaderBlock) -> Skip | None:
    if block.broken and len(block.fields) >= MAX_HEADERS:
        return Skip.LIMIT
    return Skip.MALFORMED if block.broken or fields.is_read_differently(raw, block) else None


def _leaf(block: HeaderBlock, facts: EntityFacts, context: _Context, skip: Skip | None) -> Part:
    path = context.path
    if context.whole:
        path = f"{path}.1" if path else "1"
    kind, start = facts.kind, block.body_start
    skip = skip or facts.own_skip(whole=context.whole)
    return Part(path, block, kind.value, kind.params, facts.encoding, start, start, skip)
