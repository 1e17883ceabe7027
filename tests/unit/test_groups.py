"""What a link is called in reports."""

import re

from tracker.groups import VOLATILE_PARAMS, GroupPattern, identity


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
