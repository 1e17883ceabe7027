"""Rows that are known by a name."""

from tests.support.checks.facts import pending, put
from tests.support.checks.plans import scans
from tests.support.engines import engine, gives_back
from tracker.events import SentLink
from tracker.judging.judge import Verdict
from tracker.sql.sqlite import SQLite
from tracker.store.rows import named_rows
from tracker.store.rows.named_rows import MessageLinks

__all__ = ["engine", "gives_back"]


def test_names_are_found_and_made_in_any_number(db: SQLite) -> None:
    """More than one query may ask for; each once."""
    wanted = {f"reader {number}" for number in range(1700)}
    made = named_rows.ids(db, "persons", wanted)
    assert named_rows.ids(db, "persons", wanted | {"one more"}) == {
        **made,
        "one more": max(made.values()) + 1,
    }
    assert len(set(made.values())) == 1700


def hashed(*links: SentLink) -> bytes:
    """Return the hash of the set of these links."""
    return MessageLinks.of(links).hash


def test_set_is_known_by_numbers_and_groups() -> None:
    """Not by what varies from reader to reader."""
    one = SentLink(1, "https://example.net/1", "offer", "Yours, Ann")
    assert hashed(one) == hashed(SentLink(1, "https://x.test/", "offer", ""))
    assert hashed(one) != hashed(SentLink(2, one.url, "offer", ""))
    assert hashed(one) != hashed(SentLink(1, one.url, "other", ""))
    unnamed = SentLink(1, one.url, None, "Yours")
    assert hashed(unnamed) == hashed(SentLink(1, "https://example.net/2", None, "Yours"))


def test_sets_differ_in_what_people_see() -> None:
    """And in the shape of URLs, as other slots are told of."""
    one = SentLink(1, "https://example.net/1", None, "Yours")
    assert hashed(one) != hashed(SentLink(1, one.url, None, "Ours"))
    assert hashed(one) != hashed(SentLink(1, f"{one.url}/2", None, "Yours"))
    assert hashed() != hashed(one)


def test_sets_of_different_size_are_different() -> None:
    """Judging asks how many links a message has; those of one number, in two parts, are one."""
    links = tuple(SentLink(n, f"https://example.net/{n}", None, "") for n in range(1, 4))
    hashes = {hashed(*links[:count]) for count in range(4)}
    assert len(hashes) == 4
    twice = (*links, SentLink(1, "https://example.net/1", None, ""))
    assert named_rows.number_of_links(twice) == 3
    assert hashed(*twice) == hashed(*links)


def test_a_set_keeps_how_many_links_it_has(db: SQLite) -> None:
    """Also where none of them has a row of its own."""
    links = tuple(SentLink(n, f"https://example.net/{n}", None, "") for n in range(3))
    named_rows.link_set_ids(db, [MessageLinks.of(links), MessageLinks.of(())])
    assert {row["hash"]: row["links"] for row in db["link_sets"].rows} == {
        hashed(*links): 3,
        hashed(): 0,
    }


def test_group_keeps_the_least_of_its_urls_as_an_example(db: SQLite) -> None:
    """In whatever order they come; a name that is a URL needs none."""
    for number, path in enumerate("bac"):
        link = SentLink(number, f"https://example.net/{path}", "offer", "Offer")
        named_rows.link_set_ids(db, [MessageLinks.of((link,))])
    for url in ("https://example.net/d", "HTTPS://EXAMPLE.NET/d"):
        named_rows.link_set_ids(db, [MessageLinks.of((SentLink(1, url, url, "D"),))])
    urls = {row["name"]: row["url"] for row in db["links"].rows}
    assert urls.pop("offer") == "https://example.net/a"
    assert urls == {"https://example.net/d": None, "HTTPS://EXAMPLE.NET/d": None}


def test_messages_with_the_same_links_share_them(db: SQLite) -> None:
    """A thousand messages of three links are three rows, not three thousand."""
    links = tuple(SentLink(n, f"https://example.net/{n}", f"group {n}", "") for n in range(3))
    put(db, *(pending(f"a{n}") for n in range(1000)))
    put(db, *(pending(f"b{n}", links=links) for n in range(1000)))
    counts = {name: db[name].count for name in ("links", "link_set_links", "campaign_links")}
    assert counts == {"links": 6, "link_set_links": 3, "campaign_links": 6}


def test_a_persons_number_is_never_given_again(db: SQLite) -> None:
    """Sets of persons outlive those who are forgotten."""
    (ann,) = named_rows.ids(db, "persons", ["ann"]).values()
    db.execute("DELETE FROM persons")
    assert named_rows.ids(db, "persons", ["bob"]) == {"bob": ann + 1}


def test_destinations_are_found_and_made(db: SQLite) -> None:
    """Each once, whatever is in it."""
    urls = {"", "https://example.net/", "https://example.net/д"}
    made = named_rows.destination_ids(db, urls)
    assert named_rows.destination_ids(db, urls) == made
    assert len(set(made.values())) == 3


def test_verdicts_and_signals_are_found_and_made(db: SQLite) -> None:
    """They are told apart by all that is in them."""
    verdicts = {
        Verdict(human, doubtful, score, reasons)
        for human in (True, False)
        for doubtful in (True, False)
        for score in (0, 60)
        for reasons in ((), ("early/1",), ("early/1", "no-html/1"))
    }
    rows = named_rows.verdict_ids(db, verdicts)
    assert named_rows.verdict_ids(db, verdicts) == rows
    assert len(set(rows.values())) == len(verdicts) == db["verdicts"].count
    sets = {("GET", ()), ("HEAD", ()), ("GET", ("no-html",)), ("GET", ("no-html", "stale-agent"))}
    found = named_rows.signal_set_ids(db, sets)
    assert named_rows.signal_set_ids(db, sets) == found
    assert len(set(found.values())) == 4


def test_rows_know_how_many_name_them(db: SQLite) -> None:
    """More and more, and none for those that nobody names yet."""
    rows = named_rows.destination_ids(db, {"https://example.net/1", "https://example.net/2"})
    one = rows["https://example.net/1"]
    for more in (2, 3):
        named_rows.count_clicks(db, "destinations", {one: more})
    assert {row["id"]: row["clicks"] for row in db["destinations"].rows} == {
        **dict.fromkeys(rows.values(), 0),
        one: 5,
    }


def test_a_link_is_shared_where_a_campaign_lists_it_or_it_is_of_all_readers(db: SQLite) -> None:
    """One that was clicked alone is not; each is found by index."""
    rows = named_rows.ids(db, "links", ["listed", "clicked", "of all"])
    db.execute("INSERT INTO campaign_links VALUES (1, ?, 1, NULL)", [rows["listed"]])
    named_rows.put_own(db, {rows["of all"]: "text"})
    wanted = [*rows, "unknown"]
    assert named_rows.shared(db, wanted) == {"listed", "of all"}
    assert list(scans(db, lambda: named_rows.shared(db, wanted))) == []
