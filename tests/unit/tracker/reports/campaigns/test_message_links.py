"""How the links of one message did in its campaign."""

import pytest

from tests.support.checks.facts import (
    LINKS,
    accepted,
    clicked,
    empty,
    own_click,
    own_link,
    pending,
    put,
    to_ann,
)
from tests.support.checks.plans import scans
from tracker.events import Recipient, SentLink
from tracker.reports.campaigns.message_links import message_links
from tracker.reports.figures import Figures
from tracker.sql.db import Db

OFFER = SentLink(4, "https://example.net/4?who=1", "offer", "Offer")


@pytest.fixture
def sent() -> Db:
    """Return a store of two campaigns with the same links, clicked in both."""
    db = empty()
    put(db, pending(links=(*LINKS, OFFER)), accepted(), to_ann("m2", campaign="other"))
    put(db, accepted("m2", 1), clicked("c1"), clicked("c2", at_s=1_790_009_000))
    put(db, clicked("c3", link=4, destination=OFFER.url, at_s=1_790_018_000), clicked("c4", "m2"))
    return db


def people(db: Db, campaign: str, *links: SentLink) -> dict[int, tuple[str, int, int]]:
    """Return the names of links, with people and clicks, by their numbers."""
    found = message_links(db, campaign, links)
    return {
        number: (each.link, each.figures.unique_human, each.figures.clicks_all)
        for number, each in found.items()
    }


def test_each_link_has_its_figures_in_this_campaign(sent: Db) -> None:
    """Those of another one are its own."""
    assert people(sent, "news", *LINKS[:2], OFFER) == {
        1: ("https://example.net/1", 1, 2),
        2: ("https://example.net/2", 0, 0),
        4: ("offer", 1, 1),
    }
    assert people(sent, "other", LINKS[0]) == {1: ("https://example.net/1", 1, 1)}


def test_a_link_that_the_campaign_never_had_has_none(sent: Db) -> None:
    """As where a message was changed since."""
    new = SentLink(9, "https://example.net/new", None, "New")
    (found,) = message_links(sent, "news", [new]).values()
    assert (found.link, found.text, found.figures) == (new.url, "New", Figures())
    assert people(sent, "unknown", LINKS[0]) == {1: ("https://example.net/1", 0, 0)}


def test_a_link_of_each_readers_own_is_the_one_that_it_is_in_reports() -> None:
    """Also that of a reader to whom nothing was sent."""
    db = empty()
    for number, reader in enumerate(("ann", "bob", "eve", "joe")):
        to = (Recipient(1, f"{reader}@example.net"),)
        put(
            db,
            pending(f"m{number}", recipients=to, links=(own_link(reader),)),
            accepted(f"m{number}", 1),
        )
    put(db, own_click("c1", "m0", "ann"), own_click("c2", "m1", "bob", at_s=1_790_009_000))
    assert people(db, "news", own_link("kim")) == {5: ("https://example.net/for/…?p=1", 2, 2)}


def test_it_looks_at_no_more_than_it_has_to(sent: Db) -> None:
    """However many links there are."""
    assert list(scans(sent, lambda: message_links(sent, "news", [*LINKS, OFFER]))) == []
