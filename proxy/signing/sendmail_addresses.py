"""Whether Sendmail may rewrite the value of an address field.

Owns: the forms that Sendmail was seen to leave as they are: full addresses, names without the
characters that it puts in quotes, one comma and a space between two of them.
Does not own: which fields that concerns, or whether it matters (`relay_alterations`).

Strict on purpose: Sendmail writes every address field anew, so that any other form counts as one
that is rewritten. Found by trying, in Debian's Sendmail 8.17.
"""

import re

# Nothing possessive holds an alternative here: Python before 3.11.5 matches that wrongly.
_QUOTED = rb'"[^"\\]*(?:\\.[^"\\]*)*'
_PIECE = re.compile(rb'%b"?|[()\\]|[^"()\\]+' % _QUOTED, re.DOTALL)
_CLOSED = re.compile(rb'%b"' % _QUOTED, re.DOTALL)
_ATOM = rb"[^\s@<>%!:;,()\[\]\\\".|]+"
_ADDRESS = re.compile(
    rb"(?:%(atom)b(?:\.%(atom)b)*)@(?:%(atom)b(?:\.%(atom)b)+|\[[^\[\]\\\s]+\])" % {b"atom": _ATOM}
)
"""A quoted local part is no match: mail servers quote as they see fit."""
_NAME = re.compile(rb"(?:[^.'@<>()\[\]:;,\\\"|]|\"\")*")
_GROUP = re.compile(rb"([^.'@<>()\[\]:;,\\\"|]+):(.*);", re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]+")


def sendmail_may_rewrite(value: bytes) -> bool:
    """Return whether Sendmail might write this value of an address field anew.

    Linear in its length; never raises.
    """
    bare = _bare(_SPACE.sub(b" ", value).strip())
    if bare is None:
        return True
    group = _GROUP.fullmatch(bare)
    entries = group[2].strip() if group else bare
    return bool(entries) and not all(map(_is_left, _entries(entries)))


def _bare(value: bytes) -> bytes | None:
    """Take comments away, and what stands between quotes; None where nesting is wrong."""
    kept: list[bytes] = []
    depth = 0
    for piece in _PIECE.findall(value):
        if piece in (b"(", b")"):
            depth += 1 if piece == b"(" else -1
            if depth < 0:
                return None
            kept.append(b"(" if depth == 1 and piece == b"(" else b"")
        elif piece.startswith((b'"', b"\\")):
            # Within a comment these are read differently, outside a backslash is nothing.
            if depth or not _CLOSED.fullmatch(piece):
                return None
            kept.append(b'""')
        elif not depth:
            kept.append(piece)
    return b"".join(kept) if depth == 0 else None


def _entries(bare: bytes) -> list[bytes]:
    """Cut at commas with a space after them; other commas stay, and make no address."""
    return bare.split(b", ")


def _is_left(entry: bytes) -> bool:
    """Return whether this mailbox is left as it is; `(` stands for a comment."""
    name, angle, rest = entry.partition(b"<")
    if not angle:
        address = entry.removeprefix(b"( ").removesuffix(b" (")
        return _ADDRESS.fullmatch(address) is not None
    address, closed, after = rest.partition(b">")
    return (
        bool(closed)
        and after in (b"", b" (")
        and _NAME.fullmatch(name.replace(b" ( ", b" ")) is not None
        and (not address or _ADDRESS.fullmatch(address) is not None)
    )
