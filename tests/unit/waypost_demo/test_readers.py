"""Readers and filters of the demo: the same ones each time, and each of its kind."""

from collections.abc import Iterator
from random import Random

from waypost_demo import readers
from waypost_demo.readers import Fetch, Reader

SENT_S = 1_795_430_400.0
LINKS = {"story": 5.0, "shop": 2.0, "list": 1.0}


def by_domain(name: str) -> Reader:
    """Return a reader at a domain."""
    return next(each for each in readers.everybody() if each.address.endswith(f"@{name}"))


def many(reader: Reader, times: int = 200) -> Iterator[list[Fetch]]:
    """Yield what happens to many messages."""
    for seed in range(times):
        yield readers.fetches(Random(seed), reader, SENT_S, LINKS)


def test_everybody_has_an_address_of_their_own() -> None:
    """Some dozens, at several domains."""
    everybody = readers.everybody()
    assert len({each.address for each in everybody}) == len(everybody) == 60
    assert {each.address.partition("@")[2] for each in everybody} == {
        domain for domain, _, _ in readers.DOMAINS
    }


def test_the_same_seed_gives_the_same_clicks() -> None:
    """A demo is alike each time."""
    reader = by_domain("example.net")
    assert list(many(reader)) == list(many(reader))


def test_a_sweeping_filter_fetches_every_link_at_once() -> None:
    """Whether its reader clicks or not."""
    for fetches in many(by_domain("company.example.org"), 20):
        swept = [each for each in fetches if each.address == "203.0.113.9"]
        assert {each.text for each in swept} == set(LINKS)
        assert swept[-1].at_s - swept[0].at_s <= 0.5


def test_another_filter_asks_for_the_head_first() -> None:
    """No browser does so when its user follows a link."""
    for fetches in many(by_domain("post.example.net"), 20):
        assert fetches[0].method == "HEAD"


def test_people_click_some_links_and_not_all_messages() -> None:
    """About as often as they are keen."""
    reader = by_domain("school.example.net")
    clicked = [fetches for fetches in many(reader) if fetches]
    assert 0 < len(clicked) < 200
    assert abs(len(clicked) / 200 - reader.keen) < 0.12
    assert all(each.at_s > SENT_S for fetches in clicked for each in fetches)


def test_some_people_show_less_of_their_browser() -> None:
    """Their clicks are doubtful."""
    reader = next(each for each in readers.everybody() if each.number % 11 == 0)
    fetches = next(each for each in many(reader) if each and not reader.filtered_by)
    assert "accept-language" not in fetches[0].fields
