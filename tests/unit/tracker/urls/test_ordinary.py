"""What is known at sight to hold no secret holds none when it is looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.growth import is_linear
from tracker.urls import secrets
from tracker.urls.ordinary import is_ordinary

PIECES = [
    *("reset", "password", "verify", "magic", "invite", "orders", "item", "x", "7", "123", "12345"),
    *("1234567", "1700000000", "SAVE20", "Confirm", "a8f3b2c1d4e5f6", "DEADBEEF", "qwrtzpsdfg"),
    *("12345678-1234-1234-1234-123456789012", "6564-0123456789abcdef0123", "wool-socks-1000084002"),
    *(
        "Special:Confirm",
        "a=b",
        "|",
        "%2F",
        "@",
        "--",
        "?",
        "eyJhbGciOi",
        "1700000000-a8f3b2c1d4e5f6a7",
    ),
]
NAMES = [
    *(
        "id",
        "c",
        "k",
        "n",
        "t",
        "s",
        "v",
        "e",
        "expires",
        "code",
        "sv",
        "ref",
        "st",
        "sig",
        "policy",
    ),
    *(
        "signature",
        "key-pair-id",
        "X-Amz-Signature",
        "reset_token",
        "Invite_Code",
        "utm_source",
        "hmac",
    ),
]
SEGMENT = st.lists(
    st.one_of(st.sampled_from(PIECES), st.from_regex(r"[a-z]{1,19}|[0-9]{1,19}", fullmatch=True)),
    min_size=1,
    max_size=3,
).map("-".join)
NAME = st.one_of(st.sampled_from(NAMES), st.from_regex(r"[a-z_-]{1,8}", fullmatch=True))
PAIR = st.one_of(SEGMENT, st.tuples(NAME, SEGMENT).map("=".join))


@given(st.lists(SEGMENT, max_size=4), st.lists(PAIR, max_size=3), st.one_of(st.none(), SEGMENT))
def test_what_is_passed_over_at_sight_holds_no_secret_when_looked_at(path, query, fragment):
    """Words, titles and numbers, whatever stands beside them."""
    url = f"https://example.com/{'/'.join(path)}" + ("?" + "&".join(query) if query else "")
    url += "" if fragment is None else f"#{fragment}"
    if is_ordinary(url):
        assert not list(secrets._looked_for(url, 2))


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com/products/item-42/?ref=mail&page=2",
        "https://example.com/blog/how-to-reset-your-password#part-2",
        "http://example.com:8080/news/2026/11/spring.html?utm_source=news_letter",
        "https://shop.example.com/Products/wool-socks-1000084002?variant=40219301234&q=",
        "https://shop.example.com/item/1000084002",
    ],
)
def test_most_links_are_passed_over_at_sight(url):
    """That takes a fraction of the time."""
    assert is_ordinary(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/otp/123456",
        "https://example.com/reset/42/123456",
        "https://example.com/?k=123456",
        "https://b.example.com/k?X-Amz-Signature=a",
        "https://example.com/1234567a-1234-1234-1234-123456789012",
        "https://example.com/reset?1700000000-a8f3b2c1d4e5f6a7?x=1",
        "https://user:word@example.com/",
    ],
)
def test_what_may_be_one_is_looked_at(url):
    """Figures behind a purpose, names that tell, and whatever looks random."""
    assert not is_ordinary(url)


@pytest.mark.parametrize("piece", ["/", "/a", "-1", "&a=b", "1", "aB", "#"])
def test_time_grows_with_the_length_alone(piece):
    """Whatever the URL is made of."""
    assert is_linear(lambda n: is_ordinary("https://example.com/?" + piece * n), 2_000)
