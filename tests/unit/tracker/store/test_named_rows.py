"""Rows that are known by a name."""

from sqlite_utils import Database

from tests.support.checks.facts import pending, put
from tracker.events import SentLink
from tracker.store import named_rows
from tracker.urls.slots import placed


def test_names_are_found_and_made_in_any_number(db: Database) -> None:
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
    return named_rows.set_hash(links, placed(links))


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


def test_a_set_keeps_how_many_links_it_has(db: Database) -> None:
    """Also where none of them has a row of its own."""
    links = tuple(SentLink(n, f"https://example.net/{n}", None, "") for n in range(3))
    named_rows.link_set_ids(db, {b"3": links, b"0": ()})
    assert {row["hash"]: row["links"] for row in db["link_sets"].rows} == {b"3": 3, b"0": 0}


def test_group_keeps_the_least_of_its_urls_as_an_example(db: Database) -> None:
    """In whatever order they come; a name that is a URL needs none."""
    for path in "bac":
        link = SentLink(1, f"https://example.net/{path}", "offer", "Offer")
        named_rows.link_set_ids(db, {path.encode(): (link,)})
    for url in ("https://example.net/d", "HTTPS://EXAMPLE.NET/d"):
        named_rows.link_set_ids(db, {url.encode(): (SentLink(1, url, url, "D"),)})
    urls = {row["name"]: row["url"] for row in db["links"].rows}
    assert urls.pop("offer") == "https://example.net/a"
    assert urls == {"https://example.net/d": None, "HTTPS://EXAMPLE.NET/d": None}


def test_messages_with_the_same_links_share_them(db: Database) -> None:
    """A thousand messages of three links are three rows, not three thousand."""
    links = tuple(SentLink(n, f"https://example.net/{n}", f"group {n}", "") for n in range(3))
    put(db, *(pending(f"a{n}") for n in range(1000)))
    put(db, *(pending(f"b{n}", links=links) for n in range(1000)))
    counts = {name: db[name].count for name in ("links", "link_set_links", "campaign_links")}
    assert counts == {"links": 6, "link_set_links": 3, "campaign_links": 6}
