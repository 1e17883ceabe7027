"""URLs with blanks: which ones they stand for, and what stands in a blank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.urls import blanks
from tracker.urls.blanks import BLANK, Blanked
from tracker.urls.shape import parts

OFFER = f"https://shop.test/offers/{BLANK}/view?a=1"


def blanked(url: str, *names: str) -> Blanked:
    """Return a URL with all of its blanks."""
    return Blanked.of(url, blanks.places(url), frozenset(names))


def test_a_blank_is_written_in_ascii_and_read_as_reports_have_it() -> None:
    """A parameter that is a blank is no part of a link's name."""
    url = blanks.in_ascii("https://shop.test/offers/…/view?for=…&a=1#/x/…")
    assert url == f"https://shop.test/offers/{BLANK}/view?for={BLANK}&a=1#/x/{BLANK}"
    assert blanks.places(url) == (1, 3, 6)
    assert blanks.as_reported(url) == "https://shop.test/offers/…/view?a=1#/x/…"
    assert blanks.as_reported("https://shop.test/?a=1") == "https://shop.test/?a=1"


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://shop.test/a", True),
        ("https://shop.test/…/?a=…#…", True),
        ("https://shop.test/a…", False),
        ("https://shop.test/…?a=b…", False),
        ("https://….test/", False),
        ("https://shop.test/?…=1", False),
    ],
)
def test_a_blank_is_a_whole_segment_or_value(url: str, *, whole: bool) -> None:
    """Of what stands beside it nobody knows whose it is; a host and a name are no reader's own."""
    assert blanks.has_only_whole(url) == whole


@pytest.mark.parametrize(
    ("url", "values"),
    [
        ("https://shop.test/offers/7f3a/view?a=1", ("7f3a",)),
        ("HTTPS://Shop.test/offers/%41/view?a=1", ("%41",)),
        ("https://shop.test/offers/7/view?a=1&uid=5", ("7",)),
        ("https://shop.test/offers/7/view?a=2", None),
        ("https://shop.test/offers/7/buy?a=1", None),
        ("https://shop.test/offers/7/view?a=1#top", None),
        ("https://shop.test/offers/7/8/view?a=1", None),
        ("https://shop.test/offers//view?a=1", None),
        ("https://other.test/offers/7/view?a=1", None),
    ],
)
def test_a_url_has_what_stands_for_the_blanks_or_is_another_links(
    url: str, values: tuple[str, ...] | None
) -> None:
    """All else is the same, octet for octet, but for parameters that are known to be the reader's own."""
    assert blanked(OFFER, "uid").values_in(url) == values


def test_places_that_a_url_has_not_are_none() -> None:
    """Somebody may have written them by hand."""
    assert Blanked.of("https://shop.test/a", (0, 7), frozenset()).places == (0,)


def test_all_begin_with_what_stands_before_the_first_value() -> None:
    """By which others are told at once."""
    assert blanked(OFFER).beginning == "https://shop.test/"


def test_parameters_that_are_blanks_have_names() -> None:
    """Of the query alone: a fragment is the page's own."""
    url = f"https://shop.test/{BLANK}?For={BLANK}&a=1#b={BLANK}"
    assert blanked(url).params == {"for"}


@pytest.mark.parametrize(
    ("to", "values", "expected"),
    [
        (f"https://new.test/{BLANK}/x?q={BLANK}#top", ("a%2F", "b/c"),
         "https://new.test/a%2F/x?q=b/c#top"),
        (f"https://new.test/#/x/{BLANK}", ("7",), "https://new.test/#/x/7"),
        (f"https://new.test/{BLANK}", ("../a?b#c",), "https://new.test/..%2Fa%3Fb%23c"),
        (f"https://new.test/?q={BLANK}", ("a&b=c",), "https://new.test/?q=a%26b%3Dc"),
        ("https://new.test/", ("7",), "https://new.test/"),
        (f"https://new.test/{BLANK}/{BLANK}", ("7",), f"https://new.test/{BLANK}/{BLANK}"),
    ],
)  # fmt: skip
def test_values_are_filled_in_and_stay_values(
    to: str, values: tuple[str, ...], expected: str
) -> None:
    """As they are where they can be; nothing is filled in where there is another number of blanks."""
    assert blanks.filled(to, values) == expected


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12))
def test_whatever_stands_in_a_blank_changes_nothing_else(value: str) -> None:
    """No reader's own segment leads to another host, or to another page."""
    to = f"https://new.test/a/{BLANK}/b?c={BLANK}#/d/{BLANK}"
    found = parts(blanks.filled(to, (value, value, value)))
    assert found.pieces == parts(to).pieces
