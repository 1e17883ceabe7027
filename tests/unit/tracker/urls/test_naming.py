"""What a link is called in reports."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import Config
from tracker.urls.naming import VOLATILE_PARAMS, GroupPattern, LinkNaming, Naming, identity, is_url
from tracker.urls.params import added, without_written

OURS = (("utm_source", "mail"), ("utm_campaign", "spring sale"))
PAIRS = st.sampled_from(
    [
        "a=1",
        "a=2",
        "utm_source=x",
        "UTM_Source=y",
        "utm%5Fsource=z",
        "uid=7",
        "UID=8",
        "wp_id=9",
        "",
    ]
)
QUERIES = st.lists(PAIRS, max_size=4).map("&".join)


def test_an_ordinary_link_is_its_url():
    """Nothing is taken away that tells links apart."""
    url = "https://example.com/a?page=2&utm_source=mail#top"
    assert identity(url, (), VOLATILE_PARAMS) == url


def test_personalised_links_are_one_link():
    """Whoever clicks, it is the same link."""
    urls = [f"https://example.com/a?page=2&uid={n}&email=r{n}%40example.com" for n in range(3)]
    assert {identity(url, (), VOLATILE_PARAMS) for url in urls} == {"https://example.com/a?page=2"}


def test_the_first_pattern_that_is_found_names_the_link():
    """Patterns are searched for anywhere in the destination, in order."""
    patterns = (
        GroupPattern(re.compile(r"/orders/\d+"), "order"),
        GroupPattern(re.compile("example"), "site"),
    )
    assert identity("https://example.com/orders/7", patterns, VOLATILE_PARAMS) == "order"
    assert identity("https://example.com/x", patterns, VOLATILE_PARAMS) == "site"


@pytest.mark.parametrize("url", ["https://example.com/", "http://a", "HTTPS://Example.COM/"])
def test_a_link_that_nobody_named_is_called_by_a_url(url):
    """In whatever letters its author wrote the scheme."""
    assert is_url(url)


@pytest.mark.parametrize("name", ["offer", "https", "see https://example.com/", "ftp://a", ""])
def test_what_somebody_named_is_no_url(name):
    """Though one may stand in it."""
    assert not is_url(name)


@pytest.mark.parametrize(
    ("author_url", "name"),
    [
        ("https://example.com/a", "https://example.com/a"),
        ("https://example.com/a?", "https://example.com/a"),
        ("https://example.com/a?x=1&uid=7#top", "https://example.com/a?x=1#top"),
        ("https://example.com/?utm_source=blog", "https://example.com/?utm_source=blog"),
        ("https://example.com/?UTM_source=blog", "https://example.com/?UTM_source=blog"),
        ("https://example.com/?a=1&&b=2", "https://example.com/?a=1&&b=2"),
        ("https://example.com/?a=1&", "https://example.com/?a=1"),
    ],
)
def test_a_click_gives_the_name_of_what_was_sent(author_url, name):
    """What is ours is no part of it; an author's own parameter that is called like ours is."""
    destination = added(author_url, OURS)
    link = identity(author_url, (), VOLATILE_PARAMS)
    sent = LinkNaming(author_url, destination, link, "wp_id").sent_link(1, "", VOLATILE_PARAMS)
    assert (sent.url, sent.group) == (name, None)
    assert without_written(added(destination, (("wp_id", "4711"),)), sent.ignored) == name


@given(QUERIES, st.booleans(), st.sampled_from(["", "#top", "#?uid=1"]))
def test_every_click_gives_the_same_name(query, marked, fragment):
    """Whoever clicks, with an id or without; the author's own parameters stay."""
    author_url = f"https://example.com/{'?' if marked or query else ''}{query}{fragment}"
    destination = added(author_url, OURS)
    link = identity(author_url, (), VOLATILE_PARAMS)
    sent = LinkNaming(author_url, destination, link, "wp_id").sent_link(1, "", VOLATILE_PARAMS)
    readers = [added(destination, (("wp_id", who),)) for who in ("4711", "x" * 22)]
    assert {without_written(each, sent.ignored) for each in (destination, *readers)} == {sent.url}
    assert sent.group is None
    kept = [each for each in query.split("&") if each and each[:2] not in ("ui", "UI", "wp")]
    assert without_written(author_url, ("uid", "UID", "wp_id")) == sent.url
    assert all(each in sent.url for each in kept)


def test_what_somebody_named_is_told_by_its_name():
    """Then nothing of a click's destination matters."""
    url = "https://example.com/orders/7"
    sent = LinkNaming(url, added(url, OURS), "an order", "wp_id").sent_link(
        1, "Yours", VOLATILE_PARAMS
    )
    assert (sent.url, sent.group, sent.ignored) == (url, "an order", ())


def test_a_destination_without_additions_is_its_own_name():
    """Nothing is taken out of it, and nothing told."""
    url = "https://example.com/?a=1&&b"
    sent = LinkNaming(url, url, url).sent_link(1, "", VOLATILE_PARAMS)
    assert (sent.url, sent.group, sent.ignored) == (url, None, ())


def test_a_destination_alone_is_named_by_the_configuration():
    """Less what varies and what is ours, or by a pattern."""
    naming = Naming.of(
        Config.model_validate(
            {
                "tracking": {
                    "url_params": {"utm_Source": "mail"},
                    "volatile_params": ["Basket"],
                    "identify": {"param": "who", "hosts": ["example.com"]},
                    "group": [{"pattern": "/orders/", "name": "an order"}],
                }
            }
        )
    )
    url = "https://example.com/?basket=7&page=2&&b&utm_Source=mail&who=4711#top"
    assert naming.name(url) == "https://example.com/?page=2&&b#top"
    assert naming.name("https://example.com/orders/7?who=4711") == "an order"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (
            "https://example.com/reset/8f14e45fceea167a5a36dedd4bea2543",
            "https://example.com/reset/…",
        ),
        ("https://example.com/x?reset_key=8f14e45fcee&a=1", "https://example.com/x?a=1"),
        ("https://example.com/#/verify/8f14e45fceea167a5a36", "https://example.com/#/verify/…"),
    ],
)
def test_a_secret_is_no_part_of_a_name(url, name):
    """Not even where the author wants such a link tracked, or no message is known for its click."""
    assert identity(url, (), VOLATILE_PARAMS) == name
    assert Naming().name(url) == name
    sent = LinkNaming(url, url, name).sent_link(1, "", VOLATILE_PARAMS)
    assert (sent.url, sent.group) == (name, name)
    grouped = LinkNaming(url, url, "Set a password").sent_link(1, "", VOLATILE_PARAMS)
    assert (grouped.url, grouped.group) == (name, "Set a password")


URL = "https://example.com/spring?a=1"


@pytest.mark.parametrize("destination", [URL, URL + "&utm_source=mail"])
@pytest.mark.parametrize("name", [URL, "offers"])
@pytest.mark.parametrize("id_param", [None, "reader"])
@pytest.mark.parametrize("varies", ["b", "a"])
def test_what_is_told_of_a_link_is_the_same_without_a_look_at_its_url(
    monkeypatch, destination, name, id_param, varies
):
    """Whoever named it, whatever was added to it, and whichever of its parameters varies."""
    link, volatile = LinkNaming(URL, destination, name, id_param), frozenset({varies})
    found = link.told(volatile)
    monkeypatch.setattr(LinkNaming, "_is_ordinary", lambda *_: False)
    assert link.told(volatile) == found
