"""A message that came out of the proxy: whether its signature holds, and each link with its reason.

Owns: reading back what became of a message, and showing it.
Does not own: why a link is tracked or not (`proxy.rewrite.preview`, as in `waypost explain`), or why a
whole message was left alone, which the store is asked (`tracker.details`).
"""

import email
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from functools import partial

import dkim

from config.cli.console import Console, cell
from config.schema import Config
from proxy.message.editing import parse
from proxy.policy.reasons import Skip, Untouched
from proxy.policy.settings import Policy
from proxy.rewrite.planned import SkippedLink
from proxy.rewrite.planner import plan_message
from proxy.rewrite.preview import Preview
from proxy.signing.existing_signatures import existing_signatures
from tracker.details import lookup
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.minting.lookup import token_in
from tracker.store import database
from tracker.tokens import Keyring, read
from waypost_demo.inbox import Received
from waypost_demo.links import tracked_links
from waypost_demo.set_up import Demo

PATIENCE_S = 5.0
"""How long the store may take to hear of a message that has arrived."""
_LOOK_EVERY_S = 0.1
REASONS = {each.value: each for each in Untouched}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message: its page, and why it was left alone; None where it was not."""

    message: str
    untouched: Untouched | None


def fate(config: Config, queue_id: str) -> Fate | None:
    """Return what the store knows of the message that the inbox calls `queue_id`; waits for it."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        catch_up(config, BRIEF_S)
        with database.reading(config.store) as db:
            for key in lookup.find(db, queue_id):
                reason = lookup.copies(db, key)[0].untouched
                return Fate(key.text, None if reason is None else REASONS[reason])
        if time.monotonic() > deadline_s:
            return None
        time.sleep(_LOOK_EVERY_S)


def skipped_links(
    config: Config, keyring: Keyring, content: bytes, untouched: Untouched | None
) -> list[SkippedLink]:
    """Return the links of a received message that are not tracked, each with its reason.

    What the proxy took out of the header is not there to be read again: so it is told if the whole
    message was left alone.
    """
    if untouched is not None:
        return list(plan_message(parse(content), Policy(), untouched).skipped)
    plan = Preview.of(content, config, keyring, int(time.time())).plan_in_full()
    return [link for link in plan.skipped if link.reason is not Skip.OWN_HOST]


def signature(content: bytes, domains: set[str], record: bytes) -> str:
    """Return in words whether a message is signed for one of `domains`, and whether that holds."""
    signers = {each.domain for each in existing_signatures(parse(content))}
    if not signers & domains:
        return "none of ours"
    return "valid" if dkim.verify(content, dnsfunc=lambda *_, **__: record) else "not valid"


def show(demo: Demo, console: Console, received: Received, keyring: Keyring) -> None:
    """Print what came out of the proxy: signature, links, where these lead, and why others do not."""
    content = received.content
    told = fate(demo.config, received.queue_id)
    message = email.message_from_bytes(content, policy=policy.default)
    say = partial(console.print, highlight=False, soft_wrap=True)
    say()
    say(
        "[bold]Received:[/bold]",
        cell(f"{message['Subject'] or '(no subject)'}, to {message['To']}"),
    )
    domains = {sender.domain for sender in demo.config.sender}
    say(f"  its DKIM signature: {signature(content, domains, demo.dkim_record())}")
    if told is not None and told.untouched is not None:
        say("  left untouched:", cell(f"{told.untouched}: {told.untouched.help}"))
    lines = list(_lines(demo.config, keyring, content, told.untouched if told else None))
    for name, what in lines or [("no links in HTML", "")]:
        say(" ", cell(name, "bold"), cell(what))
    if told is not None:
        say("  what became of it:", cell(f"{demo.page}messages/{told.message}"))


def _lines(
    config: Config, keyring: Keyring, content: bytes, untouched: Untouched | None
) -> Iterator[tuple[str, str]]:
    for text, href in tracked_links(content):
        yield text, f"tracked: {href}"
        yield "", f"  leads to {read(keyring, token_in(href)).destination}"
    for link in skipped_links(config, keyring, content, untouched):
        yield link.destination, f"not tracked: {link.reason}: {link.reason.help}"
