"""Single clicks: who clicked a link, and each of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tests.support.checks.personal import SITE, mail, story
from tracker.events import SentLink
from tracker.reports import clicks
from tracker.retention.retention import purge
from tracker.sql.db import Db
from tracker.store.keys import event_octets, message_number, message_text
from tracker.store.reserved import DAY_S, PURGED_NAME

ANN = "ann@example.net"
OFFER_URL = "https://example.net/4?who=1"


@pytest.mark.parametrize("name", ["offer", OFFER_URL])
def test_clickers_of_a_link_are_found_by_its_name_or_url(filled: Db, name: str) -> None:
    """As a report gives them."""
    (ann,) = clicks.clickers(filled, name)
    assert tuple(ann) == clicks.CLICKERS
    assert (ann["person"], ann["human"], ann["doubtful"], ann["all"]) == (ANN, 1, 0, 1)


def counted(db: Db, *asked: str, **more: Any) -> list[tuple[Any, ...]]:
    """Return the clickers that are found, with how often they clicked."""
    rows = clicks.clickers(db, *asked, **more)
    return [(row["person"], row["human"], row["doubtful"], row["all"]) for row in rows]


def test_who_clicked_most_comes_first(filled: Db) -> None:
    """People before whom only machines clicked for, who are told where they are asked for."""
    link = "https://example.net/1"
    assert counted(filled, link) == [(ANN, 2, 0, 2)]
    assert counted(filled, link, machines=True) == [(ANN, 2, 0, 2), ("id-7", 0, 0, 1)]


def test_a_clicker_of_two_campaigns_is_one_row(filled: Db) -> None:
    """Clicks on a link are added up over all mail that had it, unless a campaign is named."""
    put(filled, pending("m3", campaign="other"), accepted("m3"))
    put(filled, clicked("c5", "m3", at_s=SENT_S + 9000, signals=("no-html",)))
    assert counted(filled, "https://example.net/1") == [(ANN, 3, 1, 3)]
    assert counted(filled, "https://example.net/1", campaign="other") == [(ANN, 1, 1, 1)]
    assert counted(filled, campaign="news") == [(ANN, 3, 0, 3)]
    assert counted(filled) == [(ANN, 4, 1, 4)]
    assert counted(filled, campaign="unknown") == counted(filled, "unknown") == []


def test_clickers_have_addresses_and_moments(filled: Db) -> None:
    """A person with an id of the application's is reached at addresses; machines come only if asked for."""
    bob = next(row for row in clicks.clickers(filled, machines=True) if row["person"] == "id-7")
    at = datetime.fromtimestamp(SENT_S + DAY_S + 60, UTC).isoformat(timespec="milliseconds")
    assert (bob["addresses"], bob["first"], bob["last"]) == (["bob@example.net"], at, at)
    put(
        filled, clicked("late", at_s=SENT_S + 9000), clicked("m", at_s=SENT_S + 9900, method="HEAD")
    )
    (ann,) = clicks.clickers(filled)
    moments = [datetime.fromisoformat(ann[name]).timestamp() for name in ("first", "last")]
    assert moments == [SENT_S + 60, SENT_S + 9000]
    assert ann["addresses"] == [ANN]


def test_who_clicked_two_links_of_one_url_is_one_clicker(filled: Db) -> None:
    """A group whose example it is, and the link that is called so itself."""
    own = SentLink(5, OFFER_URL, None, "Offer, too")
    put(filled, pending("m3", links=(own,)), accepted("m3"))
    put(filled, clicked("c5", "m3", link=5, destination=OFFER_URL, at_s=SENT_S + 9000))
    (ann,) = clicks.clickers(filled, OFFER_URL)
    assert (ann["person"], ann["human"]) == (ANN, 2)


def test_clicks_may_be_of_a_campaign_a_period_or_after_a_cursor(filled: Db) -> None:
    """As messages were sent; a cursor goes on where another answer ended."""
    links = [row["link_number"] for row in clicks.clicks(filled, campaign="news")]
    assert links == [1, 1, 4]
    (only,) = clicks.clicks(filled, since_s=SENT_S + DAY_S)
    assert only["method"] == "HEAD"
    assert len(list(clicks.clicks(filled, until_s=SENT_S + DAY_S))) == 3
    first, second, *_ = clicks.clicks(filled)
    assert next(clicks.clicks(filled, after=first["cursor"])) == second


def test_clicks_of_a_period_are_told_in_the_order_of_counting(db: Db) -> None:
    """Whichever message was sent first: whoever goes on after the last cursor misses none."""
    for number in range(3):
        sent_s = SENT_S - number * 60
        put(db, pending(f"m{number}", at_s=sent_s))
        put(db, clicked(f"c{number}", f"m{number}", sent_at_s=sent_s, at_s=SENT_S + 90))
    period = {"since_s": SENT_S - DAY_S, "until_s": SENT_S + DAY_S}
    assert [row["cursor"] for row in clicks.clicks(db, **period)] == [1, 2, 3]
    assert [row["cursor"] for row in clicks.clicks(db, after=1, **period)] == [2, 3]


def test_every_click_is_told_in_the_order_of_counting(filled: Db) -> None:
    """With all that is kept of it."""
    rows = list(clicks.clicks(filled))
    assert [row["cursor"] for row in rows] == [1, 2, 3, 4]
    assert all(tuple(row) == clicks.CLICKS for row in rows)
    assert rows[3] == {
        "at": datetime.fromtimestamp(SENT_S + DAY_S + 60, UTC).isoformat(timespec="milliseconds"),
        "cursor": 4,
        "event_id": event_octets("c4", SENT_S + DAY_S + 60).hex(),
        "message_id": message_text(message_number("m2")),
        "recipient": 1,
        "link_number": 1,
        "campaign": None,
        "link": "https://example.net/1",
        "destination": "https://example.net/1",
        "person": "id-7",
        "method": "HEAD",
        "human": False,
        "doubtful": False,
        "score": 140,
        "reasons": ["head/1", "early/1"],
        "ip": None,
        "user_agent": "Browser/1",
    }


def test_a_click_on_what_was_purged_is_told_under_our_name(db: Db) -> None:
    """As reports call its campaign and its link, not as the store does."""
    group = SentLink(1, "https://example.net/1", PURGED_NAME, "")
    purge(db, SENT_S - DAY_S)
    put(db, pending(campaign=PURGED_NAME, links=(group,)), accepted(), clicked("c1"))
    put(db, clicked("late", "gone", sent_at_s=SENT_S - 2 * DAY_S))
    told = [(row["destination"], row["campaign"], row["link"]) for row in clicks.clicks(db)]
    theirs, ours = "https://example.net/1", ""
    assert told == [(theirs, PURGED_NAME, PURGED_NAME), (ours, PURGED_NAME, PURGED_NAME)]


def test_a_url_that_became_each_readers_own_leads_to_all_of_them(db: Db) -> None:
    """As long as the store has it: one reader got it twice."""
    put(db, *story(1, f"{SITE}u/1"), mail(1, [f"{SITE}u/1"], message_id="again"))
    put(db, *story(2, f"{SITE}u/2"), *story(3, f"{SITE}u/3"))
    for link in (f"{SITE}u/1", f"{SITE}u/…"):
        persons = [row["person"] for row in clicks.clickers(db, link)]
        assert persons == [f"r{n}@example.net" for n in (1, 2, 3)]
