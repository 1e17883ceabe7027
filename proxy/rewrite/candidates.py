"""The links of one part, HTML or plain text, each with what the policy says of it.

Owns: going from the octets of a part to destinations and decisions, and the changes whose text is
known beforehand (a scheme's `+notrack` taken away, URL parameters on links that are not tracked).
Does not own: finding hrefs and URLs (`proxy.links.html`, `proxy.links.plaintext`), deciding
(`proxy.policy.decide`), or what the encoding allows (`part_planner`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from proxy.links.character_references import encode
from proxy.links.charsets import HtmlView
from proxy.links.html import Href, links
from proxy.links.labels import NAMES as LABEL_NAMES
from proxy.links.labels import label
from proxy.links.plaintext import urls
from proxy.links.urls import destination
from proxy.message.editing import Edit
from proxy.message.work_budget import spend
from proxy.policy.decide import Decision, MessageFacts, decide
from proxy.policy.directives import LinkDirectives
from proxy.policy.link_conventions import NOTRACK_DIALECT
from proxy.policy.reasons import AUTHORS, Skip
from proxy.policy.settings import Policy

_NOTRACK = re.compile(r"[\x00-\x20]*https?(\+notrack):", re.IGNORECASE)
_NOTRACK_RAW = re.compile(rb"[\x00-\x20]*https?(\+notrack):", re.IGNORECASE)
_NOTRACK_TEXT = re.compile(
    rb"(?<![!-;=?-~])(https?)(\+notrack)(://[!#-;=?-~]*[#-&*+/-9=A-Z_a-z~-])", re.IGNORECASE
)
_LABELS = frozenset(name.encode() for name in LABEL_NAMES)
_HTTP = re.compile(r"[\x00-\x20]*https?:(?=[^\x00-\x20])", re.IGNORECASE)
_LINK_STEPS = 40
"""Of work (`effort`): to decide on a link, track it and tell of it."""
_URL_OCTETS_A_STEP = 8
_NOTRACK_STEPS = 10
_FRAGMENT = re.compile(rb"(?<!&)#")
_TRAILING = bytes(range(0x21))
"""What browsers trim from the ends of an URL: C0 controls and space (WHATWG URL)."""


class FoundLink(NamedTuple):
    """One http(s) link: where it stands, where it leads, what the policy says.

    `literal` are the edits to make if it is not tracked; all offsets are into the view. `label`
    gives what people read on it.
    """

    start: int
    end: int
    destination: str
    decision: Decision
    label: Callable[[], str]
    literal: tuple[Edit, ...] = ()
    is_vml: bool = False


def in_html(view: HtmlView, policy: Policy, facts: MessageFacts) -> list[FoundLink]:
    """Return every http(s) link of an HTML document, in order."""
    found = list(_in_html(view, policy, facts))
    return list(_with_twins(found)) if any(map(_is_vml, found)) else found


_is_vml = attrgetter("is_vml")


def _with_twins(found: Sequence[FoundLink]) -> Iterator[FoundLink]:
    """Leave the twin that a button has for Outlook alone, too, where its author opted out."""
    skips = {each.destination: each.decision.skip for each in found if not each.is_vml}
    tracked = {each.destination for each in found if not (each.is_vml or each.decision.skip)}
    for each in found:
        skip = skips.get(each.destination)
        if each.is_vml and skip in AUTHORS and each.destination not in tracked:
            skip = each.decision.skip or skip
            yield each._replace(decision=Decision(skip, each.decision.group, ""), literal=())
        else:
            yield each


def _in_html(view: HtmlView, policy: Policy, facts: MessageFacts) -> Iterator[FoundLink]:
    postal = NOTRACK_DIALECT in policy.dialects
    wanted = policy.rules.octet_names | _LABELS
    for href in links(view.html, view.charset, wanted):
        value = href.value
        spend(_LINK_STEPS + len(value) // _URL_OCTETS_A_STEP)
        notrack = _NOTRACK.match(value) if postal and "+" in value else None
        if notrack:
            value = value[: notrack.start(1)] + value[notrack.end(1) :]
        if url := destination(value, view.url_charset):
            directives = policy.rules.directives(href.attributes)
            if notrack and directives.skip is None:
                directives = replace(directives, skip=Skip.NOTRACK_SCHEME)
            text = partial(label, view.html, href, view.charset)
            decision = decide(policy, facts, directives, url, text)
            literal: tuple[Edit, ...] = ()
            if notrack or decision.params:
                literal = _literal(view.html, href, decision.params, has_notrack=bool(notrack))
            is_vml = href.element.startswith("v:")
            yield FoundLink(href.start, href.end, url, decision, text, literal, is_vml)
        elif _HTTP.match(value):
            # Clients would differ on where it leads: it is found, but nobody can track it.
            unknown = Decision(Skip.AMBIGUOUS, value, "")
            yield FoundLink(href.start, href.end, value.strip(), unknown, str)


def in_text(
    view: HtmlView,
    params: Mapping[str, str],
    policy: Policy,
    facts: MessageFacts,
    opted_out: Mapping[str, Skip],
) -> list[FoundLink]:
    """Return every URL of a plain text, in order; `params` are those of its Content-Type."""
    flowed, delsp = (params.get(name, "").lower() for name in ("format", "delsp"))
    found = []
    for start, end, value in urls(view.html, flowed=flowed == "flowed", delsp=delsp == "yes"):
        spend(_LINK_STEPS + len(value) // _URL_OCTETS_A_STEP)
        url = destination(value, view.url_charset) or value
        decision = decide(policy, facts, LinkDirectives(opted_out.get(url)), url, str)
        found.append(FoundLink(start, end, url, decision, str))
    if NOTRACK_DIALECT in policy.dialects:
        found += _notrack_in_text(view.html)
    return sorted(found, key=lambda each: each.start)


def _notrack_in_text(text: bytes) -> Iterator[FoundLink]:
    for match in _NOTRACK_TEXT.finditer(text):
        spend(_NOTRACK_STEPS)
        url = (match[1] + match[3]).decode("ascii")
        literal = (Edit(*match.span(2), b""),)
        yield FoundLink(*match.span(), url, Decision(Skip.NOTRACK_SCHEME, url, ""), str, literal)


def _literal(html: bytes, href: Href, params: str, *, has_notrack: bool) -> tuple[Edit, ...]:
    """Return what changes in a link that is not tracked."""
    without = _without_notrack(html, href) if has_notrack else []
    return (*without, *(_with_params(html, href, params) if params else ()))


def _without_notrack(html: bytes, href: Href) -> list[Edit]:
    found = _NOTRACK_RAW.match(html, href.start, href.end)
    return [Edit(*found.span(1), b"")] if found else []


def _with_params(html: bytes, href: Href, addition: str) -> list[Edit]:
    """Insert parameters into a value as it stands, where that surely gives the same URL.

    A fragment's mark that is written as a character reference is not looked for.
    """
    raw = html[href.start : href.end]
    mark = _FRAGMENT.search(raw)
    if mark is None and "#" in href.value:
        return []
    at = href.start + (mark.start() if mark else len(raw.rstrip(_TRAILING)))
    return [Edit(at, at, encode(addition, href.quote).encode("ascii"))]
