"""What the headers of one message say to us: switches, campaign, List-Unsubscribe.

Owns: gathering the headers that matter in one pass over the message, reading those of the native
table and of the enabled dialects into one value, and the order of precedence between configuration
and headers.
Does not own: what a header's value means (`dialects`), or single links (`directives`).

Precedence: `enabled = false` is final; then a link's own opt-out; then the message's headers, of
which an off beats every on; then the sender's default; then the workspace's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from proxy.links.urls import destination, same_place
from proxy.message.editing import Message
from proxy.message.encoded_words import clean_text, decode_words
from proxy.message.fields import unfold
from proxy.policy.dialects import HEADER_CONVENTIONS, NATIVE, OWN_HEADERS, HeaderConvention, Said
from proxy.policy.reasons import Untouched
from proxy.policy.settings import Policy
from tracker.decisions.consents import Consent, strictest

MAX_UNSUBSCRIBE = 100_000
"""Octets of a List-Unsubscribe that are looked at."""

_ANGLED = re.compile(r"<([^<>]*)>")
_LIST_ID = re.compile(r"<([^<>]+)>\s*$")


@dataclass(frozen=True, slots=True)
class Switches:
    """What the headers of one message ask for; None where they are silent.

    `html` and `text`: track links of such parts. `params`: add URL parameters. `opens`: add a
    pixel, where the workspace does at all. `odd` names the
    headers whose value no one defined (they counted as off).
    """

    html: bool | None = None
    text: bool | None = None
    params: bool | None = None
    opens: bool | None = None
    campaign: str | None = None
    person: str | None = None
    consent: Consent = Consent.FULL
    odd: tuple[str, ...] = ()


SILENT = Switches()


def switches(message: Message, policy: Policy) -> Switches:
    """Read what the message asks for."""
    rows = conventions(policy.dialects)
    raw = message.raw
    return read(
        (rows[name], unfold(raw[header.value_start : header.end]))
        for header in message.headers
        if (name := header.name.lower()) in rows
    )


def own_headers(message: Message) -> list[tuple[int, int, bytes]]:
    """Give the offsets (start, end) of each header meant for us alone, and its lower-case name."""
    return [
        (header.start, header.end, name)
        for header in message.headers
        if (name := header.name.lower()) in OWN_HEADERS
    ]


def campaign(message: Message, policy: Policy, asked: Switches) -> str | None:
    """Name the campaign: what a header says, else what `campaign_from` points at."""
    if asked.campaign or policy.campaign_from == "none":
        return asked.campaign
    name = b"subject" if policy.campaign_from == "subject" else b"list-id"
    values = message.values(name)
    text = clean_text(values[0].decode("utf-8", "replace")) if values else ""
    if policy.campaign_from == "list-id" and (listed := _LIST_ID.search(text)):
        text = listed[1].strip()
    return text or None


def unsubscribe_urls(message: Message) -> frozenset[str]:
    """Give the http(s) destinations of List-Unsubscribe (RFC 2369 §3.2), as `same_place` does.

    Some leave the brackets out, and some libraries make encoded words of what is long.
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
    """Give the header rows that count, native ones always, by lower-case name."""
    return {
        row.name: row
        for row in HEADER_CONVENTIONS
        if row.dialect == NATIVE or row.dialect in dialects
    }


def read(values: Iterable[tuple[HeaderConvention, bytes]]) -> Switches:
    """Combine what the rows found in one message say, in order of appearance."""
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
    """Off wins, then on, then silence."""
    known = {opinion for opinion in opinions if opinion is not None}
    return False not in known if known else None


def _first(found: list[tuple[HeaderConvention, Said]], field: str) -> str | None:
    """Give the first text said, of our own header before those of others."""
    for native in (True, False):
        for row, says in found:
            if row.native is native and (text := clean_text(getattr(says, field))):
                return text
    return None


def _consent(said: Iterable[Said]) -> Consent:
    return strictest(*(Consent(says.consent) for says in said if says.consent))


def verdict(*, switch: bool | None, default: bool) -> Untouched | None:
    """Say why links are not tracked, given the headers' switch and the default; or None."""
    if switch is False:
        return Untouched.TRACKING_OFF
    if switch is None and not default:
        return Untouched.OFF_BY_DEFAULT
    return None
