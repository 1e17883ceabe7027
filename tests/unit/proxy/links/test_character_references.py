"""Character references in attribute values, as WHATWG HTML §13.2.5.72 has them."""

from html.entities import html5

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links import character_references


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a&amp;b", "a&b"),
        ("a&ampb", "a&ampb"),
        ("a&amp=b", "a&amp=b"),
        ("a&amp", "a&"),
        ("a&amp!", "a&!"),
        ("?x&copy=2&region=eu", "?x&copy=2&region=eu"),
        ("?x&copy;=2", "?x©=2"),
        ("?sectionid=1&sectionid=2", "?sectionid=1&sectionid=2"),
        ("&notit;", "&notit;"),
        ("&notin;", "\N{NOT AN ELEMENT OF}"),
        ("&NotEqualTilde;", "\N{MINUS TILDE}\N{COMBINING LONG SOLIDUS OVERLAY}"),
        ("&unknown;", "&unknown;"),
        (f"&{'amp' * 20};", f"&{'amp' * 20};"),
        ("&", "&"),
        ("&;", "&;"),
        ("&#", "&#"),
        ("&#x", "&#x"),
        ("&#xZ", "&#xZ"),
        ("&#65", "A"),
        ("&#65;", "A"),
        ("&#x41z", "Az"),
        ("&#X41;", "A"),
        ("&#0;", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#128;", "€"),
        ("&#x81;", "\x81"),
        ("&#13;", "\r"),
        ("&#16;", "\x10"),
        ("a\0b", "a\ufffdb"),
        ("a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_references_are_read_by_the_attribute_rule(written, meant):
    """A reference means in a value what the standard says, not what it means in text."""
    assert character_references.decode(written) == meant


@pytest.mark.parametrize("digits", ["9" * 100_000, "0" * 100_000 + "65"])
def test_long_numbers_cost_no_more_than_their_length(digits):
    """A number of any length is read or refused without arithmetic on it."""
    assert character_references.decode(f"&#{digits};") in {"\ufffd", "A"}


@pytest.mark.parametrize("after", ["", ";", "=", "x", "1", "!", '"'[:0] + " "])
def test_every_name_is_read_as_html5lib_reads_it(after):
    """Each name of the standard, with what may follow it, agrees with html5lib."""
    names = sorted({name.rstrip(";") for name in html5})
    values = [f"&{name}{after}" for name in names]
    document = html5lib.parse("".join(f'<a href="{value}">' for value in values))
    expected = [node.attrib["href"] for node in document.iter() if node.tag.endswith("}a")]
    assert [character_references.decode(value) for value in values] == expected


@given(st.text(), st.sampled_from(['"', "'"]))
def test_a_quoted_value_reads_back(text, quote):
    """What is written between quotes is read as it was meant, and holds no quote."""
    written = character_references.encode(text, quote)
    assert quote not in written
    assert character_references.decode(written) == character_references.decode(
        text.replace("&", "&amp;")
    )


@given(st.text(min_size=1))
def test_an_unquoted_value_stays_one_value(text):
    """What is written without quotes ends neither the value nor the tag."""
    written = character_references.encode(text, "")
    assert not set(written) & set("\t\n\f\r \"'<=>`")
