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
from functools import lru_cache
from typing import Final

from proxy.links import tokenizer
from proxy.links.character_references import decode
from proxy.links.html import Href
from proxy.message.work_budget import spend

MAX_LABEL_CHARACTERS: Final = 200
"""Longer link texts are cut; people read them in reports."""

NAMES: Final = ("alt", "title")
"""Attributes of a link that are its label where it has no text, the first of them that it has."""

_LABEL_OCTETS: Final = 4096
"""How far after a tag the text of its link is looked for."""
_LABEL_TAG_STEPS: Final = 2
_BREAKS: Final = frozenset(
    {"br", "p", "div", "td", "th", "tr", "table", "li", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_UNSEEN_MARKUP: Final = re.compile(
    rb"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*(?:>|\Z)|</(?:>|[^A-Za-z>][^>]*(?:>|\Z))"
    rb"|<(style|script|title)[\s/>].*?(?:</\1(?:>|[\s/][^>]*>?)|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""Comments, declarations such as `<![endif]-->`, and elements whose content nobody reads."""
_MAYBE_UNSEEN: Final = re.compile(
    rb"<(?:[!?]|/[^A-Za-z]|[sS](?:[tT][yY]|[cC][rR])|[tT][iI][tT])"  # no `strong`
)

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
    inside = _inside(html, href)
    if (
        b"<" not in inside
        and b"&" not in inside
        and (text := _seen(inside.decode(charset, "ignore")))
    ):
        return text
    spend(_LABEL_TAG_STEPS * inside.count(b"<") + inside.count(b"&"))
    text = _readable(inside, charset) or _seen(_alternatives(inside, charset))
    return text or _seen(next(filter(None, map(href.attributes.get, NAMES)), ""))


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
    end = _end_of(href.element)
    found = end.search(html, start, start + _LABEL_OCTETS)
    inside = html[start : found.start() if found else start + _LABEL_OCTETS]
    if _MAYBE_UNSEEN.search(inside) is None:
        return inside
    if href.element == "a":
        seen = _UNSEEN_MARKUP.sub(b"", html[start : start + _LABEL_OCTETS])
        if found := end.search(seen):
            return seen[: found.start()]
    return _UNSEEN_MARKUP.sub(b"", inside)


@lru_cache(maxsize=16)
def _end_of(element: str) -> re.Pattern[bytes]:
    """Return a pattern for what ends the content of a link: its end tag, or the next of its kind."""
    return re.compile(rb"</?%s[\s/>]" % tokenizer.in_any_case(element.encode("utf-8")))


def _readable(inside: bytes, charset: str) -> str:
    spaced = tokenizer.TAG_OR_REST.sub(_space_for_break, inside) if b"<" in inside else inside
    return _seen(html_text.unescape(spaced.decode(charset, "ignore")))


def _seen(text: str) -> str:
    """Return a text on one line, without characters that nobody sees, cut to a label's length."""
    if not text.isascii():
        text = _IDLE_JOINERS.sub("", _INVISIBLE.sub("", text))
    return " ".join(text.split())[:MAX_LABEL_CHARACTERS].rstrip()


def _space_for_break(tag: re.Match[bytes]) -> bytes:
    name = tag[1].lstrip(b"/").lower().decode("ascii", "replace")
    return b" " if name in _BREAKS else b""


def _alternatives(inside: bytes, charset: str) -> str:
    """Return the alternative texts of all images, each once."""
    texts: dict[str, None] = {}
    for tag in tokenizer.TAG_OR_REST.finditer(inside):
        if tag[1].lower() == b"img":
            for name, at, octets in tokenizer.values(inside, *tag.span(2)):
                spend(1)
                if name == b"alt" and at:
                    texts.setdefault(decode(octets.decode(charset, "replace")).strip())
                    break
    return " ".join(texts)
