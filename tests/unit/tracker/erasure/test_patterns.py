"""What gives a person away in a URL or a name, and either without it."""

import pytest

from tests.support.checks.people import ANN, ANNS_ID, IDENTIFIER
from tracker.erasure.patterns import PersonPatterns


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("https://example.net/?m=ANN@example.net&x", "https://example.net/?m=erased&x"),
        ("https://example.net/?u=a%3Dann%2540x", "https://example.net/?u=a%3Dann%2540x"),
        ("https://example.net/?u=%3Dann%40example%2Enet", "https://example.net/?u=%3Derased"),
        ("https://example.net/?m=joann@example.net", None),
        ("https://example.net/?m=ann@example.net.au", None),
        (f"https://example.net/{ANNS_ID}", "https://example.net/erased"),
    ],
)
def test_what_gives_somebody_away_in_a_url(url: str, without: str | None):
    """However it is encoded, and nothing that only looks like it."""
    assert PersonPatterns.of([ANN], IDENTIFIER).without(url) == (without or url)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Hello Ann@example.net!", "Hello erased!"),
        ("to ann@example.net.", "to erased."),
        ("https://example.net/pers-4711x.pdf?a", "https://example.net/erased.pdf?a"),
        ("https://example.net/?id=PERS-4711X", None),
        ("https://example.net/?id=pers-4711x-2", None),
        ("Bill for pers%2D4711x", "Bill for erased"),
        ("https://example.net/7?id=7", None),
    ],
)
def test_an_id_that_means_nobody_else_counts_anywhere(text: str, without: str | None):
    """As an address does, but exactly as it is written; a short one only in what is theirs."""
    patterns = PersonPatterns.of([ANN, "pers-4711x", "7"], IDENTIFIER)
    assert patterns.without(text) == (without or text)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("https://example.net/7/top-7?id=7&v=1.7", "https://example.net/e/top-7?id=e&v=1.7"),
        ("HTTPS://example.net/(7)?id=7", "HTTPS://example.net/(7)?id=e"),
        ("Bill 7, for you", "Bill e, for you"),
        ("17 or 7.5 or 7%", None),
    ],
)
def test_a_short_id_is_a_whole_value_of_what_is_theirs(text: str, without: str | None):
    """Of a URL, or a word."""
    assert PersonPatterns.of(["7"], IDENTIFIER).without(text, theirs=True) == (without or text)


@pytest.mark.parametrize("name", ["customer", "2026", "20261123", "a-1"])
def test_an_id_that_may_mean_something_else_stays_in_what_is_others(name: str):
    """Words, years, days."""
    url = f"https://example.net/?x={name}"
    assert PersonPatterns.of([name], IDENTIFIER).without(url) == url


def test_a_short_name_leaves_no_longer_url():
    """So that records of the spool keep their length."""
    assert PersonPatterns.of(["a@b"], IDENTIFIER).without("https://x/?a@b") == "https://x/?era"
