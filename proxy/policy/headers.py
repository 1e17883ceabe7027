"""What the headers of one message ask for: switches, campaign, person, consent, List-Unsubscribe.

Owns: reading the headers that count (our own, and those of the enabled dialects) in one pass over
the message into one value; which of several wins (an off beats every on); and what follows for the
whole message, given the default.
Does not own: what one header's value means (`header_conventions`), or single links (`directives`).

Whether a link is tracked is decided in this order: `enabled = false`, which nothing lifts; an
opt-out of the link itself; the headers of the message; the default of its [[sender]]; the default
of [tracking].
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from config.value_objects import value
from proxy.campaign.names import Reader
from proxy.campaign.template import template
from proxy.links.urls import destination, same_place
from proxy.message.editing import Message
from proxy.message.encoded_words import clean_line, clean_text, decode_words
from proxy.message.fields import unfold
from proxy.policy.dialects import NATIVE
from proxy.policy.header_conventions import (
    HEADER_CONVENTIONS,
    OWN_HEADERS,
    HeaderConvention,
    Said,
)
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy
from tracker.decisions.consents import Consent, strictest
from tracker.events import MAX_NAME

MAX_UNSUBSCRIBE = 100_000
"""Octets of a List-Unsubscribe header that are read."""

_ANGLED = re.compile(r"<([^<>]*)>")
_LIST_ID = re.compile(r"<([^<>]+)>\s*$")


@dataclass(frozen=True, slots=True)
class Switches:
    """What the headers of one message ask for; None where they are silent.

    `html` and `text`: track links in parts of that kind. `params`: add URL parameters. `opens`: add
    a pixel, if `[tracking] opens` is on. `person`: the application's own id of the reader. `odd`:
    names of the headers whose value is defined nowhere (they counted as off).
    """

    html: bool | None = None
    text: bool | None = None
    params: bool | None = None
    opens: bool | None = None
    campaign: str | None = None
    person: str | None = None
    consent: Consent | None = None
    odd: tuple[str, ...] = ()


SILENT = Switches()


@value
class Campaign:
    """What a message counts for in reports, None for nothing, and what it was read from."""

    name: str | None = None
    read_from: Literal["header", "template", "subject", "list-id", "none"] = "none"


NO_CAMPAIGN = Campaign()


def switches(message: Message, policy: Policy) -> Switches:
    """Return what the headers of the message ask for."""
    rows = conventions(policy.dialects)
    if rows.keys().isdisjoint(message.names):
        return SILENT
    raw = message.raw
    return read(
        (rows[name], unfold(raw[header.value_start : header.end]))
        for header in message.headers
        if (name := header.name.lower()) in rows
    )


def own_headers(message: Message) -> list[tuple[int, int, bytes]]:
    """Return start, end and lower-case name of each header that is meant for us alone."""
    if message.names.isdisjoint(OWN_HEADERS):
        return []
    return [
        (header.start, header.end, name)
        for header in message.headers
        if (name := header.name.lower()) in OWN_HEADERS
    ]


def campaign(message: Message, policy: Policy, asked: Switches) -> Campaign:
    """Return the campaign: what a header says, else the subject or list as `campaign_from` says."""
    if asked.campaign:
        return Campaign(asked.campaign, "header")
    match policy.campaign_from:
        case "none":
            name = None
        case "template":
            name = _template(message)
        case "subject":
            name = clean_text(_first_value(message, b"subject"))
        case "list-id":
            name = clean_text(_first_value(message, b"list-id"))
            listed = _LIST_ID.search(name)
            name = listed[1].strip() if listed else name
    return Campaign(name or None, policy.campaign_from)


def _template(message: Message) -> str | None:
    """Return the subject without what is the reader's."""
    subject = clean_line(_first_value(message, b"subject"))
    if not subject:
        return None
    to, cc = (message.values(name) for name in (b"to", b"cc"))
    reader = Reader.of_header(b",".join(to).decode("utf-8", "replace"), has_more=bool(cc))
    return (template(subject, reader) or "")[:MAX_NAME].rstrip()


def _first_value(message: Message, name: bytes) -> str:
    values = message.values(name)
    return values[0].decode("utf-8", "replace") if values else ""


def unsubscribe_urls(message: Message) -> frozenset[str]:
    """Return the http(s) URLs of List-Unsubscribe (RFC 2369 §3.2), as `same_place` writes them.

    Some senders leave the angle brackets out; some libraries write long values as encoded words.
    """
    found = (
        destination("".join(url.split()))
        for value in message.values(b"list-unsubscribe")
        for url in _listed(value)
    )
    return frozenset(same_place(url) for url in found if url)


def _listed(value: bytes) -> list[str]:
    text = decode_words(value[:MAX_UNSUBSCRIBE].decode("utf-8", "replace"))
    return _ANGLED.findall(text) or text.split(",")


@lru_cache(maxsize=32)
def conventions(dialects: frozenset[str]) -> Mapping[bytes, HeaderConvention]:
    """Return the header conventions of these dialects and our own, by lower-case name."""
    return {
        row.name: row
        for row in HEADER_CONVENTIONS
        if row.dialect == NATIVE or row.dialect in dialects
    }


def read(values: Iterable[tuple[HeaderConvention, bytes]]) -> Switches:
    """Combine the headers of one message: convention and unfolded value of each, in order."""
    found = [
        (row, row.read(decode_words(value.decode("utf-8", "replace")))) for row, value in values
    ]
    if not found:
        return SILENT
    said = [says for _, says in found]
    return Switches(
        html=_strictest(says.html for says in said),
        text=_strictest(says.text for says in said),
        params=_strictest(says.params for says in said),
        opens=_strictest(says.opens for says in said),
        campaign=_first(found, "campaign"),
        person=_first(found, "person"),
        consent=_consent(said),
        odd=tuple(row.name.decode("ascii") for row, says in found if not says.understood),
    )


def _strictest(opinions: Iterable[bool | None]) -> bool | None:
    """Return False if any says so, else True if any does, else None."""
    known = {opinion for opinion in opinions if opinion is not None}
    return False not in known if known else None


def _first(found: list[tuple[HeaderConvention, Said]], field: str) -> str | None:
    """Return the first text in that field; our own headers come before those of others."""
    for native in (True, False):
        for row, says in found:
            if row.native is native and (text := clean_text(getattr(says, field))):
                return text
    return None


def _consent(said: Iterable[Said]) -> Consent | None:
    levels = [Consent(says.consent) for says in said if says.consent]
    return strictest(*levels) if levels else None


def verdict(*, switch: bool | None, default: bool) -> Untouched | None:
    """Return why links are not tracked, given the headers' switch and the default; or None."""
    if switch is False:
        return Untouched.TRACKING_OFF
    if switch is None and not default:
        return Untouched.OFF_BY_DEFAULT
    return None
