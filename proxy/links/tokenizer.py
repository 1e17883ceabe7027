"""The grammar of HTML markup on octets: tags, attributes, comments and raw text.

Owns: regular expressions for WHATWG HTML §13.2.5, in any charset whose markup is ASCII.
Does not own: what tags mean (`html`, `foreign_content`), or character references
(`character_references`).

Every expression runs in linear time and bounded memory, because a repeat that may be long is
possessive: it never gives back what it matched. `re` before Python 3.11.5 continues at the wrong
place when the last, failed turn of a possessive group had matched or looked at something (CPython
issues 106052 and 100061). So each possessive group here fails at its first octet or not at all;
where that is impossible, the repeat is bounded instead.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from proxy.message.work_budget import spend

_SPACE: Final = rb"\t\n\f\r "
_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz")

# Everything from the end of a tag's name to its ">". A value that is never closed takes the rest of
# the document, so that no ">" follows and the tag is none. The first branch of _OPEN_TAIL is the
# usual attribute, for speed (it saves a third of the time); the last one is the whole grammar.
_ATTRIBUTE: Final = (
    rb"[^%(s)s/>][^%(s)s/>=]*+(?:[%(s)s]*+=[%(s)s]*+"
    rb"(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^%(s)s>\"'][^%(s)s>]*+)?)?"
) % {b"s": _SPACE}
_OPEN_TAIL: Final = rb"(?: [A-Za-z-]++=\"[^\"]*+\"|[%s/]++|%s)*+" % (_SPACE, _ATTRIBUTE)
_TAIL: Final = _OPEN_TAIL + b">"

_NAME: Final = rb"[A-Za-z][^%s/>]*+" % _SPACE

RAW_TEXT: Final = frozenset(
    {b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes"}
)
"""Elements whose content is text up to their own end tag. `noscript` is not: mail programs run no
scripts."""


def in_any_case(name: bytes) -> bytes:
    """Return a pattern for a name in lower case, or in any other: sooner found than by `(?i)`."""
    return b"".join(
        b"[%c%c]" % (octet, octet - 32) if octet in _LETTERS else re.escape(bytes((octet,)))
        for octet in name
    )


_WATCHED: Final = b"(?:%s|[vV]:)" % b"|".join(
    b"%s[%s/>]" % (in_any_case(name), _SPACE)
    for name in (b"a", b"area", b"svg", b"math", b"plaintext", *sorted(RAW_TEXT))
)


def _next(passed_end: bytes, name: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"(?:[^<]*+<(?:(?:%(passed_end)s|(?!%(watched)s))%(any)s(?:>|%(tail)s)|(?![A-Za-z!?/])))"
        rb"{0,64}[^<]*+(?:<(?:([!?]|/(?![A-Za-z]))|(%(name)s)(%(tail)s)))?"
        % {
            b"any": _NAME,
            b"name": name,
            b"passed_end": passed_end,
            b"tail": _TAIL,
            b"watched": _WATCHED,
        }
    )


NEXT: Final = _next(b"/", _NAME)
"""Text and tags that are no links, then `<!`, `<?` or `</` (group 1), or a start tag that matters:
its name (2) and its rest (3).

Matches at most 64 tags that do not matter; an empty match means that no markup can follow.
"""

NEXT_OR_BODY_END: Final = _next(b"/(?!%s[%s/>])" % (in_any_case(b"body"), _SPACE), b"/?" + _NAME)
"""Like `NEXT`, but stops at the end tags of `body`, too (their "/" is in group 2)."""

EVERY: Final = re.compile(
    rb"[^<]*+(?:<(?:([!?]|/(?![A-Za-z]))|(/?%(name)s)(%(tail)s)|(?![A-Za-z!?/])))?"
    % {b"name": _NAME, b"tail": _TAIL}
)
"""Like `NEXT`, but stops at every tag, also at end tags (their "/" is in group 2)."""

TAG: Final = re.compile(rb"<(/?%(name)s)(%(tail)s)" % {b"name": _NAME, b"tail": _TAIL})
"""One whole tag: its name (group 1), the rest to its ">" (2)."""

TAG_OR_REST: Final = re.compile(rb"<(/?%s)(%s(?:>|\Z))" % (_NAME, _OPEN_TAIL))
"""Like `TAG`, in a document that was cut off: a tag that is never closed takes the rest."""

# The last branch takes space at the end, which would else be tried again from each of its octets.
WHOLE_ATTRIBUTE: Final = re.compile(
    rb"[%(s)s/]*+([^%(s)s/>][^%(s)s/>=]*+)"
    rb"(?:[%(s)s]*+=[%(s)s]*+(?:\"([^\"]*+)|'([^']*+)|([^%(s)s>\"'][^%(s)s>]*+))?[\"']?)?"
    rb"|[%(s)s/]++" % {b"s": _SPACE}
)
"""One attribute within the rest of a tag: its name (group 1); its value, quoted or not (2, 3 or 4).

`lastindex` is the group of the value, 1 for an attribute without one, None for what is none.
"""

_NAME_OCTETS: Final = b"0-9A-Za-z_:.-"
_PLAIN: Final = re.compile(rb"([%s]++)([%s]++)=\"([^\"]*+)\"" % (_SPACE, _NAME_OCTETS))
_PLAIN_OCTETS: Final = 4096

DECLARATION: Final = re.compile(
    rb"!--(?:(?P<empty>-?>)|(?P<condition>\[if[^\]>]*\]>)"
    rb"|(?P<endif>\s{0,8}(?:<!)?\[endif\])|(?P<comment>))"
    rb"|!(?:(?P<revealed>\[if[^\]>]*\])|(?P<revealed_endif>\[endif\])|(?P<cdata>(?-i:\[CDATA\[)))",
    re.IGNORECASE,
)
"""After `<`: comments, and the conditional comments of Outlook. Any other `<!` has no group."""

COMMENT_END: Final = re.compile(rb"--!?>")

_SCRIPT: Final = re.compile(rb"<!--|-->|<(/?)[sS][cC][rR][iI][pP][tT](?=[%s/>])" % _SPACE)
_RAW_END: Final = {
    name: re.compile(rb"</%s(?=[%s/>])" % (in_any_case(name), _SPACE)) for name in RAW_TEXT
}


def usual_tail(name: bytes) -> re.Pattern[bytes]:
    """Return a pattern for the rest of a tag as most are: the value of its attribute `name` is group 1.

    All its values are in double quotes; `name` is in lower case.
    """
    in_case = in_any_case(name)
    pair = rb"[%b]++(?!%b=)[%b]++=\"[^\"]*+\"" % (_SPACE, in_case, _NAME_OCTETS)
    asked = rb"[%b]++%b=\"([^\"]*+)\"" % (_SPACE, in_case)
    return re.compile(rb"(?:%b){0,32}%b(?:%b){0,32}[%b/]*+>" % (pair, asked, pair, _SPACE))


Attribute = tuple[bytes, int, bytes]
"""A name in lower case, where its value begins, and the value; 0 and nothing where it has none."""


def values(html: bytes, start: int, end: int) -> Iterable[Attribute]:
    """Return the attributes in `html[start:end]`, the rest of a tag with its ">", in order."""
    plain = _plain_values(html, start, end) if end - start <= _PLAIN_OCTETS else None
    return _all_values(html, start, end) if plain is None else plain


def _plain_values(html: bytes, start: int, end: int) -> list[Attribute] | None:
    """Return them where all are of the usual form, found in one go; else None."""
    found, at = [], start
    for space, name, value in _PLAIN.findall(html, start, end):
        at += len(space) + len(name) + len(b'="')
        found.append((name.lower(), at, value))
        at += len(value) + 1
    return found if at == end - 1 else None  # else something was passed over


def _all_values(html: bytes, start: int, end: int) -> Iterator[Attribute]:
    for attribute in WHOLE_ATTRIBUTE.finditer(html, start, end):
        group = attribute.lastindex
        if group is not None:
            has_value = group > 1
            at, value = (attribute.start(group), attribute[group]) if has_value else (0, b"")
            yield attribute[1].lower(), at, value


def attributes(html: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
    """Yield a match for each attribute in `html[start:end]`, the rest of a tag.

    Group 1 is its name; `lastindex` is the group of its value, or 1 if it has none.
    """
    for attribute in WHOLE_ATTRIBUTE.finditer(html, start, end):
        spend(1)
        if attribute.lastindex:
            yield attribute


def closes_itself(tail: bytes) -> bool:
    """Whether the rest of a tag ends with "/>", and the slash is not part of an unquoted value."""
    end = 0
    if tail.endswith(b"/>"):
        for attribute in attributes(tail, 0, len(tail)):
            end = attribute.end()
    return tail.endswith(b"/>") and end < len(tail) - 1


def raw_text_end(html: bytes, name: bytes, start: int, end: int) -> int:
    """Return the offset of the end tag of a raw text element whose content begins at `start`.

    `end` if it has none: the element then takes everything up to there.
    """
    if name == b"script":
        return _script_end(html, start, end)
    found = _RAW_END[name].search(html, start, end)
    return found.start() if found else end


def _script_end(html: bytes, start: int, end: int) -> int:
    """Follow the escaped states of script data (WHATWG HTML §13.2.5.15 to 31)."""
    escaped = double = False
    position = start
    while found := _SCRIPT.search(html, position, end):
        position = found.end()
        if found[0] == b"<!--":
            if not escaped:
                escaped = True
                position -= 2  # its dashes may be part of "-->", too
        elif found[0] == b"-->":
            escaped = double = False
        elif found[1] and not double:
            return found.start()
        elif escaped:
            double = not found[1]
    return end
