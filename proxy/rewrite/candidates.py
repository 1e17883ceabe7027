"""The links of one part, HTML or plain text, each with what the policy says of it.

Owns: going from the octets of a part to destinations and decisions, and the changes whose text is
known beforehand (a scheme's `+notrack` taken away, URL parameters on links that are not tracked).
Does not own: finding hrefs and URLs (`proxy.links.html`, `proxy.links.plaintext`), deciding
(`proxy.policy.decide`), or what the encoding allows (`part_planner`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from proxy.links.character_references import encode
from proxy.links.charsets import HtmlView
from proxy.links.html import Href, links
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
_HTTP = re.compile(r"[\x00-\x20]*https?:(?=[^\x00-\x20])", re.IGNORECASE)
_LINK_STEPS = 40
"""Of work (`effort`): to decide on a link, track it and tell of it."""
_URL_OCTETS_A_STEP = 8
_NOTRACK_STEPS = 10
_FRAGMENT = re.compile(rb"(?<!&)#")
_TRAILING = bytes(range(0x21))
"""What browsers trim from the ends of an URL: C0 controls and space (WHATWG URL)."""


class FoundLink(NamedTuple):
    """One http(s) link: where it stands in the view, where it leads, what the policy says.

    `has_notrack`: its scheme says `+notrack`, which is taken away.
    """

    href: Href
    destination: str
    decision: Decision
    has_notrack: bool = False

    @property
    def is_vml(self) -> bool:
        """Whether it is an element that only Outlook shows."""
        return self.href.element.startswith("v:")

    def literal(self, view: HtmlView) -> Sequence[Edit]:
        """Return what changes if it is not tracked: a scheme, URL parameters."""
        if not (self.has_notrack or self.decision.params):
            return ()
        without = _without_notrack(view.html, self.href) if self.has_notrack else []
        return [*without, *_with_params(view.html, self.href, self.decision.params)]


def in_html(view: HtmlView, policy: Policy, facts: MessageFacts) -> list[FoundLink]:
    """Return every http(s) link of an HTML document, in order.

    What leads to one place, and asks for nothing in its attributes, is decided once: an image and its
    title, a button and its twin for Outlook.
    """
    found: list[FoundLink] = []
    known: dict[str, FoundLink] = {}
    remembers = policy.visible_urls == "track"  # else a link's own text counts
    opted_out = False
    hrefs = links(view.html, view.charset, policy.rules.octet_names)
    steps = [len(href.value) // _URL_OCTETS_A_STEP for href in hrefs]
    spend(_LINK_STEPS * len(hrefs) + sum(steps))
    for href in hrefs:
        silent = not href.attributes
        if silent and (same := known.get(href.value)) is not None:
            found.append(FoundLink(href, same.destination, same.decision, same.has_notrack))
        elif (each := _decided(href, view, policy, facts)) is not None:
            found.append(each)
            opted_out = opted_out or each.decision.skip in AUTHORS
            if remembers and silent:
                known[href.value] = each
    return list(_with_twins(found)) if opted_out else found


def _with_twins(found: Sequence[FoundLink]) -> Iterator[FoundLink]:
    """Leave the twin that a button has for Outlook alone, too, where its author opted out."""
    skips = {each.destination: each.decision.skip for each in found if not each.is_vml}
    tracked = {each.destination for each in found if not (each.is_vml or each.decision.skip)}
    for each in found:
        skip = skips.get(each.destination)
        if each.is_vml and skip in AUTHORS and each.destination not in tracked:
            skip = each.decision.skip or skip
            decision = Decision(skip, each.decision.group, "")
            yield FoundLink(each.href, each.destination, decision)
        else:
            yield each


def _decided(href: Href, view: HtmlView, policy: Policy, facts: MessageFacts) -> FoundLink | None:
    """Return what becomes of an href; None for one that is no link of http(s)."""
    value = href.value
    notrack = None
    if "+" in value and NOTRACK_DIALECT in policy.dialects:
        notrack = _NOTRACK.match(value)
    if notrack:
        value = value[: notrack.start(1)] + value[notrack.end(1) :]
    if url := destination(value, view.url_charset):
        directives = policy.rules.directives(href.attributes)
        if notrack and directives.skip is None:
            directives = replace(directives, skip=Skip.NOTRACK_SCHEME)
        is_read = policy.visible_urls == "skip"
        text = partial(label, view.html, href, view.charset) if is_read else str
        decision = decide(policy, facts, directives, url, text)
        return FoundLink(href, url, decision, notrack is not None)
    if _HTTP.match(value):
        # Clients would differ on where it leads: it is found, but nobody can track it.
        return FoundLink(href, value.strip(), Decision(Skip.AMBIGUOUS, value, ""))
    return None


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
        found.append(FoundLink(bare(start, end, value), url, decision))
    if NOTRACK_DIALECT in policy.dialects:
        found += _notrack_in_text(view.html)
    return sorted(found, key=lambda each: each.href.start)


def bare(start: int, end: int, value: str) -> Href:
    """Return what stands in no attribute, such as a URL in plain text, as what an href would be."""
    return Href(start, end, value, "", "", {}, start, end)


def _notrack_in_text(text: bytes) -> Iterator[FoundLink]:
    for match in _NOTRACK_TEXT.finditer(text):
        spend(_NOTRACK_STEPS)
        url = (match[1] + match[3]).decode("ascii")
        href = bare(*match.span(), url)
        yield FoundLink(href, url, Decision(Skip.NOTRACK_SCHEME, url, ""), has_notrack=True)


def _without_notrack(html: bytes, href: Href) -> list[Edit]:
    found = _NOTRACK_RAW.match(html, href.start, href.end)
    return [Edit(*found.span(1), b"")] if found else []


def _with_params(html: bytes, href: Href, addition: str) -> list[Edit]:
    """Insert parameters into a value as it stands, where that surely gives the same URL.

    A fragment's mark that is written as a character reference is not looked for.
    """
    if not addition:
        return []
    raw = html[href.start : href.end]
    mark = _FRAGMENT.search(raw)
    if mark is None and "#" in href.value:
        return []
    at = href.start + (mark.start() if mark else len(raw.rstrip(_TRAILING)))
    return [Edit(at, at, encode(addition, href.quote).encode("ascii"))]
