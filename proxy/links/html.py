"""The links of an HTML document as a browser finds them, as spans of octets.

Owns: which tags of a document are links (`a` and `area`, and `v:*` inside Outlook's conditional
comments), and where their href values stand.
Does not own: the grammar of tags (`tokenizer`, and in one go what most mail has of it, `usual_markup`),
SVG and MathML (`foreign_content`), the text of a link (`labels`), character references
(`character_references`), charsets (`charsets`), URLs (`urls`), or which links are tracked (`policy`).

This is WHATWG tokenization (HTML §13.2.5) without a tree builder, so links that only a tree builder
would drop are found here (`<a>` inside `<select>`, a frameset document). Time is linear in the size
of the document, whatever its octets are.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from proxy.links import tokenizer, usual_markup
from proxy.links.character_references import decode
from proxy.links.foreign_content import Foreign
from proxy.message.limits import MAX_ATTRIBUTES, MAX_HREFS
from proxy.message.work_budget import spend

_STRETCH_STEPS: Final = 6
_TAIL_OCTETS_A_STEP: Final = 16
_QUOTES: Final = {ord('"'): '"', ord("'"): "'"}
_LINKS: Final = frozenset({b"a", b"area"})
_FOREIGN: Final = frozenset({b"svg", b"math"})
_NO_ATTRIBUTES: Final[Mapping[str, str]] = {}  # no `MappingProxyType`, which cannot be copied


class Href(NamedTuple):
    """One href that is not empty. Offsets are octets of the document, half open.

    `start:end` is the raw value, without its `quote` (`"`, `'`, or none). `value` is that value as
    the HTML tokenizer reads it. `element` is the name of the tag. `attributes` has those attributes
    that were asked for, names in lower case, values decoded; of several with one name the first.
    The tag stands at `tag_start:content_start`.
    """

    start: int
    end: int
    value: str
    quote: str
    element: str
    attributes: Mapping[str, str]
    tag_start: int
    content_start: int


def links(
    html: bytes, charset: str = "utf-8", wanted: frozenset[bytes] = frozenset()
) -> list[Href]:
    """Return every href of `html`, in order, whatever its scheme, at most `limits.MAX_HREFS`.

    Never raises, whatever the octets are. `charset` is a Python codec in which the octets of markup
    are ASCII (`HtmlView.charset`); `wanted` are the names of attributes to read, in lower case.
    """
    scanner = Scanner(html, charset, wanted)
    scanner.run()
    return scanner.found


class Scanner:
    """One pass over a document that finds its links. A subclass may look at more tags.

    `next_tag` finds the next tag that `read_tag` is called for; with `passes_usual`, usual markup goes by
    without a call (`usual_markup`). `limit` is where the stretch that is being read ends: at the end of
    the document, or of a conditional comment. `conditional`: only some mail programs read this stretch,
    as Outlook's conditional comments say.
    """

    next_tag = tokenizer.NEXT
    passes_usual = True

    def __init__(self, html: bytes, charset: str, wanted: frozenset[bytes] = frozenset()) -> None:
        self.html = html
        self.charset = charset
        self.wanted = wanted
        self._values: dict[bytes, str] = {}
        self.found: list[Href] = []
        self.limit = len(html)
        self.conditional = False
        self.foreign = Foreign()

    def run(self) -> None:
        """Read the whole document."""
        html, position, foreign = self.html, 0, self.foreign
        while len(self.found) < MAX_HREFS:
            spend(_STRETCH_STEPS)
            if self.passes_usual and self.limit == len(html) and not foreign.open:
                position = self._usual(position)
                if len(self.found) >= MAX_HREFS:
                    return
            pattern = tokenizer.EVERY if foreign.open else self.next_tag
            found = pattern.match(html, position, self.limit)
            if found is not None and (end := found.end()) > position:
                if found.lastindex == 1:
                    position = self._declaration(found.start(1))
                else:
                    position = self.read_tag(found) if found.lastindex else end
                if position < self.limit:
                    continue
            if self.limit == len(html):
                return
            position = self._leave_comment()

    def _leave_comment(self) -> int:
        position, self.limit = self.limit, len(self.html)
        self.foreign.close()
        return position

    def read_tag(self, tag: re.Match[bytes]) -> int:
        """Read a tag, a match of `next_tag`; return the offset to go on from."""
        name = tag[2].lower()
        if self.foreign.open and self.foreign.takes(name, tag[3]):
            if name in _LINKS:
                self._link(tag, name.decode("ascii"))
        elif name in _LINKS or (self.conditional and name.startswith(b"v:")):
            self._link(tag, name.decode("ascii", "replace"))
        elif name in tokenizer.RAW_TEXT:
            end = tokenizer.raw_text_end(self.html, name, tag.end(), self.limit)
            closing = tokenizer.TAG.match(self.html, end, self.limit)
            return closing.end() if closing else end
        elif name == b"plaintext":
            return self.limit
        elif name in _FOREIGN:
            self.foreign.enter(name, tag[3])
        return tag.end()

    def _usual(self, position: int) -> int:
        """Pass over usual markup, and note its links; return the offset to go on from."""
        html, found, known = self.html, self.found, self._values.get
        pass_over = usual_markup.up_to_link(self.wanted).match
        while (passed := pass_over(html, position)) is not None:
            position, kind = passed.end(), passed.lastindex
            if kind is None:
                break
            if (mark := passed[1]) is not None:
                self.conditional = mark == usual_markup.FOR_OUTLOOK
            if kind == usual_markup.LINK:
                element, named, href, end = "a", 2, 3, position
            elif kind == usual_markup.VML_LINK:
                element, named, href, end = passed[4].lower().decode("ascii"), 4, 6, passed.end(5)
                self.conditional = False
            else:
                break
            octets = passed[href]
            if octets:
                start, stop = passed.span(href)
                value, tag_start = known(octets) or self._value(octets), passed.start(named) - 1
                found.append(Href(start, stop, value, '"', element, _NO_ATTRIBUTES, tag_start, end))
                if len(found) >= MAX_HREFS:
                    break
            spend(_STRETCH_STEPS)
        return position

    def _link(self, tag: re.Match[bytes], element: str) -> None:
        """Note the href of a link, if it has one, and those of its attributes that are wanted."""
        attributes: dict[str, str] = {}
        start = end = count = 0
        value = None
        tail_start, tail_end = tag.span(3)
        spend((tail_end - tail_start) // _TAIL_OCTETS_A_STEP)
        for name, at, octets in tokenizer.values(self.html, tail_start, tail_end):
            count += 1
            if name == b"href":
                if value is None:
                    start, end = at, at + len(octets)
                    value = self._value(octets)
            elif name in self.wanted:
                text = name.decode("ascii", "replace")
                if text not in attributes:
                    attributes[text] = self._value(octets)
        if value is not None and start < end and (count <= MAX_ATTRIBUTES or self._is_sane(tag)):
            quote, tag_start = _QUOTES.get(self.html[start - 1], ""), tag.start(2) - 1
            self.found.append(
                Href(start, end, value, quote, element, attributes, tag_start, tail_end)
            )

    def _is_sane(self, tag: re.Match[bytes]) -> bool:
        """Whether a tag has no more attributes than tags have; one that is given again does not count."""
        names = {each[1].lower() for each in tokenizer.attributes(self.html, *tag.span(3))}
        return len(names) <= MAX_ATTRIBUTES

    def _value(self, octets: bytes) -> str:
        """Return the value of an attribute as the HTML tokenizer reads it. Many stand there twice."""
        value = self._values.get(octets)
        if value is None:
            value = self._values[octets] = decode(octets.decode(self.charset, "replace"))
        return value

    def _declaration(self, mark: int) -> int:
        """Read what begins with `<!`, `<?` or `</` and is no end tag, from its second octet on.

        Returns the offset to go on from.
        """
        found = tokenizer.DECLARATION.match(self.html, mark, self.limit)
        kind = found.lastgroup if found else None
        if found is None or kind is None:
            return self._after(b">", mark)
        if kind in ("endif", "revealed_endif"):
            self.conditional = False
        elif kind in ("condition", "revealed"):
            self.conditional = True
        elif kind == "cdata" and self.foreign.has_cdata:
            return self._after(b"]]>", found.end())
        elif kind == "empty":
            return found.end()
        if kind in ("condition", "endif", "comment"):
            return self._comment(found.end(), enter=kind == "condition")
        return self._after(b">", mark)

    def _after(self, end: bytes, start: int) -> int:
        at = self.html.find(end, start, self.limit)
        return at + len(end) if at >= 0 else self.limit

    def _comment(self, start: int, *, enter: bool) -> int:
        """Pass over a comment, or enter it if it is one for Outlook; `start` lies in its text."""
        if self.limit < len(self.html):  # inside a comment: this one can only end with it
            return start if enter else self.limit
        closed = tokenizer.COMMENT_END.search(self.html, start)
        if closed is None:
            return self.limit
        if not enter or self.foreign.open:
            return closed.end()
        self.limit = closed.start()
        return start
