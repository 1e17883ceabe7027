"""What stands at which place in a URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.urls.shape import ELLIPSIS, MAX_VALUES, parts

TEXTS = st.text(alphabet="ab1/\\;?&=#.%:@… \0", max_size=30)
URLS = st.builds(lambda scheme, rest: scheme + rest, st.sampled_from(("https://", "HTTP:/")), TEXTS)


@pytest.mark.parametrize(
    ("url", "values"),
    [
        ("https://example.com", ()),
        ("https://example.com/", ()),
        ("https://example.com/a/b/", ("a", "b")),
        ("https://example.com?a=1", ("1",)),
        ("https://example.com/a?b=1&c=&d&=2#top", ("a", "1", "", "d", "2", "top")),
        ("https://example.com/a;jsessionid=1/b", ("a", "jsessionid=1", "b")),
        ("https://example.com/#/offers/7?coupon=X&a=b=c", ("offers", "7", "X", "b=c")),
        ("https://example.com/a#u=1&v=2", ("a", "1", "2")),
        ("https://example.com/?https://a/?b=1", ("1",)),
        (r"https:\\example.com\a", ("a",)),
        ("mailto:ann@example.com", ()),
        ("https://example.com/\0a", ()),
    ],
)
def test_a_url_has_values(url, values):
    """Segments and parameters, in the fragment as well; what is no URL has none."""
    taken = parts(url)
    assert taken.values == values
    assert taken.url == url


@given(URLS)
def test_a_url_taken_apart_is_the_same_url(url):
    """Octet for octet."""
    taken = parts(url)
    assert taken.url == url == taken.without(())
    assert len(taken.pieces) == len(taken.values) + 1


@given(URLS, st.data())
def test_urls_of_one_shape_are_the_same_without_what_differs(url, data):
    """Whatever it is."""
    taken = parts(url)
    places = data.draw(st.sets(st.sampled_from(range(len(taken.values))))) if taken.values else ()
    changed = ["other" if at in places else value for at, value in enumerate(taken.values)]
    other = taken._replace(values=tuple(changed))
    assert other.shape == taken.shape
    assert other.without(places) == taken.without(places)


@pytest.mark.parametrize(
    ("url", "places", "name"),
    [
        ("https://example.com/u/7/sale", {1}, "https://example.com/u/…/sale"),
        ("https://example.com/a?u=7", {1}, "https://example.com/a"),
        ("https://example.com/a?u=7#top", {1}, "https://example.com/a#top"),
        ("https://example.com/a?b=1&u=7&c=2", {2}, "https://example.com/a?b=1&c=2"),
        ("https://example.com/a?u=7&b=1", {1}, "https://example.com/a?b=1"),
        ("https://example.com/a?b=1&u=7&", {2}, "https://example.com/a?b=1&"),
        ("https://example.com/a?7", {1}, "https://example.com/a?…"),
        ("https://example.com/a?b&7", {2}, "https://example.com/a?b&…"),
        ("https://example.com/#/a/7?u=8", {1, 2}, "https://example.com/#/a/…"),
        ("https://example.com/#u=8", {0}, "https://example.com/"),
        ("https://example.com/a?u=7#v=8", {1, 2}, "https://example.com/a"),
        ("https://example.com/a#v=8&w=9", {1}, "https://example.com/a#w=9"),
        ("https://example.com/a?#7", {2}, "https://example.com/a?#…"),
        ("https://example.com/a;s=7", {1}, "https://example.com/a;…"),
    ],
)
def test_what_is_left_out_is_seen(url, places, name):
    """A segment reads as left out; a parameter is gone, as it is where nobody had it."""
    assert parts(url).without(places) == name


def test_shapes_differ_in_what_is_fixed():
    """But for case."""
    assert parts("HTTPS://Example.com/a?B=1").shape == parts("https://example.com/b?b=2").shape
    assert parts("https://example.com/?a=1").shape != parts("https://example.com/?b=1").shape
    assert parts("https://example.com/a/b").shape != parts("https://example.com/a").shape


def test_values_of_one_url_have_an_end():
    """What follows them is the same or not, as a whole."""
    url = "https://example.com" + "/a" * 3 * MAX_VALUES
    taken = parts(url)
    assert (len(taken.values), taken.url) == (MAX_VALUES, url)
    assert taken.pieces[-1] == "/a" * 2 * MAX_VALUES
    assert taken.without({0}).startswith(f"https://example.com/{ELLIPSIS}/a")
