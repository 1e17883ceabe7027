"""A message that was sent: its signature as receivers verify it, its link clicked, the click counted.

Owns: what is tried of a message of which the octets are known, whoever knows them.
Does not own: sending one (`letter`), or reading one that arrived (`arrived`).
"""

import time
from collections.abc import Iterator

import dkim
import dns.exception
import dns.resolver

from config.keys.dns_answers import PATIENCE_S
from config.schema import Config
from proxy.message.editing import parse
from proxy.signing.existing_signatures import existing_signatures
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.minting.lookup import token_in
from tracker.reports import clicks
from tracker.store import database
from tracker.store.keys import MessageKey
from tracker.tokens import read
from waypost_doctor.findings import Kind, Result, Topic, found, ok
from waypost_doctor.installation.public_name import Unreachable, addresses_of, fetch
from waypost_doctor.patient import Patient

COUNTED_WITHIN_S = 20.0
LOOK_EVERY_S = 0.2
PUBLISH = (
    "publish the record that `waypost dns` prints; `waypost dns --check` says once it can be seen"
)
"""The cure where there is no key to verify by."""


def signatures(patient: Patient, content: bytes) -> Iterator[Result]:
    """Yield whether the signatures of our senders verify, by the keys in the DNS."""
    ours = {sender.domain for sender in patient.config.sender}
    present = existing_signatures(parse(content))
    if not any(each.domain in ours for each in present):
        yield found(Kind.NOT_SIGNED, "it carries no signature of a [[sender]]'s domain")
    for at, each in enumerate(present):
        if each.domain in ours:
            why, cure = _verified(content, at, patient.resolver)
            told = f"its signature for {each.domain}"
            problem = found(Kind.SIGNATURE_INVALID, f"{told}: {why}", cure)
            yield problem if why else ok(Topic.MESSAGE, f"{told} verifies")


def _verified(content: bytes, at: int, resolver: dns.resolver.Resolver) -> tuple[str, str]:
    """Return why dkimpy does not verify one signature of several, and the cure; "" where it does.

    No cure: the usual one.
    """
    missing: list[str] = []

    def published(name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG001 - dkimpy's signature
        try:
            answer = resolver.resolve(name.decode("ascii"), "TXT", lifetime=PATIENCE_S)
        except dns.exception.DNSException:
            missing.append(f"the DNS gives no key at {name.decode('ascii').rstrip('.')}")
            return None
        return next((b"".join(entry.strings) for entry in answer), None)

    try:
        if dkim.DKIM(content).verify(at, dnsfunc=published):
            return "", ""
        why = "it does not fit the message and the key in the DNS"
    except dkim.DKIMException as error:
        why = str(error)
    return (missing[0], PUBLISH) if missing else (why, "")


def click(patient: Patient, url: str) -> Iterator[Result]:
    """Open a tracked link as a reader would, and wait until that is counted."""
    link = read(patient.keyring, token_in(url))
    key = MessageKey.of(link.sent_at_s, link.message_id.hex())
    before = _clicks(patient.config, key)
    try:
        address = addresses_of(url, patient.resolver)[0]
        answer = fetch(url, address)
    except (Unreachable, dns.exception.DNSException, IndexError) as error:
        kind = error.kind if isinstance(error, Unreachable) else Kind.HOST_MISSING
        yield found(kind, f"the link of the message: {error}", topic=Topic.MESSAGE)
        return
    if not 300 <= answer.status < 400:  # noqa: PLR2004 - a redirect
        what = f"the link of the message at {address}: answered {answer.status}"
        yield found(Kind.LINKS_ELSEWHERE, what, topic=Topic.MESSAGE)
        return
    yield ok(Topic.MESSAGE, f"its link leads to {answer.location}")
    yield _counted(patient.config, key, before)


def _counted(config: Config, key: MessageKey, before: int) -> Result:
    ends_at_s = time.monotonic() + COUNTED_WITHIN_S
    while time.monotonic() < ends_at_s:
        if _clicks(config, key) > before:
            return ok(Topic.MESSAGE, "the click is counted")
        time.sleep(LOOK_EVERY_S)
    return found(Kind.CLICK_LOST, f"no click within {COUNTED_WITHIN_S:g} s")


def _clicks(config: Config, key: MessageKey) -> int:
    """Return how many clicks on a message are counted by now."""
    try:
        catch_up(config, BRIEF_S)
        with database.reading(config.store) as db:
            return len(list(clicks.of_message(db, key)))
    except (database.StoreError, OSError):
        return 0
