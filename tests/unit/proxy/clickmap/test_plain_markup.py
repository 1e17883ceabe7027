"""HTML in the plainest form: as browsers find it, and nothing that a parser could stumble over."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from proxy.clickmap.plain_markup import plain


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<P CLASS=a Title='x \"y\"'>Text</P>", '<p class="a" title="x &quot;y&quot;">Text</p>'),
        ("<p a=1 a=2 b>x", '<p a="1" b="">x'),
        ("a < b <3 & c", "a &lt; b &lt;3 & c"),
        ("<br/><div/>", "<br><div>"),
        ("a<!-- <b>x</b> -->b<!doctype html>c<?xml?>d</>e", "abcde"),
        ("<![if !mso]>a<![endif]>", "a"),
        ("<!-->a<!--->b<!--->c", "abc"),
        ("<title><b></title>a<textarea><p></textarea>b", "ab"),
        ("<script>'</p>'</script>a", "a"),
        ("<style>a > b{}<x</style>c", "<style>a > b{} x</style>c"),
        ("<p x=it's>a</p>", '<p x="it\'s">a</p>'),
        ("<p \"<='1'>a", "<p>a"),
        ('<x"y>a</x"y>', "a"),
    ],
)
def test_tags_are_whole_and_their_attributes_are_quoted(html: str, written: str) -> None:
    """Text stays text."""
    assert plain(html).html == written


@pytest.mark.parametrize("open_end", ["<a href='b>c", "<!-- b", "<b", "<![CDATA[", "</b "])
def test_what_is_never_closed_ends_the_document(open_end: str) -> None:
    """As in browsers."""
    assert plain(f"<p>a{open_end}").html == "<p>a"


def test_a_style_sheet_that_is_never_closed_takes_the_rest() -> None:
    """And is closed."""
    assert plain("a<style>b<p>").html == "a<style>b p></style>"


@pytest.mark.parametrize(
    ("html", "depth"),
    [("a", 0), ("<p><b></b><i></i></p>", 2), ("<br><img><hr>", 0), ("</p>" * 9, 0), ("<p>" * 9, 9)],
)
def test_how_deep_it_is_nested(html: str, depth: int) -> None:
    """At least."""
    assert plain(html).depth == depth


PIECES = st.sampled_from(
    [*"<>/!-=\"' &;abiv:[]\n", "<a href=", "<style>", "</style>", "<!--", "-->", "</", "<img "]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_it_is_the_same_once_more_and_any_parser_agrees_on_it(html: str) -> None:
    """Nothing is left to be understood in two ways."""
    once = plain(html).html
    assert plain(once).html == once
    assert not BeautifulSoup(once, "html.parser").find(lambda tag: not tag.name.isascii())
