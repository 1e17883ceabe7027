"""URL parameters are appended without disturbing what is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker import params

URL_TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("https://example.com", "https://example.com?utm_source=mail"),
        ("https://example.com/", "https://example.com/?utm_source=mail"),
        ("https://example.com/?", "https://example.com/?utm_source=mail"),
        ("https://example.com/?a=1", "https://example.com/?a=1&utm_source=mail"),
        ("https://example.com/?a=1&", "https://example.com/?a=1&utm_source=mail"),
        ("https://example.com/#top", "https://example.com/?utm_source=mail#top"),
        ("https://example.com/?a#b?c", "https://example.com/?a&utm_source=mail#b?c"),
        ("https://example.com/?q=%7E+%2f", "https://example.com/?q=%7E+%2f&utm_source=mail"),
    ],
)
def test_parameters_go_before_the_fragment(destination, expected):
    """The place of the question mark and the fragment decide, nothing is re-encoded."""
    assert params.added(destination, (("utm_source", "mail"),)) == expected


@pytest.mark.parametrize("name", ["utm_source", "utm%5Fsource"])
def test_a_name_that_is_there_is_kept_and_not_doubled(name):
    """The author's own value wins, however its name is written."""
    destination = f"https://example.com/?{name}=blog"
    assert params.added(destination, (("utm_source", "mail"),)) == destination


def test_values_are_percent_encoded():
    """A value can hold anything, the campaign's name too."""
    filled = params.filled((("utm_campaign", "{campaign}"),), "Grüße & more #1")
    expected = "https://example.com/?utm_campaign=Gr%C3%BC%C3%9Fe%20%26%20more%20%231"
    assert params.added("https://example.com/", filled) == expected


def test_a_parameter_for_an_unknown_campaign_is_left_out():
    """An empty utm_campaign would be worse than none."""
    table = (("utm_campaign", "{campaign}"), ("utm_source", "mail"))
    assert params.filled(table, None) == (("utm_source", "mail"),)


@given(URL_TEXT, st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=3))
def test_taking_the_addition_out_gives_the_original(rest, table):
    """Whatever stands in the destination, its octets are all there, in their order."""
    destination = "https://example.com/" + rest
    with_params = params.added(destination, tuple(table))
    base, mark, fragment = destination.partition("#")
    assert with_params.startswith(base)
    assert with_params.endswith(mark + fragment)
    assert len(with_params) == len(destination) + len(params.addition(destination, tuple(table)))


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("https://example.com/?uid=7&page=2", "https://example.com/?page=2"),
        ("https://example.com/?page=2&UID=7#x", "https://example.com/?page=2#x"),
        ("https://example.com/?uid=7", "https://example.com/"),
        ("https://example.com/?", "https://example.com/"),
        ("https://example.com/#?uid=7", "https://example.com/#?uid=7"),
    ],
)
def test_volatile_parameters_are_taken_out(destination, expected):
    """What remains is verbatim."""
    assert params.without(destination, frozenset({"uid"})) == expected
