"""Which link a click counts for, whatever its destination carries."""

from tests.support.checks.facts import OURS, accepted, clicked, pending, put
from tracker.events import SentLink
from tracker.reports import summary
from tracker.sql.sqlite import SQLite


def test_a_clicked_link_is_the_sent_one(db: SQLite) -> None:
    """Its name is the same, whatever was added for whom, and whichever came first."""
    links = (SentLink(1, "https://example.net/a?p=1", None, "A", OURS),)
    for message in ("m1", "m2"):
        put(db, pending(message, links=links), accepted(message))
    at = "https://example.net/a?p=1&utm_source=mail"
    put(db, clicked("c1", destination=at), clicked("c2", "m2", destination=f"{at}&uid=ann"))
    put(db, clicked("c3", "m3", destination=f"{at}&uid=bob"))
    put(db, pending("m3", links=links))
    (link,) = summary.report(db).links
    assert (link.link, link.figures.clicks_all) == ("https://example.net/a?p=1", 3)


def test_an_authors_own_parameter_stays_in_the_name(db: SQLite) -> None:
    """Though it is called like one that the operator adds elsewhere."""
    link = SentLink(1, "https://example.net/a?utm_source=blog", None, "A", ("uid",))
    put(db, pending(links=(link,)), accepted())
    put(db, clicked("c1", destination=f"{link.url}&uid=ann"))
    assert [each.link for each in summary.report(db).links] == [link.url]


def test_link_of_an_unknown_message_is_named_without_what_is_ours(db: SQLite) -> None:
    """The readers of a lost store are one row, and no id of theirs is in it."""
    at = "https://example.net/a?p=1&utm_source=mail&wp_id="
    put(db, *(clicked(f"c{n}", f"lost{n}", destination=f"{at}{n}") for n in range(9)))
    report = summary.report(db)
    assert [(each.campaign, each.figures.clicks_all) for each in report.campaigns] == [(None, 9)]
    (link,) = report.links
    assert (link.link, link.figures.clicks_all) == ("https://example.net/a?p=1", 9)
