"""Mail to many readers whose links are their own, in the ways that applications make such links."""

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tracker.events import Event, MessagePending, Recipient, SentLink
from tracker.sql.db import Db
from tracker.store.rows.seen_once import SeenOnce


def token(reader: int) -> str:
    """Return what looks random, and is one reader's."""
    return hashlib.sha256(b"%d" % reader).hexdigest()[:16]


SITE = "https://example.com/"
KINDS: dict[str, tuple[Callable[[int], str], str]] = {
    "a number": (lambda n: f"{SITE}a?kundennummer={n}&b=1", f"{SITE}a?b=1"),
    "an address": (lambda n: f"{SITE}a?to=r{n}%40example.net", f"{SITE}a"),
    "a value without a name": (lambda n: f"{SITE}a?{token(n)}", f"{SITE}a?…"),
    "two parameters": (lambda n: f"{SITE}a?x={token(n)}&y={n}#top", f"{SITE}a#top"),
    "base64": (lambda n: f"{SITE}a?b=1&q={'=' * (n % 3)}W{n}==", f"{SITE}a?b=1"),
    "an address in the path": (lambda n: f"{SITE}for/r{n}@example.net", f"{SITE}for/…"),
    "a token in the path": (lambda n: f"{SITE}u/{token(n)}/sale", f"{SITE}u/…/sale"),
    "the name of a page": (lambda n: f"{SITE}{n}.html?page=2", f"{SITE}…?page=2"),
    "a parameter of a route": (lambda n: f"{SITE}#/a?coupon={token(n)}", f"{SITE}#/a"),
    "a segment of a route": (lambda n: f"{SITE}app#/bills/{n}", f"{SITE}app#/bills/…"),
    "a fragment": (lambda n: f"{SITE}a#key={token(n)}", f"{SITE}a"),
    "a parameter of a segment": (lambda n: f"{SITE}a;sid={token(n)}?b", f"{SITE}a;…?b"),
    "a URL in a URL": (
        lambda n: f"{SITE}go?to=https%3A%2F%2Fexample.net%2F%3Fu%3D{n}",
        f"{SITE}go",
    ),
}
"""URLs of a reader, and what their link is called."""


def mail(reader: int, urls: Iterable[str], text: str = "Sale", **changes: object) -> MessagePending:
    """Return a message to one reader with these links."""
    links = tuple(SentLink(n, url, None, text) for n, url in enumerate(urls, 1))
    to = (Recipient(1, f"r{reader}@example.net"),)
    return pending(f"m{reader}", recipients=to, links=links, **changes)


def story(reader: int, *urls: str) -> list[Event]:
    """Return a message to one reader, which the relay took, and a click on each link of it."""
    clicks = [
        clicked(f"c{reader}-{n}", f"m{reader}", link=n, destination=url, at_s=SENT_S + 3000 * n)
        for n, url in enumerate(urls, 1)
    ]
    return [mail(reader, urls), accepted(f"m{reader}", 1), *clicks]


def known_of_slots(db: Db) -> list[tuple[Any, ...]]:
    """Return what is known of each slot, wherever it stands, and the values of its places.

    How many persons were known of a place as it was settled depends on the order.
    """
    found = db.execute("""
        SELECT campaigns.name, hash, places, text, since_s, place, value, persons.name
        FROM slots JOIN campaigns ON campaigns.id = campaign_id
        LEFT JOIN slot_values ON slot_id = slots.id LEFT JOIN persons ON persons.id = person_id
    """).fetchall()
    return sorted(
        (
            (campaign, bytes(hash_), re.sub(r"\b([12]):\d+:\d+", r"\1", places), *rest)
            for campaign, hash_, places, *rest in [*found, *_seen_once(db)]
        ),
        key=str,
    )


def _seen_once(db: Db) -> Iterable[tuple[Any, ...]]:
    """Yield the same of slots of which one message told."""
    rows = db.execute("""
        SELECT campaign_id, hash, link_set_id, person_id, since_s, numbers, held, campaigns.name, persons.name
        FROM slots_seen_once JOIN campaigns ON campaigns.id = campaign_id
        LEFT JOIN persons ON persons.id = person_id
    """).fetchall()
    for *row, campaign, person in rows:
        once = SeenOnce(*row)
        places = " ".join("0:0:0" if value is None else "0:1:1" for value in once.values)
        for at, value in enumerate(once.values):
            if value is not None:
                yield campaign, once.hash, places, None, once.since_s, at, value, person
