"""What is known at sight to hold no secret holds none when it is looked at."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.growth import is_linear
from tracker.urls.naming import VOLATILE_PARAMS, LinkNaming, identity
from tracker.urls.placeholders import has_placeholder
from tracker.urls.secrets import ordinary as module
from tracker.urls.secrets import rules
from tracker.urls.secrets.ordinary import is_ordinary, ordinary

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
    *("uid", "UID", "sid", "_"),
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
        assert not list(rules._looked_for(url, 2))


@given(st.lists(SEGMENT, max_size=4), st.lists(PAIR, max_size=3), st.one_of(st.none(), SEGMENT))
def test_what_is_passed_over_at_sight_is_called_by_its_url(path, query, fragment):
    """No parameter of it is left out of its name."""
    url = f"https://example.com/{'/'.join(path)}" + ("?" + "&".join(query) if query else "")
    url += "" if fragment is None else f"#{fragment}"
    if ordinary(VOLATILE_PARAMS)(url):
        assert identity(url, (), VOLATILE_PARAMS) == url
        assert LinkNaming(url, url, url).told(VOLATILE_PARAMS) == (url, None, ())
        assert not has_placeholder(url)


@pytest.mark.parametrize("url", ["https://example.com/?uid=7", "https://example.com/?a=1&UID"])
def test_a_parameter_that_is_asked_about_is_none_at_sight(url):
    """Whatever its value is, and in whatever case it is written."""
    assert is_ordinary(url)
    assert not ordinary(frozenset({"uid"}))(url)


def test_a_path_that_is_known_may_hold_a_code_behind_it():
    """A path is judged once, with its fragment; parameters, and whether it is a code, by themselves."""
    is_plain = ordinary(frozenset({"email"}))
    assert is_plain("https://example.com/blue/socks")
    assert is_plain("https://example.com/blue/socks?colour=red")
    assert not is_plain("https://example.com/blue/socks?email=x")
    assert not is_plain("https://example.com/blue/socks?token=abc")
    assert not is_plain("https://example.com/blue/socks#a8f3b2c1d4e5f6")
    assert not is_plain("https://example.com/reset/1234567")
    assert not is_plain("https://example.com/reset/1234567?colour=red")


def test_what_is_remembered_is_bounded(monkeypatch):
    """Of URLs, their paths and their parameters; all are told as before."""
    monkeypatch.setattr(module, "_REMEMBERED", 4)
    urls = module._OrdinaryUrls(frozenset({"uid"}))
    asked = [
        f"https://example.com/x{name}?{name}=x{name}"
        for name in ("a", "b", "uid", "d", "f", "g", "l")
    ]
    assert [urls.holds(url) for url in 2 * asked] == 2 * [True, True, False, True, True, True, True]
    assert max(len(urls._urls), len(urls._pairs), len(urls._places)) <= 4


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
        "https://example.com/deadbeef-1234-cafe-babe-deadbeefbeef",
        "https://example.com/x-" + "word" * 600,
        "https://example.com/{{name}}",
        "https://example.com/*|NAME|*",
        "https://example.com/sign-in-to-our-new-shop--0123456789abcdef0123456789abcdef01234567",
        "https://example.com/hello-world.eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
        "https://example.com/reset#a8f3b2c1d4e5f6a7",
        "https://example.com/~Contact.Email~",
    ],
)
def test_what_may_be_one_is_looked_at(url):
    """Figures behind a purpose, names that tell, and whatever looks random."""
    assert not is_ordinary(url)


OF_HYPHENS = """sale spring 7 1234 12345678 123456789 1700000000 1700000000.x 12345678901234567890 123456789012
    6564 abcd deadbeef facadefacadefacadefaca wordwordwordword a.b a_b x a=b a/b SAVE20 a8f3b2c1 qwrtzpsdfg"""


def test_what_is_made_of_words_is_plain_as_a_whole():
    """However they are put together: times, hashes, UUIDs and Django's tokens come about that way."""
    random = Random(15)
    pieces = OF_HYPHENS.split()
    texts = ["-".join(random.choices(pieces, k=random.randrange(1, 6))) for _ in range(8000)]
    texts += ["12345678-1234-1234-1234-123456789012", "12345678-abcd-abcd-abcd-deadbeefdead"]
    of_words = list(filter(module._is_of_words, texts))
    assert all(map(module._is_plain_as_a_whole, of_words))
    assert len(of_words) > 500


@pytest.mark.parametrize("piece", ["/", "/a", "-1", "&a=b", "1", "aB", "#"])
def test_time_grows_with_the_length_alone(piece):
    """Whatever the URL is made of."""
    assert is_linear(lambda n: is_ordinary("https://example.com/?" + piece * n), 2_000)
