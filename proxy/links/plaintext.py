"""URLs in plain text, only those that every mail program recognises in the same way.

Owns: where an http(s) URL begins and ends in text/plain (RFC 3986 appendix C), with format=flowed
and delsp (RFC 3676).
Does not own: charsets (`charsets`), what is tracked (`proxy.policy.decide`), or the length of lines
(`proxy.message.bodies.body`).

Programs do not agree on where a URL in text ends. Punctuation after it is not part of it, nor is a
closing bracket without its opening one. A URL is ignored where its end is uncertain: next to text
that is not ASCII, to characters that no URL holds (templates) or to another URL, and where it may
continue on the next line.
"""

import re
from typing import NamedTuple

from proxy.message.work_budget import spend


class Span(NamedTuple):
    """A URL and its half-open offsets."""

    start: int
    end: int
    value: str


_URL = re.compile(rb"(?<![^\s<>(\[\"'])https?://[^\s<>\"]+", re.IGNORECASE)
_STRANGE = re.compile(rb"[^!-;=?-\[\]_a-z~]")  # what no URL holds: ^ ` { | } \ and 8-bit octets
_HOST = re.compile(rb"https?://[0-9A-Za-z\[]", re.IGNORECASE)
_NEXT_URL = re.compile(rb"[^=/%0-9A-Za-z]https?://", re.IGNORECASE)
_PUNCTUATION = b".,;:!?'"
_EMPHASIS = (b"*", b"_", b"~")
_BRACKETS = {b")": b"(", b"]": b"["}
_CLOSING = tuple(_BRACKETS)
_CONTINUED = re.compile(rb"\r?\n[!-;=?-~]")
_SOFT_BREAK = re.compile(rb" \r?\n")
_AFTER_SOFT_BREAK = re.compile(rb"[^\s] \r?\n\Z")
_WRAPPED_OCTETS = 60
_OCTETS_A_STEP = 4


def urls(octets: bytes, *, flowed: bool = False, delsp: bool = False) -> list[Span]:
    """Return the URLs in text whose ASCII octets are ASCII characters, in order. Never raises.

    `flowed` and `delsp` are the parameters of Content-Type (RFC 3676 §4.1, §4.2).
    """
    return [
        Span(match.start(), end, octets[match.start() : end].decode("ascii"))
        for match in _URL.finditer(octets)
        if (end := _end(octets, match, joined=flowed and delsp)) is not None
    ]


def _end(octets: bytes, match: re.Match[bytes], *, joined: bool) -> int | None:
    """Return the offset where a URL certainly ends, or None."""
    (start, stop), url = match.span(), match[0]
    spend(1 + len(url) // _OCTETS_A_STEP)
    if _HOST.match(url) is None or _STRANGE.search(url) or _NEXT_URL.search(url):
        return None
    if joined and _is_joined(octets, match):
        return None
    if octets.startswith(b"<", start - 1) and start:
        return stop if octets.startswith(b">", stop) else None
    trimmed = _trimmed(url)
    if trimmed.endswith(_EMPHASIS) or not _is_balanced(trimmed) or _may_go_on(octets, stop):
        return None
    return start + len(trimmed)


def _is_joined(octets: bytes, match: re.Match[bytes]) -> bool:
    """Whether delsp joins the URL with the line before or after it, without a space."""
    before = octets[max(0, match.start() - 4) : match.start()]
    soft = _SOFT_BREAK.match(octets, match.end())
    return soft is not None or _AFTER_SOFT_BREAK.search(before) is not None


def _trimmed(url: bytes) -> bytes:
    """Return a URL without punctuation, and brackets that were not opened, at its end."""
    plain = url.rstrip(_PUNCTUATION)
    if not plain.endswith(_CLOSING):
        return plain
    surplus = {close: plain.count(close) - plain.count(_BRACKETS[close]) for close in _CLOSING}
    end = len(plain)
    while end:
        last = plain[end - 1 : end]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _PUNCTUATION:
            break
        end -= 1
    return plain[:end]


def _is_balanced(url: bytes) -> bool:
    return url.count(b"(") == url.count(b")") and url.count(b"[") == url.count(b"]")


def _may_go_on(octets: bytes, stop: int) -> bool:
    """Whether the URL may go on in the next line: it ends a long line that text follows."""
    if stop < _WRAPPED_OCTETS or _CONTINUED.match(octets, stop) is None:
        return False
    return octets.rfind(b"\n", stop - _WRAPPED_OCTETS, stop) < 0
