"""What the headers of one message say to us: switches, campaign, List-Unsubscribe.

Owns: gathering the headers that matter in one pass over the message.
Does not own: what their values mean (`dialects`, `switches`).
"""

import re

from proxy.links.urls import destination, same_place
from proxy.message.editing import Message
from proxy.message.fields import unfold
from proxy.policy.dialects import OWN_HEADERS
from proxy.policy.settings import Policy
from proxy.policy.switches import Switches, clean_text, conventions, decode_words, read

MAX_UNSUBSCRIBE = 100_000
"""Octets of a List-Unsubscribe that are looked at."""

_ANGLED = re.compile(r"<([^<>]*)>")
_LIST_ID = re.compile(r"<([^<>]+)>\s*$")


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
