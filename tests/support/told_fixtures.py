"""Fixtures of pages about single things: a store of clicks with hostile names, and how they are read."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup

from config.schema import Config
from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put
from tests.support.details import handled
from tracker.details import feed
from tracker.events import Event, Recipient, SentLink
from tracker.store import database

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("https://evil.example")'
MESSAGE = "00000000000000aa"
HOSTILE = SentLink(4, "https://example.net/4", SCRIPT, "<b>text</b>")
ANN = "ann@example.net"

Put = Callable[..., None]


@pytest.fixture
def store_events(config: Config) -> Put:
    """Feed events to the store of the configuration."""

    def store(*events: Event) -> None:
        opened = database.open_to_feed(config.store)
        put(opened.db, *events)
        opened.close()

    return store


@pytest.fixture
def told(config: Config, store_events: Put) -> None:
    """Have a store of one message of a hostile campaign to two readers, its details, and five clicks."""
    readers = (Recipient(1, ANN), Recipient(2, "bob@example.net", FORMULA))
    links = (*LINKS, HOSTILE)
    store_events(
        pending(MESSAGE, campaign=FORMULA, recipients=readers, links=links),
        accepted(MESSAGE),
        clicked("c1", MESSAGE, at_s=SENT_S + 9000, user_agent=SCRIPT),
        clicked("c2", MESSAGE, at_s=SENT_S + 19000, signals=("no-html",)),
        clicked("c3", MESSAGE, at_s=SENT_S + 29000, link=4, destination=HOSTILE.url),
        clicked("c4", MESSAGE, recipient=2, at_s=SENT_S + 39000, method="HEAD"),
        clicked("c5", MESSAGE, recipient=2, at_s=SENT_S + 49000),
    )
    opened = database.open_to_feed(config.store)
    with opened.transaction():
        feed.feed(opened.db, [handled(1)], 0)
    opened.close()


def rows(page: BeautifulSoup, name: str) -> list[list[str]]:
    """Return the texts of the cells of a table."""
    return [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in page.select(f"table[aria-labelledby={name}] tbody tr")
    ]


def read(body: bytes) -> BeautifulSoup:
    """Return a page that no script of somebody else's is in."""
    page = BeautifulSoup(body, "html.parser")
    assert all((each.get("src") or "").startswith("/static/") for each in page.select("script"))
    assert not page.select("[onclick], [style]")
    return page
