"""SVG and MathML inside an HTML document, as far as they change what a tag means.

Owns: whether a tag belongs to foreign content (WHATWG HTML §13.2.6.5), where `<style>` and
`<title>` hold markup and `<![CDATA[` begins text.
Does not own: what tags mean in HTML (`html`), or a tree of elements: of the HTML elements inside an
integration point only those are followed that have the name of an open foreign element.
"""

import re
from collections import Counter
from enum import Enum
from typing import Final, NamedTuple

from proxy.links.tokenizer import RAW_TEXT, closes_itself

MAX_DEPTH: Final = 512
"""How deep elements are followed, as deep as browsers nest them; deeper ones are ignored."""

_BREAKOUT: Final = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img "
    b"li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    b"var".split()
)
"""Start tags that end foreign content wherever they stand in it (§13.2.6.5)."""

_CLOSES_AROUND: Final = (_BREAKOUT - {b"body", b"head"}) | frozenset(
    b"a td th tr tbody thead tfoot caption button form label section article header footer "
    b"main".split()
)
"""End tags that close an element around foreign content, and the foreign content with it. Without a
tree we assume that such an element is open."""

_NEVER_OPEN: Final = RAW_TEXT | frozenset(
    b"svg math area base br col embed frame hr img input link meta param source track wbr".split()
)
"""Start tags that leave no HTML element open: void, read up to their end tag, or foreign again."""

_HTML_INSIDE_SVG: Final = frozenset({b"foreignobject", b"desc", b"title"})
_TEXT_INSIDE_MATH: Final = frozenset({b"mi", b"mo", b"mn", b"ms", b"mtext"})
_STAYS_IN_MATH_TEXT: Final = frozenset({b"mglyph", b"malignmark"})
_FONT: Final = re.compile(rb"[\t\n\f\r /\"'](?:color|face|size)[\t\n\f\r =/>]", re.IGNORECASE)
_HTML_ENCODING: Final = re.compile(
    rb"[\t\n\f\r /]encoding[\t\n\f\r ]*=[\t\n\f\r ]*"
    rb"[\"']?(?:text/html|application/xhtml\+xml)[\"'\t\n\f\r />]",
    re.IGNORECASE,
)


class _Content(Enum):
    """What stands inside an open element."""

    FOREIGN = 0
    POINT = 1  # an integration point, where HTML may stand but does not yet
    HTML = 2


class _Open(NamedTuple):
    root: bytes
    name: bytes
    content: _Content


class Foreign:
    """The open elements of foreign content, outermost first."""

    def __init__(self) -> None:
        self.open: list[_Open] = []
        self._named: Counter[bytes] = Counter()
        self._html_inside = 0  # open elements in which HTML stands

    @property
    def has_cdata(self) -> bool:
        """Whether `<![CDATA[` begins text here."""
        return bool(self.open) and self.open[-1].content is not _Content.HTML

    def close(self) -> None:
        """Leave all foreign content."""
        self.open.clear()
        self._named.clear()
        self._html_inside = 0

    def enter(self, name: bytes, tail: bytes) -> None:
        """Open `svg` or `math`."""
        self._push(name, name, tail)

    def takes(self, name: bytes, tail: bytes) -> bool:
        """Follow a tag (the name of an end tag begins with "/").

        False if it means what it does in HTML.
        """
        if name.startswith(b"/"):
            return self._closes(name[1:])
        top = self.open[-1]
        in_text = top.content is _Content.POINT and top.name in _TEXT_INSIDE_MATH
        if top.content is not _Content.FOREIGN and not (in_text and name in _STAYS_IN_MATH_TEXT):
            self._opens_html(top, name)
            return False
        if top.name == b"annotation-xml" and name == b"svg":
            return False
        if name in _BREAKOUT or (name == b"font" and _FONT.search(tail)):
            self._break_out()
            return False
        self._push(top.root, name, tail)
        return True

    def _opens_html(self, top: _Open, name: bytes) -> None:
        """Note HTML inside an integration point.

        An element with the name of an open foreign one is followed, as the next end tag of that
        name closes it and not the foreign one.
        """
        if name in _NEVER_OPEN:
            return
        self.open[-1] = top._replace(content=_Content.HTML)
        if self._named[name] and len(self.open) < MAX_DEPTH:
            self._append(_Open(top.root, name, _Content.HTML))

    def _push(self, root: bytes, name: bytes, tail: bytes) -> None:
        if not closes_itself(tail) and len(self.open) < MAX_DEPTH:
            point = _integrates(root, name, tail)
            self._append(_Open(root, name, _Content.POINT if point else _Content.FOREIGN))

    def _append(self, opened: _Open) -> None:
        self.open.append(opened)
        self._named[opened.name] += 1
        self._html_inside += opened.content is not _Content.FOREIGN

    def _closes(self, name: bytes) -> bool:
        in_foreign = self.open[-1].content is _Content.FOREIGN
        if name in (b"p", b"br") and in_foreign:
            self._break_out()
            return False
        if not self._named[name]:
            if name in _CLOSES_AROUND and not self._html_inside:
                self.close()
            return False
        while self._pop() != name:
            pass
        return True

    def _break_out(self) -> None:
        while self.open and self.open[-1].content is _Content.FOREIGN:
            self._pop()

    def _pop(self) -> bytes:
        closed = self.open.pop()
        self._named[closed.name] -= 1
        self._html_inside -= closed.content is not _Content.FOREIGN
        return closed.name


def _integrates(root: bytes, name: bytes, tail: bytes) -> bool:
    if root == b"svg":
        return name in _HTML_INSIDE_SVG
    if name == b"annotation-xml":
        return bool(_HTML_ENCODING.search(tail))
    return name in _TEXT_INSIDE_MATH
