"""Header text as names: encoded words decoded, one short line that can be encoded."""

from email.header import Header

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
        ("=?ISO-8859-1?Q?gr=FCn?= leaves", "grün leaves"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
        ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
        ("=?utf-8?q?=FF?=", "=?utf-8?q?=FF?="),
        ("a =? b", "a =? b"),
        ("", ""),
    ],
)
def test_encoded_words_are_read_if_they_can_be(written: str, read: str) -> None:
    """RFC 2047 §6.2: white space between two is none. What cannot be decoded stays as it stands."""
    assert decode_words(written) == read


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_what_the_standard_library_encodes_is_read_back(text: str) -> None:
    """Words that it splits are joined again."""
    encoded = Header(text, "utf-8", maxlinelen=76).encode(linesep="\r\n").replace("\r\n", "")
    assert decode_words(encoded) == text


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
    assert clean_text("a =?utf-8?q?=0A=C3=A9=0D?= ") == "a é"


def test_a_name_is_made_of_the_beginning() -> None:
    """What stands far behind it is not looked at."""
    assert clean_text("x" * 3 * MAX_NAME) == "x" * MAX_NAME
    assert clean_text(" " * MAX_ENCODED + "late") == ""


@given(st.text(st.characters(), max_size=300))
def test_a_name_can_always_be_encoded(text: str) -> None:
    """And is as short as names have to be."""
    name = clean_text(text * (1 + MAX_ENCODED // 300))
    assert len(name.encode().decode()) <= MAX_NAME


ODD = st.lists(st.sampled_from(["=?", "?=", "utf-8", "?q?", "?b?", "=FF", "é", " ", "\x85"]))


@given(ODD.map("".join))
def test_no_text_is_too_odd(text: str) -> None:
    """Half of an encoded word, or one within another: a name is one line all the same."""
    name = clean_text(text)
    assert len(name) <= MAX_NAME
    assert name == name.lstrip()
    assert not any(char < " " or "\x7f" <= char < "\xa0" for char in name)
