"""What other people's parsers make of a document: the destinations that its readers can open.

`html5lib` is the standard's reference in Python, lexbor (in selectolax) a fast parser in C, Ada the
URL parser of Node.js. None of them shares a line with ours.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

import ada_url
import html5lib
from html5lib.constants import DataLossWarning
from selectolax.lexbor import LexborHTMLParser

LINKS = {"a", "area"}
_TRIMMED = "".join(map(chr, range(0x21)))
_HTTP = re.compile(r"https?://", re.IGNORECASE)
_CONDITIONAL = re.compile(r"\[if[^\]>]*\]>(.*)", re.IGNORECASE | re.DOTALL)

TREE_BUILDER = {
    "select": "inside <select> older parsers drop all but options, newer ones do not",
    "frameset": "a frameset document has no body, so tree builders drop what stands there",
    "template": "the content of <template> is a document of its own to some parsers",
}
"""Elements whose content a tree builder may drop. We have none, and find those links as well."""

_BUILT = re.compile(rf"</?(?:{'|'.join(TREE_BUILDER)})(?=[\s/>])[^>]*>?", re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """An HTML document as other software decodes it; `codec` is Python's for its charset.

    `nested`: it belongs to a message inside the message, which is not ours to change.
    """

    text: str
    codec: str = "utf-8"
    nested: bool = False


@dataclass(frozen=True)
class Expected:
    """What readers can open in a document: what must be found, what may be found besides.

    `in_order` has an entry for every href that must be found, in an order of its own.
    """

    required: frozenset[str]
    allowed: frozenset[str]
    in_order: tuple[str, ...]
    parsers_differ: bool


def opened(value: str, codec: str = "utf-8") -> str | None:
    """Return the URL that a browser opens for an href, in its normal form; None if it is not http(s).

    A value that no browser opens keeps its own form, so that it is compared nevertheless.
    """
    url = re.sub(r"[\t\n\r]", "", value.strip(_TRIMMED))
    if not _HTTP.match(url):
        return None
    if codec != "utf-8":
        before, mark, rest = url.partition("?")
        query, hash_mark, fragment = rest.partition("#")
        if "#" not in before:
            url = before + mark + _in_codec(query, codec) + hash_mark + fragment
    try:
        return str(ada_url.URL(url).href)
    except (ValueError, UnicodeEncodeError):
        return url


def _in_codec(query: str, codec: str) -> str:
    """Encode a query as the URL standard does for a document that is not in UTF-8."""

    def encoded(found: re.Match[str]) -> str:
        try:
            return quote_from_bytes(found[0].encode(codec), safe="!$%&()*+,-./:;=?@[\\]^_`{|}~")
        except UnicodeEncodeError:
            return "".join(f"%26%23{ord(character)}%3B" for character in found[0])

    return re.sub(r"[^\x00-\x7f]", encoded, query)


def expected(document: Document) -> Expected:
    """Return what readers can open in a document, in a browser or in Outlook."""
    tree = _parse(document.text)
    browser = [*_hrefs(tree, LINKS)]
    outlook = [*_conditional_hrefs(tree)]
    html5 = _opened(browser, document)
    lexbor = _opened(_lexbor_hrefs(document.text), document)
    vml = _opened(_hrefs(tree, None), document)
    required = (html5 & lexbor) | _opened(outlook, document)
    in_order = (opened(value, document.codec) for value in browser + outlook)
    return Expected(
        frozenset() if document.nested else required,
        allowed=required | html5 | lexbor | vml | _without_tree_builder(document),
        in_order=tuple(url for url in in_order if url in required),
        parsers_differ=html5 != lexbor,
    )


def _opened(values: Iterable[str], document: Document) -> frozenset[str]:
    return frozenset(url for value in values if (url := opened(value, document.codec)))


def _parse(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataLossWarning)
        return html5lib.parse(text, treebuilder="etree")


def _hrefs(document: Any, names: set[str] | None) -> Iterator[str]:
    """Return the hrefs of elements of these names; of VML elements for None."""
    for node in document.iter():
        if not isinstance(node.tag, str) or "href" not in node.attrib:
            continue
        name = node.tag.rpartition("}")[2].lower()
        if name in names if names else name.startswith(("v:", "vu0003a")):
            yield node.attrib["href"]


def _lexbor_hrefs(text: str) -> Iterator[str]:
    for node in LexborHTMLParser(text).css("a[href],area[href]"):
        yield node.attributes.get("href") or ""


def _conditional_hrefs(document: Any) -> Iterator[str]:
    """Return the hrefs that only Outlook reads: comments for it are documents to it."""
    for node in document.iter():
        if isinstance(node.tag, str) or not (inside := _CONDITIONAL.match(node.text or "")):
            continue
        content = _parse(inside[1])
        yield from _hrefs(content, LINKS)
        yield from _hrefs(content, None)


def _without_tree_builder(document: Document) -> frozenset[str]:
    """Return what a parser finds once the elements of `TREE_BUILDER` are taken away."""
    if not _BUILT.search(document.text):
        return frozenset()
    return _opened(_hrefs(_parse(_BUILT.sub("", document.text)), LINKS), document)
