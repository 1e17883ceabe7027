"""Markup as nearly all mail writes it, passed over in one go up to a link.

Owns: a pattern of text, of tags that are no links, of comments, and of links, each in its usual form: names
of letters, values in double quotes, one space before an attribute, Outlook's conditional comments
around tags.
Does not own: the whole grammar (`tokenizer`), by which `html.Scanner` goes on wherever this one stops.

What is passed over here means what the scanner makes of it tag by tag. Time is linear: repeats never
give back what they matched. Where they do (`re` before Python 3.11.5, for what `tokenizer` says), they are
bounded, which takes a third longer.
"""

import re
import sys
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from proxy.links.tokenizer import in_any_case

FOR_OUTLOOK: Final = b"<!-->"
"""Group 1 where only some mail programs read what follows; else the mark after which all do."""

LINK: Final = 3
"""`lastindex` of a link: its name (group 2) and its href (3); its tag ends where the match does."""

VML_LINK: Final = 5
"""`lastindex` of a link alone in a conditional comment, to whose end the match goes: its name (group 4),
the rest of its tag (5), its href (6)."""

_IS_POSSESSIVE: Final = sys.version_info >= (3, 11, 5)


def _up_to(times: int) -> bytes:
    """Return a repeat without end, or one of so many times at most."""
    return b"*+" if _IS_POSSESSIVE else b"{0,%d}" % times


_SPACE: Final = rb"\t\n\f\r "
_PLAIN: Final = rb'"[^"]*+"'
_IN_COMMENT: Final = rb'"[^"-]*+(?:-[^"-]++)%b"' % _up_to(64)
"""A value that ends no comment: no hyphens stand side by side in it."""

_NO_LINK: Final = (
    rb"(?:[tT][a-df-hj-zA-DF-HJ-Z]|[b-hj-loqruwyzB-HJ-LOQRUWYZ]|[sS](?:[mpuMPU]|[tT][rR])"
    rb"|[iI][a-eg-zA-EG-Z]|[mM][b-zB-Z]|[pP](?:(?=[ >])|[rR][eE]))[0-9A-Za-z:]*+"
)
"""A name that is none of `tokenizer`'s: no link, no SVG, nothing whose content is text."""

_END: Final = rb"/[A-Za-z][0-9A-Za-z:]*+>"


def _tag(value: bytes) -> bytes:
    return rb"%b(?: [A-Za-z:-]++=%b)%b[%b/]*+>" % (_NO_LINK, value, _up_to(32), _SPACE)


_TAGS_IN_COMMENT: Final = rb"(?:[^<-]*+<(?:%b|%b))%b" % (_END, _tag(_IN_COMMENT), _up_to(64))
_TEXT_IN_COMMENT: Final = _TAGS_IN_COMMENT + rb"[^<-]*+"
_BEGINS: Final = rb"!--\[if[^\]>]*+\]>" + _TEXT_IN_COMMENT
_CONDITIONAL: Final = rb"(?:%b|!--(?=<!\[))(<!-->|<!\[endif\]-->)" % _BEGINS
_COMMENT: Final = rb"!-- *+[0-9A-Za-z=*][^-]*+(?:-[^-]++)%b-->" % _up_to(64)
_PASSED: Final = rb"(?:[^<]*+<(?:%b|%b|%b|%b))%b[^<]*+" % (
    *(_END, _tag(_PLAIN), _CONDITIONAL, _COMMENT),
    _up_to(128),
)


@lru_cache(maxsize=32)
def up_to_link(without: frozenset[bytes] = frozenset()) -> re.Pattern[bytes]:
    """Return a pattern that passes over usual markup, up to and with a link that has an href.

    None of its attributes is one in `without`, in lower case. It matches anywhere in HTML that is
    neither in a comment nor in SVG or MathML, if only nothing.
    """
    link = b"([aA])" + _tail(_PLAIN, without)
    vml = b"([vV]:[0-9A-Za-z]++)(%b)" % _tail(_IN_COMMENT, without)
    whole = rb"%b<%b%b<!\[endif\]-->" % (_BEGINS, vml, _TEXT_IN_COMMENT)
    return re.compile(rb"%b(?:<(?:%b|%b))?" % (_PASSED, link, whole))


def _tail(value: bytes, without: frozenset[bytes]) -> bytes:
    """Return a pattern of the rest of a tag, in which the value of its href is a group."""
    others = _one_of({name + b"=" for name in (b"href", *without)})
    few = b"{0,32}+" if _IS_POSSESSIVE else b"{0,32}"  # a link with many is the scanner's to judge
    pair = rb"(?:[%b]++(?!%b)[0-9A-Za-z_:.-]++=%b)%b" % (_SPACE, others, value, few)
    href = rb'[%b]++%b="(%b)"' % (_SPACE, in_any_case(b"href"), value[1:-1])
    return rb"%b%b%b[%b/]*+>" % (pair, href, pair, _SPACE)


def _one_of(texts: Collection[bytes]) -> bytes:
    """Return a pattern of any of these, in any case, that looks at what they begin with once."""
    if len(texts) == 1:
        return in_any_case(*texts)
    firsts = sorted({text[:1] for text in texts})
    rests = [{text[1:] for text in texts if text.startswith(first)} for first in firsts]
    branches = map(bytes.__add__, map(in_any_case, firsts), map(_one_of, rests))
    return b"(?:%b)" % b"|".join(branches)
