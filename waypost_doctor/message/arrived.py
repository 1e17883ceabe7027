"""`--received FILE`: a message as it arrived, after the relay and all behind it had it in hand.

Owns: reading it, and finding the tracked links in it.
Does not own: what is tried of them (`following`).
"""

import email
import re
from collections.abc import Iterator
from email import policy
from html import unescape

from tracker.minting.lookup import token_in
from tracker.tokens import BadToken, read
from waypost_doctor.findings import Kind, Result, found
from waypost_doctor.message import following
from waypost_doctor.patient import Patient

TRACKED = re.compile(r"""https?://[^\s"'<>]+/c/[A-Za-z0-9_-]+""")


def tracked_links(content: bytes) -> list[str]:
    """Return what looks like a tracked link in the HTML of a message, in order."""
    message = email.message_from_bytes(content, policy=policy.default)
    body = message.get_body(("html", "plain"))
    return TRACKED.findall(unescape(str(body.get_content()))) if body is not None else []


def test(patient: Patient, content: bytes) -> Iterator[Result]:
    """Yield what is to be said of a message."""
    whole = content if b"\r\n" in content else content.replace(b"\n", b"\r\n")
    yield from following.signatures(patient, whole)
    for url in tracked_links(whole):
        try:
            read(patient.keyring, token_in(url))
        except BadToken:
            continue
        yield from following.click(patient, url)
        return
    yield found(Kind.NO_LINK_ARRIVED, "no link in it is one that our keys open")
