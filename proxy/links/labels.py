"""The text by which people know a link: what they read on it, or its images' alternative texts.

Owns: where a link's content ends, and what of it people see: no markup, no comments (Outlook's
conditional ones neither), no invisible characters.
Does not own: finding links (`html`), the grammar of tags (`tokenizer`), character references
(`character_references`).

This is no tree builder: of nested and misplaced tags it sees the text, which is what counts here.
Time is linear in the octets that are read.
"""

import html as html_text
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from proxy.links import tokenizer
from proxy.links.character_references import decode
from proxy.links.html import Href
from proxy.message.work_budget import spend

MAX_LABEL_CHARACTERS: Final = 200
"""Longer link texts are cut; people read them in reports."""

NAMES: Final = (b"alt", b"title")
"""Attributes of a link that are its label where it has no text, the first of them that it has."""

_LABEL_OCTETS: Final = 4096
"""How far after a tag the text of its link is looked for."""
_LABEL_TAG_STEPS: Final = 2
_BREAK_NAMES: Final = b"br p div td th tr table li h1 h2 h3 h4 h5 h6".split()
_BREAKS: Final = frozenset((*_BREAK_NAMES, *(b"/" + name for name in _BREAK_NAMES)))
_UNSEEN_MARKUP: Final = re.compile(
    rb"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*(?:>|\Z)|</(?:>|[^A-Za-z>][^>]*(?:>|\Z))"
    rb"|<(style|script|title)[\s/>].*?(?:</\1(?:>|[\s/][^>]*>?)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""Comments, declarations such as `<![endif]-->`, and elements whose content nobody reads."""
_UNSEEN: Final = rb"[!?]|/[^A-Za-z]|[sS](?:[tT][yY]|[cC][rR])|[tT][iI][tT]"  # no `strong`

_USUAL_IMAGE: Final = tokenizer.usual_tail(b"alt")
_LESS_THAN: Final = ord("<")
_AMPERSAND: Final = ord("&")
_INLINE: Final = rb"(?:strong|b|em|i|u|span|font|center)"
_USUAL_CONTENT: Final = re.compile(
    rb"(?:(?:<%b(?: [a-z]++=\"[^\"]*+\"){0,4}>){0,3}([^<&]++)(?:</%b>){0,3}|[ \t\r\n]*+<img(%b)[ \t\r\n]*+)"
    rb"</(a|v:[a-z]++)>" % (_INLINE, _INLINE, _USUAL_IMAGE.pattern)
)
"""What most links hold, up to their end tag (group 4): a text (1), or an image (2) with an alternative text (3)."""

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0]+"
)
"""What preheaders are padded with; letters are joined or set apart by none of these."""
_IDLE_JOINERS: Final = re.compile(
    r"(?<!\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\S)|([\u200c\u200d])\1+"
)
"""Joiners that join nothing: they stay between letters (Persian) and within emoji."""


def label(html: bytes, href: Href, charset: str = "utf-8") -> str:
    """Return what people read on a link: its text, else the alternative text of its images, else "".

    At most `MAX_LABEL_CHARACTERS`, white space collapsed; only the first 4,096 octets after the tag
    are read.
    """
    usual = _USUAL_CONTENT.match(html, href.content_start, href.content_start + _LABEL_OCTETS)
    if usual and usual[4].decode("ascii") == href.element and (text := _usual(usual, charset)):
        return text
    inside = _inside(html, href)
    if (
        _LESS_THAN not in inside
        and _AMPERSAND not in inside
        and (text := _seen(inside.decode(charset, "ignore")))
    ):
        return text
    spend(_LABEL_TAG_STEPS * inside.count(b"<") + inside.count(b"&"))
    pieces = tokenizer.TAG_OR_REST.split(inside)  # a text, then of each tag: name, rest, text
    text = _readable(pieces, charset) or _seen(_alternatives(pieces, charset))
    return text or _seen(_named(html, href, charset))


def _usual(content: re.Match[bytes], charset: str) -> str:
    """Return what people read on a link with such content."""
    if (text := content[1]) is not None:
        return _seen(text.decode(charset, "ignore"))
    return _seen(decode(content[3].decode(charset, "replace")).strip())


def _inside(html: bytes, href: Href) -> bytes:
    """Return the content of a link, without what nobody sees.

    An end tag inside a comment ends nothing, but where there is no other: the shape of a button in
    Outlook ends in a conditional comment of its own.
    """
    if href.element == "area":
        return b""
    start = href.content_start
    markup = html.find(b"<", start, start + _LABEL_OCTETS - len(b"/a>"))
    if href.element == "a" and markup >= 0 and html.startswith(b"</a>", markup):
        return html[start:markup]  # most links hold no markup
    ends = _ends_of(href.element)
    found = ends.or_unseen.search(html, start, start + _LABEL_OCTETS)
    if found is None:
        return html[start : start + _LABEL_OCTETS]
    return html[start : found.start()] if found[1] else _seen_inside(html, href, ends.end)


def _seen_inside(html: bytes, href: Href, end: re.Pattern[bytes]) -> bytes:
    """Return the content of a link that has something in it which nobody sees."""
    start = href.content_start
    if href.element == "a":
        seen = _UNSEEN_MARKUP.sub(b"", html[start : start + _LABEL_OCTETS])
        if found := end.search(seen):
            return seen[: found.start()]
    found = end.search(html, start, start + _LABEL_OCTETS)
    inside = html[start : found.start() if found else start + _LABEL_OCTETS]
    return _UNSEEN_MARKUP.sub(b"", inside)


class _Ends(NamedTuple):
    """What ends the content of a link; and the same (group 1), or what begins markup that nobody sees."""

    end: re.Pattern[bytes]
    or_unseen: re.Pattern[bytes]


@lru_cache(maxsize=16)
def _ends_of(element: str) -> _Ends:
    """Return what ends the content of a link: its end tag, or the next of its kind."""
    end = rb"/?%s[\s/>]" % tokenizer.in_any_case(element.encode("utf-8"))
    return _Ends(re.compile(rb"<" + end), re.compile(rb"<(?:(%s)|%s)" % (end, _UNSEEN)))


def _readable(pieces: Sequence[bytes], charset: str) -> str:
    texts = list(pieces[::3])
    for at, name in enumerate(pieces[1::3], 1):
        if name.lower() in _BREAKS:
            texts[at] = b" " + texts[at]
    return _seen(html_text.unescape(b"".join(texts).decode(charset, "ignore")))


def _seen(text: str) -> str:
    """Return a text on one line, without characters that nobody sees, cut to a label's length."""
    if not text.isascii():
        text = _IDLE_JOINERS.sub("", _INVISIBLE.sub("", text))
    return " ".join(text.split())[:MAX_LABEL_CHARACTERS].rstrip()


def _alternatives(pieces: Sequence[bytes], charset: str) -> str:
    """Return the alternative texts of all images, each once."""
    texts: dict[str, None] = {}
    for tag, rest in zip(pieces[1::3], pieces[2::3], strict=True):
        if tag.lower() == b"img":
            octets = _alternative(rest)
            if octets is not None:
                texts.setdefault(decode(octets.decode(charset, "replace")).strip())
    return " ".join(texts)


def _alternative(rest: bytes) -> bytes | None:
    """Return the alternative text in the rest of an image's tag; None where it has none."""
    if (usual := _USUAL_IMAGE.match(rest)) is not None:
        return usual[1]
    for name, at, octets in tokenizer.values(rest, 0, len(rest)):
        spend(1)
        if name == b"alt" and at:
            return octets
    return None


def _named(html: bytes, href: Href, charset: str) -> str:
    """Return what the link's own attributes say, "" for nothing."""
    tag = tokenizer.TAG.match(html, href.tag_start, href.content_start)
    found: dict[bytes, bytes] = {}
    for name, _, octets in tokenizer.values(html, *tag.span(2)) if tag else ():
        spend(1)
        found.setdefault(name, octets)
    texts = (decode(found.get(name, b"").decode(charset, "replace")) for name in NAMES)
    return next(filter(None, texts), "")
