"""Header text as names: encoded words decoded, one short line that can be encoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.encoded_words import MAX_ENCODED, MAX_WORDS, clean_text, decode_words
from tracker.events import MAX_NAME


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Winter sale", "Winter sale"),
        ("=?utf-8?q?Winter_sale?=", "Winter sale"),
        ("=?utf-8?b?V2ludGVy?= =?utf-8?b?IHNhbGU=?=", "Winter sale"),
        ("=?iso-8859-1?q?caf=E9?=", "café"),
        ("=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
    ],
)
def test_encoded_words_are_read_if_they_can_be(written: str, read: str) -> None:
    """What cannot be decoded is text as it stands."""
    assert decode_words(written) == read


def test_more_than_a_header_holds_is_not_looked_through() -> None:
    """Time is bounded by the size."""
    text = "=?utf-8?q?a?=" + " " * MAX_WORDS
    assert decode_words(text) is text


@pytest.mark.parametrize("written", ["=?utf-7?q?=2B2AA-?=", "\ud800"])
def test_half_a_surrogate_pair_is_no_character(written: str) -> None:
    """A campaign of that name stands in URLs and in UTF-8."""
    assert clean_text(written) == "\ufffd"


def test_a_name_is_one_line() -> None:
    """Whatever breaks one for somebody is a blank."""
    assert clean_text(" a\r\n\tb\u2028c\x85d\0 ") == "a b c d"


@given(st.text(st.characters(), max_size=300))
def test_a_name_can_always_be_encoded(text: str) -> None:
    """And is as short as names have to be."""
    name = clean_text(text * (1 + MAX_ENCODED // 300))
    assert len(name.encode().decode()) <= MAX_NAME
