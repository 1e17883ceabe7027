"""The grammar takes time and memory in proportion to the document, whatever it is."""

import sys
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links import tokenizer
from proxy.links.html import Scanner, links
from proxy.links.labels import label
from tests.support.checks.growth import is_linear

FAMILIES = [
    b'<a href="', b"<a href='", b"<a href=", b"<!--", b"<![", b"<!--[if x]>", b"<![if x]>", b"<!-- -->",
    b"&", b"&amp", b"<a ", b"a=", b"<", b"</", b"</a", b"<?", b'"', b"='", b"<script>", b"<!--<script",
    b"<script><!--", b"<script></script>", b"<style>", b"</style", b"<style></style>", b"<title>",
    b"<svg>", b"<svg><title>", b"<svg><desc><p>", b"<math><mi>", b"</svg>", b"<![CDATA[", b"<v:a ",
    b"<a href=x>", b'<a href="x" a="">', b"<p x=y>", b"\0", b"\xff", b"<p\n", b"<!--[if x]><!--", b"--", b"--!",
    b"<plaintext>", b"<!--[if x]><a href=x></a>", b"<a b= ", b"<p a=b'", b"/", b"<a /",
    b" ", b"\n", b" /", b"= ", b"=\n",
]  # fmt: skip
OPENINGS = [
    b"", b"<a href=x ", b"<!--[if x]>", b"<script><!--", b"<svg>", b"<svg><g", b'<p x="', b"<a ",
]  # fmt: skip


def seconds(html: bytes) -> float:
    """Return the processor time of one reading."""
    start = time.process_time()
    links(html)
    return time.process_time() - start


@pytest.mark.parametrize("closing", [b"", b">", b"/>"])
@pytest.mark.parametrize("opening", OPENINGS)
def test_time_is_linear_for_hostile_documents(opening, closing):
    """Four times the document takes about four times as long; quadratic work takes sixteen.

    Whatever is read at 2 microseconds an octet or faster is not looked at more closely.
    """
    slow = []
    for family in FAMILIES:
        four = opening + family * (40_000 // len(family)) + closing
        if seconds(four) > 0.08:
            one = opening + family * (10_000 // len(family)) + closing
            if min(seconds(four) for _ in range(3)) > 9 * min(seconds(one) for _ in range(3)):
                slow.append(family)
    assert slow == []


@pytest.mark.parametrize("family", [b"a ", b"<p>", b"< ", b"<p a=b>", b"<svg>"])
def test_memory_is_bounded_for_hostile_documents(family):
    """Nothing is kept of the markup that is passed over."""
    html = b"<p " + family * (500_000 // len(family))
    tracemalloc.start()
    links(html)
    _, peak_octets = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_octets < len(html)


@pytest.mark.parametrize(("octets", "text"), [(100, "text"), (500_000, "")])
def test_a_label_is_bounded(octets, text):
    """The text of a link is read from the octets right after it alone."""
    html = b"<a href=x><!--" + b"-" * octets + b"-->text</a>"
    (href,) = links(html)
    assert label(html, href) == text


@pytest.mark.parametrize("family", [b"<!--", b"<b ", b"<b c='", b"</b "])
def test_a_label_is_looked_for_once(family):
    """Each of the octets right after a link is read a few times at most."""

    def work(octets: int) -> None:
        html = b"<a href=x>" + (family * octets)[:octets]
        (href,) = links(html)
        for _ in range(20):
            label(html, href)

    assert is_linear(work, 500)


@pytest.mark.parametrize(
    ("html", "stops"),
    [
        (b"text <p class='>'> <a href=x> more", b"<a href=x>"),
        (b"text <p class='>'><!-- -->", b"<!"),
        (b"<p a b=c d='e' f=\"g\"/></p></p a='>'>" * 10 + b"<area>", b"<area>"),
        (b"<strong><title x>", b"<title x>"),
    ],
)
def test_tags_without_interest_are_passed_over_at_once(html, stops):
    """One match goes over text and tags, to the first that matters."""
    found = tokenizer.NEXT.match(html)
    assert found is not None
    assert found[0].endswith(stops)


def test_the_grammar_avoids_what_older_interpreters_get_wrong():
    """No expression relies on a possessive group whose last turn fails half-way (3.11.2)."""
    found = tokenizer.NEXT.match(b"<p class='a b'>text</p> <a b=c d>")
    assert found is not None, sys.version
    assert found[2] == b"a"


TAIL = st.lists(
    st.sampled_from(
        [
            *(b' href="http://a/"', b" HREF='x'", b' title="a > b"', b' class=""', b" untracked"),
            *(
                b' a="1"b="2"',
                b'\r\n\tstyle="c: d"',
                b" x=y",
                b"/",
                b" ",
                b' data-a1="b"',
                b' ="x"',
            ),
        ]
    )
).map(b"".join)


@given(TAIL)
def test_a_usual_link_is_read_as_any_other(tail: bytes) -> None:
    """In one match, where that is possible."""
    scanner = Scanner(b"<a" + tail + b">text</a>", "utf-8", frozenset({b"class", b"data-a1"}))
    by_attribute = Scanner(scanner.html, scanner.charset, scanner.wanted)
    by_attribute.passes_usual = False
    scanner.run()
    by_attribute.run()
    assert scanner.found == by_attribute.found


@given(TAIL)
def test_usual_attributes_are_those_of_the_whole_grammar(tail: bytes) -> None:
    """Found in one go or one by one, where each value stands as well."""
    html = b"<a" + tail + b">"
    tag = tokenizer.TAG.match(html)
    assert tag is not None
    found = list(tokenizer.values(html, *tag.span(2)))
    assert found == list(tokenizer._all_values(html, *tag.span(2)))
    assert all(html[at : at + len(value)] == value for _, at, value in found)
