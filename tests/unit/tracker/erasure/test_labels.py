"""What campaigns and links are called once a person is forgotten."""

from tests.support.checks.facts import accepted, clicked, pending, put
from tests.support.checks.people import ANN, CAY, erased, sent
from tests.support.engines import engine, gives_back
from tracker.events import Recipient, SentLink
from tracker.reports import summary
from tracker.sql.sqlite import SQLite

__all__ = ["engine", "gives_back"]

URL = "https://example.net/"


def test_campaigns_lose_the_address_and_keep_their_sums(db: SQLite):
    """Those of two persons come to the same name, and stay two."""
    for message, to in (("m1", Recipient(1, ANN)), ("m2", Recipient(1, "bob@example.net"))):
        put(db, *sent(message, to, f"Hello {to.address}", URL), clicked(f"c{message}", message))
    put(db, *sent("m3", Recipient(1, "bob@example.net"), "news", URL))
    before = summary.report(db)
    assert erased(db).campaigns == {f"Hello {ANN}": "Hello erased"}
    assert erased(db, "bob@example.net").campaigns == {"Hello bob@example.net": "Hello erased#4"}
    after = summary.report(db)
    assert after.totals == before.totals
    assert {each.campaign for each in after.campaigns} == {"Hello erased", "Hello erased#4", "news"}
    assert [each.figures for each in after.campaigns] == [each.figures for each in before.campaigns]


def test_an_own_id_goes_from_links_that_only_their_campaigns_list(db: SQLite):
    """Clicked or not; a link that others have or click stays as it is."""
    own, everyones = "https://example.net/?p=7", "https://example.net/?category=7"
    for message in ("m1", "m2"):
        put(db, *sent(message, CAY, "for 7", own), *sent(f"{message}x", CAY, "all", everyones))
    bob = Recipient(1, "bob@example.net")
    put(db, *sent("m3", bob, "all", everyones), clicked("c1", "m1x", destination=everyones))
    put(db, clicked("c2", "m3", destination=everyones))
    erased(db, "7")
    assert {row["name"] for row in db["links"].rows} == {"https://example.net/?p=e", everyones}
    assert {row["name"] for row in db["campaigns"].rows} >= {"for e", "all"}


def test_an_own_id_that_tells_goes_from_what_is_shared(db: SQLite):
    """Also from what stood in the anchor."""
    url = "https://example.net/own?id=pers-4711x"
    named = Recipient(1, ANN, "pers-4711x")
    group = SentLink(1, url, "offer", "Offer for ann@example.net")
    bob = Recipient(1, "bob@example.net")
    for message, to in (("m1", named), ("m2", bob)):
        put(db, pending(message, recipients=(to,), links=(group,)), accepted(message, 1))
    erased(db)
    (link,) = db["links"].rows
    assert (link["name"], link["url"], link["text"]) == (
        "offer",
        "https://example.net/own?id=erased",
        "Offer for erased",
    )


def test_sets_of_what_was_renamed_leave_no_hash(db: SQLite):
    """Whoever knows the old name could make it; messages have the set all the same."""
    named = SentLink(1, "https://example.net/", f"for {ANN}", "")
    put(db, pending(links=(named,)), accepted(), pending("m2"))
    before = {row["id"]: row["hash"] for row in db["link_sets"].rows}
    erased(db)
    after = {row["id"]: row["hash"] for row in db["link_sets"].rows}
    assert {row for row in before if before[row] != after[row]} == {1}
    put(db, pending(links=(named,)))
    assert db["link_sets"].count == len(before)
    put(db, clicked("c1", recipient=2), pending("m3", links=(named,)), clicked("c2", "m3"))
    counted = {each.link: each.figures.clicks_all for each in summary.report(db).links}
    assert (counted["for erased"], counted[f"for {ANN}"]) == (1, 1)
