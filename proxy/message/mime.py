"""What the MIME fields of an entity say: type, transfer encoding, disposition.

Owns: reading the *values* of Content-Type, Content-Transfer-Encoding and Content-Disposition
(RFC 2045 §5 and §6, RFC 2183, parameters of RFC 2231) as leniently as mail clients do, and telling
where clients would read them differently: such a value is `doubtful`, and what it describes is left
alone.
Does not own: where fields and parts stand (`fields`, `parser`), or what the octets of a body mean
(`bodies`, `proxy.links.charsets`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from proxy.message.limits import MAX_STRUCTURED_OCTETS


class TransferEncoding(StrEnum):
    """The transfer encodings that we can edit (RFC 2045 §6)."""

    SEVEN_BIT = "7bit"
    EIGHT_BIT = "8bit"
    BINARY = "binary"
    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"

    @property
    def is_identity(self) -> bool:
        """Whether the octets stand as they are (RFC 2045 §6.2)."""
        return self is not _QUOTED_PRINTABLE and self is not _BASE64


_SEVEN_BIT, _BASE64 = TransferEncoding.SEVEN_BIT, TransferEncoding.BASE64
_QUOTED_PRINTABLE = TransferEncoding.QUOTED_PRINTABLE


@dataclass(frozen=True, slots=True)
class Structured:
    """A value with parameters. `value` and parameter names are lower case, values are unquoted.

    `doubtful`: mail clients would not agree on the value, the boundary or the charset.
    """

    value: str
    params: Mapping[str, str] = field(default_factory=dict)
    doubtful: bool = False


# Text in quotes or parentheses may lack its end: then it goes on to the end of the value.
_PIECE = re.compile(
    r'(?P<quoted>"(?:[^"\\]|\\.)*+"?)|(?P<comment>\((?:[^()\\]|\\.)*+\)?)|;|[^;"(]++', re.DOTALL
)
_USUAL = re.compile(rb'([\w/.+-]+)(?:;[ \t]*([A-Za-z]+)=("?)([\w=.:/+?,\'-]+)\3)?')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TOKEN = r"[!#$%&'*+.^_`{|}~0-9A-Za-z-]+"  # noqa: S105
_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}")
_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?")
_NO_LETTER = re.compile(r"[^a-z0-9]+")  # utf8 is UTF-8
_DECISIVE = frozenset({"boundary", "charset"})

_IDENTITY_LABEL = re.compile(r"([78])[- ]?bits?\+?")
_LABELS = {encoding.value: encoding for encoding in TransferEncoding}
_WRITTEN = {label.encode(): encoding for label, encoding in _LABELS.items()}


def transfer_encoding(values: Sequence[bytes]) -> TransferEncoding | None:
    """Return the encoding that the fields declare; None when it is unknown or contradictory.

    No field, or an empty one, is 7bit (RFC 2045 §6.1). Some odd labels are clear enough: other
    case, comments, quotes, parameters, `7-bit`, `8 bit`, `8bit+`, `quoted-printable;`.
    """
    if not values:
        return _SEVEN_BIT
    found = {_encoding(value) for value in values}
    return found.pop() if len(found) == 1 else None


def _encoding(value: bytes) -> TransferEncoding | None:
    if (usual := _WRITTEN.get(value)) is not None:
        return usual
    label = structured(value).value.strip('"').strip()
    if not label:
        return TransferEncoding.SEVEN_BIT
    if odd := _IDENTITY_LABEL.fullmatch(label):
        return TransferEncoding.SEVEN_BIT if odd[1] == "7" else TransferEncoding.EIGHT_BIT
    return _LABELS.get(label)


def content_type(values: Sequence[bytes], default: str) -> Structured:
    """Read Content-Type; `default` when there is none, `text/plain` when it names no type.

    Several fields that differ are read as the first, doubtfully.
    """
    if not values:
        return Structured(default)
    first = _type(structured(values[0]))
    if len(values) == 1:
        return first
    whole = structured(values[0])
    differs = any(_differ(whole, structured(value)) for value in values[1:])
    return replace(first, doubtful=first.doubtful or differs)


def _type(field: Structured) -> Structured:
    """Return a Content-Type field with nothing but its type as value."""
    named = _TYPE.match(field.value)
    if named is None:
        return replace(field, value="text/plain")
    return field if named[0] == field.value else Structured(named[0], field.params, doubtful=True)


def _differ(one: Structured, other: Structured) -> bool:
    """Whether two fields say different things; labels of charsets have no case."""
    if one.value != other.value or one.params.keys() != other.params.keys():
        return True
    return any(not _same(name, text, other.params[name]) for name, text in one.params.items())


def _same(name: str, one: str, other: str) -> bool:
    if name != "charset":
        return one == other
    return _NO_LETTER.sub("", one.lower()) == _NO_LETTER.sub("", other.lower())


def is_attachment(dispositions: Sequence[bytes], kind: Structured) -> bool:
    """Whether an entity is a file rather than text to read: what has a name, or is not inline.

    An unknown disposition is an attachment (RFC 2183 §2.8), and so is a contradictory one. Whether
    a whole message is one that has a name alone, its disposition says (`is_inline`).
    """
    for value in dispositions:
        disposition = structured(value)
        if disposition.value not in {"", "inline"} or "filename" in disposition.params:
            return True
    return "name" in kind.params and not kind.value.startswith("multipart/")


def is_inline(dispositions: Sequence[bytes]) -> bool:
    """Whether an entity says of itself that it is to be read, and has no file name for it."""
    if not dispositions:
        return False
    found = [structured(value) for value in dispositions]
    return all(each.value == "inline" and "filename" not in each.params for each in found)


def structured(value: bytes) -> Structured:
    """Read `value; name=value; …` with comments, quoted strings and RFC 2231 parameters."""
    return _remembered(value) if len(value) <= _USUAL_OCTETS else _structured(value)


def _structured(value: bytes) -> Structured:
    if len(value) <= MAX_STRUCTURED_OCTETS and (usual := _USUAL.fullmatch(value)):
        first, name, _, content = usual.groups()
        params = {name.decode().lower(): content.decode()} if name else {}
        return Structured(first.decode().lower(), MappingProxyType(params))
    return _in_general(value)


def _in_general(value: bytes) -> Structured:
    text = value[:MAX_STRUCTURED_OCTETS].decode("latin-1")
    segments = _segments(text)
    first, odd = next(segments)
    pairs: list[tuple[str, str]] = []
    doubtful = odd or len(value) > MAX_STRUCTURED_OCTETS
    for segment, odd in segments:
        name, equals, content = segment.partition("=")
        name = name.strip().lower()
        if equals and name:
            pairs.append((name, content))
            doubtful = doubtful or (odd and name.partition("*")[0] in _DECISIVE)
    params, conflict = _collate(pairs)
    return Structured(first.strip().lower(), MappingProxyType(params), doubtful or conflict)


# The same few values stand in nearly every message.
_USUAL_OCTETS = 100
_remembered = lru_cache(maxsize=512)(_structured)


def _segments(text: str) -> Iterator[tuple[str, bool]]:
    """Split at semicolons; give each segment without comments and quotes, and whether it is odd."""
    pieces: list[tuple[str | None, str]] = []
    for match in _PIECE.finditer(text):
        if match[0] == ";":
            yield _joined(pieces)
            pieces = []
        else:
            pieces.append((match.lastgroup, match[0]))
    yield _joined(pieces)


def _joined(pieces: list[tuple[str | None, str]]) -> tuple[str, bool]:
    """Return `name=value` of one segment; odd when more than one reading is possible."""
    plain = "".join(text for kind, text in pieces if kind is None)
    quoted = [text for kind, text in pieces if kind == "quoted"]
    name, equals, rest = plain.partition("=")
    if not quoted:
        value = rest.strip()
        return (f"{name}={value}" if equals else plain), _is_glued(pieces) or _is_odd_plain(value)
    closed = len(quoted[0]) > 1 and quoted[0].endswith('"')
    content = _ESCAPED.sub(r"\1", quoted[0][1:-1] if closed else quoted[0][1:])
    if not equals:
        return plain + content, True
    odd = len(quoted) > 1 or not closed or bool(rest.strip()) or not _is_plain(content)
    return f"{name}={content}", odd


def _is_glued(pieces: list[tuple[str | None, str]]) -> bool:
    """Whether what looks like a comment follows text directly, and may be part of it."""
    return any(
        before[0] is None and after[0] == "comment" and not before[1][-1].isspace()
        for before, after in pairwise(pieces)
    )


def _is_odd_plain(value: str) -> bool:
    return any(char in value for char in ' \t\r\n"()\\') or not _is_plain(value)


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _collate(pairs: list[tuple[str, str]]) -> tuple[dict[str, str], bool]:
    """Join the sections of RFC 2231; give the parameters and whether a decisive one conflicts."""
    params: dict[str, str] = {}
    sections: dict[str, dict[int, str]] = {}
    conflict = False
    for name, value in pairs:
        if section := _SECTION.fullmatch(name):
            extended = section[3] is not None or section[2] is None
            number = int(section[2] or 0)
            content = _extended(value, first=number == 0) if extended else value
            conflict |= number in sections.setdefault(section[1], {}) and section[1] in _DECISIVE
            sections[section[1]][number] = content
        else:
            conflict |= name in _DECISIVE and not _same(name, params.get(name, value), value)
            params.setdefault(name, value)
    for name, numbered in sections.items():
        whole = "".join(numbered[number] for number in sorted(numbered))
        gaps = sorted(numbered) != list(range(len(numbered)))
        conflict |= name in _DECISIVE and (gaps or not _same(name, params.get(name, whole), whole))
        params[name] = whole
    return params, conflict


def _extended(value: str, *, first: bool) -> str:
    """Undo `charset'language'percent-encoded` (RFC 2231 §4); only ASCII values matter to us."""
    if first and value.count("'") >= 2:  # noqa: PLR2004
        value = value.split("'", 2)[2]
    return unquote_to_bytes(value).decode("latin-1")
