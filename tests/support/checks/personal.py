"""Mail to many readers whose links are their own, in the ways that applications make such links."""

import hashlib
from collections.abc import Callable, Iterable

from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tracker.events import Event, MessagePending, Recipient, SentLink


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
