"""HTML written anew in the plainest form, for a parser that takes hostile markup badly. It is sans-IO.

Owns: tags as browsers find them (WHATWG HTML §13.2.5), each whole and with quoted attributes, of several
with one name the first; no comments, no declarations, no elements whose content is no markup, but for
style sheets; and how deep elements are nested.
Does not own: the grammar (`proxy.links.tokenizer`), or what may stay (`sanitiser`).

What is never closed ends the document, as it does in browsers. Python's `html.parser`, which BeautifulSoup
uses, would look for the end again from each tag, and so take time by the square of the length.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from proxy.links.tokenizer import COMMENT_END, RAW_TEXT, TAG, attributes, raw_text_end

VOID = frozenset(
    {
        *(b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta"),
        *(b"param", b"source", b"track", b"wbr"),
    }
)
"""Elements that hold nothing, and are never closed."""

_MARKUP = re.compile(rb"<(?=[A-Za-z/!?])")
_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9:._-]*\Z")
_STYLE = b"style"


class Plain(NamedTuple):
    """A document in plain markup, and how deep its elements are nested at least."""

    html: str
    depth: int


def plain(html: str) -> Plain:
    """Return a document in plain markup; in time linear in its length."""
    octets = html.encode("utf-8", "replace")
    pieces, depth, deepest = [], 0, 0
    for text, name, tag in _pieces(octets):
        pieces += [
            text.replace(b"<", b"&lt;") if name != b"/style" else text.replace(b"<", b" "),
            tag,
        ]
        if name.startswith(b"/"):
            depth = max(0, depth - 1)
        elif name and name not in VOID:
            depth += 1
            deepest = max(deepest, depth)
    return Plain(b"".join(pieces).decode("utf-8", "replace"), deepest)


def _pieces(html: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield text, and the name (lower case; with "/" of an end tag) and the plain form of the tag behind it.

    The text before `/style` is that of a style sheet. A name is empty where nothing stands there any more.
    """
    at = 0
    while found := _MARKUP.search(html, at):
        start = found.start()
        tag = TAG.match(html, start)
        if tag is None:
            yield html[at:start], b"", b""
            if (end := _end_of_comment(html, start)) is None:
                return
            at = end
            continue
        name, at_text = tag[1].lower(), html[at:start]
        at = tag.end()
        if name not in RAW_TEXT:
            yield at_text, name, _tag(html, tag, name)
            continue
        end = raw_text_end(html, name, at, len(html))
        if name == _STYLE:
            yield at_text, name, _tag(html, tag, name)
            yield html[at:end], b"/style", b"</style>"
        else:
            yield at_text, b"", b""
        closing = TAG.match(html, end)
        at = closing.end() if closing else len(html)
    yield html[at:], b"", b""


def _end_of_comment(html: bytes, start: int) -> int | None:
    """Return where a comment or declaration ends, or a tag that is none; None where it never does."""
    if html.startswith((b"<!-->", b"<!--->"), start):
        return html.index(b">", start) + 1
    if html.startswith(b"<!--", start):
        found = COMMENT_END.search(html, start + 4)
        return found.end() if found else None
    if html[start + 1 : start + 2].isalpha():
        return None  # a tag that is never closed
    end = html.find(b">", start)
    return end + 1 if end != -1 else None


def _tag(html: bytes, tag: re.Match[bytes], name: bytes) -> bytes:
    """Return a tag with its attributes in quotes; nothing for one of a strange name."""
    if not _NAME.match(name.removeprefix(b"/")):
        return b""
    kept: dict[bytes, bytes] = {}
    if not name.startswith(b"/"):
        for each in attributes(html, *tag.span(2)):
            value = (each[each.lastindex or 1] if (each.lastindex or 1) > 1 else b"") or b""
            if _NAME.match(each[1]):
                kept.setdefault(each[1].lower(), value.replace(b'"', b"&quot;"))
    written = b"".join(b' %b="%b"' % pair for pair in kept.items())
    return b"<%b%b>" % (name, written)
