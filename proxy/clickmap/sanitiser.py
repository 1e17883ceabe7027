"""HTML that others wrote, made harmless, and links in it made into places to draw on.

Owns: which elements and attributes stay: what shows text, and nothing that loads, runs, asks or leads
anywhere. Pictures become boxes with their alternative texts.
Does not own: where tags begin and end (`plain_markup`), what is drawn, or the policy of the page that it
is shown on, which forbids the same once more (`page`).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Stylesheet, Tag

from proxy.clickmap.links import MARK, NoMap
from proxy.clickmap.plain_markup import plain

_SHOWN = frozenset(
    {
        "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote",
        "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "details",
        "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2",
        "h3", "h4", "h5", "h6", "header", "hr", "i", "ins", "kbd", "li", "main", "mark", "nav",
        "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong",
        "style", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
        "tt", "u", "ul", "var", "wbr",
    }
)  # fmt: skip
"""Elements that stay. Of all others their content does."""
_UNSEEN = frozenset(
    {
        "applet", "area", "audio", "base", "canvas", "datalist", "embed", "frame", "frameset",
        "iframe", "input", "link", "map", "math", "meta", "noembed", "noframes", "noscript",
        "object", "option", "param", "plaintext", "script", "select", "source", "svg",
        "template", "textarea", "title", "track", "video", "xmp",
    }
)  # fmt: skip
"""Elements that go with their content."""
_ATTRIBUTES = frozenset(
    {
        "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color",
        "cols", "colspan", "dir", "face", "headers", "height", "id", "lang", "noshade",
        "nowrap", "reversed", "rows", "rowspan", "rules", "scope", "size", "span", "start",
        "style", "summary", "title", "type", "valign", "value", "width",
    }
)  # fmt: skip
_LOADS = re.compile(
    r"@import[^;]*;?|@charset[^;]*;?|@namespace[^;]*;?"
    r"|(?:url|image(?:-set)?|src|element|expression|attr)\s*\([^)]*\)?",
    re.IGNORECASE,
)
_DECLARED = re.compile(r"(?:behavior|-moz-binding|position|z-index)\s*:[^;}]*", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_WORD_PX = 70
_LENGTH = re.compile(r"\d{1,4}(?:\.\d{1,2})?(?:px|%)?\Z")

MAX_DEPTH = 500
"""Newsletters are nested some dozens deep. To walk a tree takes time by the square of its depth."""

Draw = Callable[["FoundLink"], "Drawing"]
"""Returns what is drawn on a link."""


class FoundLink(NamedTuple):
    """A link of the document: the number of a tracked one, else where it leads."""

    number: int | None
    destination: str


class Drawing(NamedTuple):
    """What is drawn on a link: the style of the link itself, and a text behind it, with its style."""

    link_style: str
    text: str
    text_style: str
    title: str


def harmless(html: str, draw: Draw) -> str:
    """Return a fragment of HTML that shows what `html` does, with its links drawn on.

    Nothing of it loads anything, runs, or leads anywhere. Raises NoMap where it is nested too deeply.
    """
    markup = plain(html)
    if markup.depth > MAX_DEPTH:
        raise NoMap(f"its HTML is nested more than {MAX_DEPTH} deep")
    soup = BeautifulSoup(markup.html, "html.parser")
    for each in list(soup.descendants):
        if isinstance(each, PreformattedString | Stylesheet):
            _text(each)
    for tag in list(soup.find_all()):
        if not tag.decomposed:
            _element(tag, draw)
    return str(soup.decode(formatter="minimal"))


def _text(text: NavigableString) -> None:
    """Keep a style sheet, less what loads; comments, declarations and the like go."""
    if isinstance(text, Stylesheet):
        text.replace_with(Stylesheet(styles(str(text))))
    else:
        text.extract()


def _element(tag: Tag, draw: Draw) -> None:
    name = tag.name.lower()
    if name == "img":
        tag.replace_with(_box(tag))
    elif name in _UNSEEN:
        tag.decompose()
    elif name == "a":
        _link(tag, draw)
    elif name == "body":
        tag.name = "div"
        _attributes(tag)
    elif name not in _SHOWN:
        tag.unwrap()
    else:
        _attributes(tag)


def _attributes(tag: Tag) -> None:
    kept = {name: _value(tag, name) for name in tag.attrs if name.lower() in _ATTRIBUTES}
    tag.attrs.clear()
    tag.attrs.update(kept)


def _value(tag: Tag, name: str) -> str:
    value = tag.get_attribute_list(name)
    text = " ".join(str(each) for each in value if each is not None)
    return styles(text) if name.lower() == "style" else text


def styles(css: str) -> str:
    """Return style rules, or a list of declarations, less what loads, runs, or leaves its place.

    Escapes, by which names can be written otherwise, lose their backslash, and so their meaning.
    """
    text = _COMMENT.sub(" ", css.replace("\\", " ").replace("<", " "))
    return _DECLARED.sub("", _LOADS.sub("none", text))


def _link(tag: Tag, draw: Draw) -> None:
    """Make a link into a place that leads nowhere, and draw on it."""
    href = " ".join(str(each) for each in tag.get_attribute_list("href") if each is not None)
    _attributes(tag)
    if not href.strip():
        return
    number = href.removeprefix(MARK)
    is_tracked = href.startswith(MARK) and number.isascii() and number.isdigit()
    drawing = draw(FoundLink(int(number) if is_tracked else None, href.strip()))
    own = str(tag.get("style", "")).rstrip("; ")
    tag["style"] = f"{own};{drawing.link_style}" if own else drawing.link_style
    tag["title"] = drawing.title
    mark = Tag(name="span", attrs={"style": drawing.text_style})
    mark.string = drawing.text
    tag.extend((NavigableString(" "), mark))


def _box(image: Tag) -> PageElement:
    """Return a box of a picture's size with its alternative text; nothing for one that nobody sees."""
    width, height = (str(image.get(name) or "").strip() for name in ("width", "height"))
    if {width, height} & {"0", "1", "0px", "1px"}:
        return NavigableString("")
    box = Tag(name="span", attrs={"style": _box_style(width, height)})
    box.string = str(image.get("alt") or "").strip() or ("" if _is_small(width) else "picture")
    return box


def _is_small(width: str) -> bool:
    """Return whether no word fits into a box of this width."""
    found = _LENGTH.match(width)
    return found is not None and not width.endswith("%") and float(width.rstrip("px")) < _WORD_PX


def _box_style(width: str, height: str) -> str:
    sizes = [
        f"{name}:{size}{'' if size.endswith(('px', '%')) else 'px'}!important"
        for name, size in (("width", width), ("min-height", height))
        if _LENGTH.match(size)
    ]
    return ";".join([BOX_STYLE, *sizes])


BOX_STYLE = (
    "all:initial;display:inline-block;box-sizing:border-box;max-width:100%;padding:4px 8px;"
    "border:1px dashed #8b8f99;background:#eceef1;color:#444b55;font:12px/1.4 system-ui,sans-serif;"
    "vertical-align:middle;overflow:hidden"
)
