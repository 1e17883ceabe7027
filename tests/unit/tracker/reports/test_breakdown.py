"""Figures by link, group, day, hour, sender and domain of recipients."""

from typing import Any

import pytest

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put
from tracker.events import Recipient, SentLink
from tracker.reports.breakdown import BY, COLUMNS, OTHER, By, breakdown
from tracker.sql.db import Db

DAY_S = 86400
OFFER = SentLink(4, "https://example.net/4", "offer", "Offer")


@pytest.fixture
def filled(db: Db) -> Db:
    """Return a store of two campaigns of two senders, with readers at two domains."""
    readers = tuple(
        Recipient(n, f"reader{n}@{'big' if n < 6 else 'small'}.example") for n in range(1, 8)
    )
    put(db, pending(links=(*LINKS, OFFER), recipients=readers), accepted("m1", *range(1, 8)))
    other = {"campaign": "other", "sender_domain": "example.org", "at_s": SENT_S + DAY_S}
    put(db, pending("m2", recipients=readers[:1], **other), accepted("m2", 1))
    put(db, clicked("c1", at_s=SENT_S + 4000), clicked("c2", at_s=SENT_S + 9000, recipient=7))
    put(db, clicked("c3", link=4, at_s=SENT_S + 4000 + DAY_S, recipient=2))
    late = {"at_s": SENT_S + 2 * DAY_S, "sent_at_s": SENT_S + DAY_S}
    put(db, clicked("c4", "m2", method="HEAD", **late))
    return db


def found(db: Db, by: By, **asked: Any) -> dict[Any, tuple[Any, ...]]:
    """Return rows by their first column, with those of deliveries and clicks."""
    names = [name for name in COLUMNS[by] if name.startswith(("deliv", "clicked", "clicks"))]
    rows = list(breakdown(db, by, **asked))
    return {row[COLUMNS[by][0]]: tuple(row[name] for name in names) for row in rows}


@pytest.mark.parametrize("by", BY)
def test_rows_have_the_columns_that_are_declared(filled: Db, by: By) -> None:
    """In their order."""
    rows = list(breakdown(filled, by))
    assert rows
    assert all(tuple(row) == COLUMNS[by] for row in rows)


def test_links_add_up_over_campaigns_or_are_those_of_one(filled: Db) -> None:
    """All of them, clicked or not; groups alone where these are asked for."""
    assert found(filled, "link")["https://example.net/1"] == (2, 0, 3)
    assert found(filled, "link", campaign="other")["https://example.net/1"] == (0, 0, 1)
    assert found(filled, "group") == {"offer": (1, 0, 1)}


def test_days_and_hours_go_by_when_a_click_was_made(filled: Db) -> None:
    """In UTC."""
    assert found(filled, "day") == {
        "2026-09-21": (2, 0, 2),
        "2026-09-22": (1, 0, 1),
        "2026-09-23": (0, 0, 1),
    }
    assert found(filled, "hour", campaign="news") == {
        "2026-09-21T15:00+00:00": (1, 0, 1),
        "2026-09-21T16:00+00:00": (1, 0, 1),
        "2026-09-22T15:00+00:00": (1, 0, 1),
    }
    assert set(found(filled, "day", since_s=SENT_S + DAY_S)) == {"2026-09-22", "2026-09-23"}


def test_senders_are_those_of_what_was_sent_in_the_period(filled: Db) -> None:
    """With all clicks on it."""
    assert found(filled, "sender") == {
        "example.com": (7, 3, 3, 3),
        "example.org": (1, 0, 0, 1),
    }
    assert set(found(filled, "sender", until_s=SENT_S + DAY_S)) == {"example.com"}
    assert set(found(filled, "sender", campaign="other")) == {"example.org"}


def test_domains_of_few_persons_are_one(filled: Db) -> None:
    """Figures of two people at a small company would be theirs."""
    assert found(filled, "recipient-domain") == {
        "big.example": (6, 2, 2, 3),
        OTHER: (2, 1, 1, 1),
    }


def test_an_unknown_campaign_has_nothing(filled: Db) -> None:
    """Whatever is asked."""
    assert [found(filled, by, campaign="unknown") for by in BY] == [{}] * len(BY)
