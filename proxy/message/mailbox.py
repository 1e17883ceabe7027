"""Whose mail a message is, by its From field (RFC 5322 §3.6.2), as real programs write it.

Owns: finding the one mailbox in a value, and the domains of whatever else in it some reader might take
for an address; where that is not certain, saying so.
Does not own: which domains belong together (`proxy.rewrite.senders`), or fields (`fields`).

Exactly one mailbox outside of quotes and comments is one sender. Text before it may hold what the
grammar forbids: commas, brackets, an @ that stands alone, an address. Parsers differ on such text, so
all domains in it are told, and the caller has to ask whether they are the same sender's: a rule of angle
brackets alone would sign `ceo@bank.test, <app@example.com>`.
"""

import binascii
import contextlib
import re
from typing import Final, NamedTuple

MAX_OCTETS: Final = 10_000
"""Of a From field that is read; real ones stay below 500."""


class Originator(NamedTuple):
    """The domain of the one mailbox, and those of all that reads as another address; lower case."""

    domain: str
    mentions: frozenset[str] = frozenset()


class SeveralMailboxesError(ValueError):
    """There are several mailboxes, or readers would not agree on which is the one."""


_AT: Final = ord("@")
_PLAIN: Final = re.compile(
    rb'\s*(?:"[^"\\]*"\s*|[^"<>(),;:@\\\[\]]*)<[^<>@\s,"]+@([^<>@\s,"]+)>\s*'
    rb"|\s*[^<>@\s,;:()\"\[\]?]+@([^<>@\s,;:()\"]+)\s*"
)
_PIECE: Final = re.compile(r'(?P<quoted>"(?:[^"\\]|\\.)*+")|(?P<text>[^"()\\]++)|(?P<mark>["()\\])')
_IN_COMMENT: Final = re.compile(r"[^()\\]++|\\.|(?P<mark>[()\\])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ANGLED: Final = re.compile(r"<([^<>]*)>")
_BRACKETED: Final = re.compile(r"\[[^\[\]\"<>@,;:]*\]")
_ADDRESS: Final = re.compile(r'\s*(?:[^\s@,;:<>()"\[\]\\]+|"")@([^\s@,;:<>()"\[\]\\]+)\s*')
_BARE: Final = re.compile(
    r'[^@,;:<>\[\]]*?(?<!\S)(?:[^\s@,;:<>"\[\]]+|"")@([^\s@,;:<>"\[\]]+)[\s,]*'
)
_BEFORE_QUOTES: Final = (" ", "\t", ",", ";", "<")
_SPECIAL: Final = re.compile(r"[,;:@.\[\]]")
_ENCODED_WORD: Final = re.compile(r"=\?([^?\s]*)\?([bBqQ])\?([^?\s]*)\?=")
_AFTER_AT: Final = re.compile(r"@([^@,;<>]*)")
_DOMAIN: Final = re.compile(r'@\s*([^\s@,;:<>()"\[\]\\]+)')
_SPACE: Final = re.compile(r"\s+")
_DOTS: Final = (".", "\u3002", "\uff0e", "\uff61")
"""What IDNA takes for the dots of a domain (RFC 3490 §3.1)."""


def originator(value: bytes) -> Originator | None:
    """Return whose mail it is by the unfolded value of From; None where it names nobody.

    Raises SeveralMailboxesError.
    """
    if len(value) > MAX_OCTETS or _AT not in value:
        return None
    if plain := _PLAIN.fullmatch(value):
        return _named((plain[1] or plain[2]).decode("utf-8", "replace"))
    text = _without_quotes_and_comments(value.decode("utf-8", "replace"))
    if any(_hides_an_address(word) for word in _ENCODED_WORD.finditer(text)):
        raise SeveralMailboxesError
    found = list(_ANGLED.finditer(text))
    if not found:
        return _bare(text)
    if len(found) > 1 or text.count("<") > 1 or text.count(">") > 1:
        raise SeveralMailboxesError
    before, after = text[: found[0].start()], text[found[0].end() :]
    if after.strip(" \t,") or "[" in _BRACKETED.sub("", before).replace("]", "["):
        raise SeveralMailboxesError
    address = _ADDRESS.fullmatch(found[0][1])
    if address is None and "@" in found[0][1]:
        raise SeveralMailboxesError
    return None if address is None else _named(address[1], frozenset(_mentioned(before)))


def domains_named(value: bytes) -> frozenset[str]:
    """Return the domains of all addresses in an unfolded From, however many; lower case.

    What stands in quotes and comments is none, where they end.
    """
    text = value[:MAX_OCTETS].decode("utf-8", "replace")
    with contextlib.suppress(SeveralMailboxesError):
        text = _without_quotes_and_comments(text)
    return frozenset(found[1].rstrip(".").lower() for found in _DOMAIN.finditer(text))


def _hides_an_address(word: re.Match[str]) -> bool:
    """Whether an encoded word (RFC 2047) holds an @: Python's newer parser reads it as one."""
    charset, encoding, text = word.groups()
    if charset.lower().startswith("utf-7"):
        return True
    if encoding in "qQ":
        return "=40" in text or "@" in text
    try:
        return b"@" in binascii.a2b_base64(text.encode("ascii", "replace") + b"===")
    except ValueError:
        return True


def _named(domain: str, mentions: frozenset[str] = frozenset()) -> Originator | None:
    name = domain.rstrip(".").lower()
    return Originator(name, mentions) if name else None


def _bare(text: str) -> Originator | None:
    """Read a value without angle brackets."""
    if text.count("@") - text.rstrip(" \t,").endswith("@") <= 0:
        return None
    found = _BARE.fullmatch(text)
    if found is None:
        raise SeveralMailboxesError
    return _named(found[1])


def _mentioned(text: str) -> list[str]:
    """Return what stands where parsers look for a domain, as far as they might read it.

    Parsers join what white space separates, so that all up to the next delimiter counts. A domain
    without a dot is none: `AT&T @ Home`.
    """
    domains = (_SPACE.sub("", found[1]).lower() for found in _AFTER_AT.finditer(text))
    return [
        domain.rstrip(".")
        for domain in domains
        if any(dot in domain for dot in _DOTS) or "[" in domain or not domain.isascii()
    ]


def _without_quotes_and_comments(text: str) -> str:
    """Return a value whose quoted strings are empty and whose comments are gone (RFC 5322 §3.2).

    Raises SeveralMailboxesError where one does not end, or for a backslash elsewhere: there readers
    differ.
    """
    if _CONTROL.search(text):
        raise SeveralMailboxesError
    pieces: list[str] = []
    at, hidden = 0, False
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None or (found["mark"] and found["mark"] != "("):
            raise SeveralMailboxesError
        if found["mark"]:
            at = _after_comment(text, found.end())
        elif found["quoted"] and pieces and not pieces[-1].endswith(_BEFORE_QUOTES):
            raise SeveralMailboxesError  # some read x"…" as one word, quotes and all
        else:
            pieces.append('""' if found["quoted"] else found[0])
            hidden = hidden or (found["quoted"] is not None and "@" in found[0])
            at = found.end()
    plain = "".join(pieces)
    if hidden and _SPECIAL.search(plain.partition("<")[0]):  # some read it as an entry of its own
        raise SeveralMailboxesError
    return plain


def _after_comment(text: str, at: int) -> int:
    depth = 1
    while depth:
        found = _IN_COMMENT.match(text, at)
        if found is None or found["mark"] == "\\":
            raise SeveralMailboxesError
        depth += {"(": 1, ")": -1}.get(found["mark"] or "", 0)
        at = found.end()
    return at
