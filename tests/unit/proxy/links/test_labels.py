"""The text by which people know a link."""

import re
import warnings
from itertools import zip_longest
from pathlib import Path
from unittest import mock

import pytest
from bs4 import BeautifulSoup, NavigableString, Tag
from hypothesis import given
from hypothesis import strategies as st

from proxy.links import labels, tokenizer
from proxy.links.charsets import HtmlView, view
from proxy.links.html import links
from proxy.links.labels import MAX_LABEL_CHARACTERS, label
from proxy.message.editing import decode, parse

BUTTON = (
    b"<!--[if mso]><v:roundrect href=x><w:anchorlock/><center><![endif]-->"
    b"<a href=y>BUY NOW</a><!--[if mso]></center></v:roundrect><![endif]--> more"
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (b"<a href=x>one <b>two</b>\n three</a> four", "one two three"),
        (b"<a href=x>one<br>two</a>", "one two"),
        (b"<a href=x>R&amp;D &copy</a>", "R&D ©"),
        (b"<a href=x><img alt='a &gt; b'></a>", "a > b"),
        (b"<a href=x><img alt='a'> b</a>", "b"),
        (b"<a href=x>a<!-- > b -->c</a>", "ac"),
        (b"<a href=x>a<a href=y>b</a>", "a"),
        (b"<a href=x title=t></a>", "t"),
        (b"<a alt href=x title=t title=u></a>", "t"),
        (b"<a title='a &gt; b' alt='' href=x><img></a>", "a > b"),
        (b"<a href=x>a<img alt=b src='data:," + b"A" * 5000 + b"'></a>", "a"),
        (b"<a href=x><img alt=b src='data:," + b"A" * 5000 + b"'></a>", "b"),
        (b"<area href=x alt=there>beside", "there"),
        (b"<a href=x>", ""),
        (b"<a href=x>" + b"long " * 5000, ("long " * 40).strip()),
        (b"<!--[if mso]><v:rect href=x><center>Buy</center></v:rect><![endif]-->", "Buy"),
    ],
)
def test_a_link_is_known_by_its_text(html, text):
    """People see the text of a link, else what stands for its image."""
    assert label(html, links(html)[0]) == text


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        (BUTTON, ["BUY NOW", "BUY NOW"]),
        (b"<a href=x><![if !mso]>one<![endif]></a>", ["one"]),
        (b"<a href=x><!--[if !mso]><!-->one<!--<![endif]--></a>", ["one"]),
        (b"<a href=x><!--[if mso]>&nbsp;</a><a href=y><![endif]-->one</a>", ["one", "one"]),
        (b"<a href=x><!--[if mso]><i>&nbsp;</i><![endif]-->one<!--[if mso]>x", ["one"]),
        (b"<!--[if mso]><a href=x><![endif]-->one<!--[if mso]></a><![endif]-->", ["one"]),
        (b"<a href=x><!-->one<!--->two</a>", ["onetwo"]),
        (b"<a href=x><?xml x?>o</1>n</>e<!></a>", ["one"]),
        (b"<a href=x><STYLE>p{}</STYLE >one<script>2</script></a>", ["one"]),
        (b"<a href=x><strong>one</strong><title-x>", ["one"]),
    ],
)
def test_a_label_has_no_markup(html, texts):
    """Not of conditional comments either, wherever these begin and end."""
    assert [label(html, each) for each in links(html)] == texts


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("<img alt=' one '> <b><img alt='two'></b>", "one two"),
        ("<img alt=one><img src=x><img alt=one>", "one"),
        ("<img alt='&zwnj;'>", "title"),
        ("&zwnj;&nbsp;&zwnj;&nbsp;&#8199;&#65279;&#847; &shy;&#8203;", "title"),
        ("one&zwnj;&nbsp;&zwnj;&nbsp;&#847;", "one"),
        ("con&shy;tact\u200b us\u2060", "contact us"),
        ("\u0645\u06cc\u200c\u0634\u0648\u062f", "\u0645\u06cc\u200c\u0634\u0648\u062f"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ],
)
def test_a_label_is_what_people_see(inside, text):
    """Alternative texts of all images, and nothing that is invisible: what holds letters together stays."""
    html = f"<a href=x title=title>{inside}</a>".encode()
    assert label(html, links(html)[0]) == text


TAIL = st.lists(
    st.sampled_from(
        [b' alt="one"', b' ALT="two"', b" alt='three'", b" alt", b' alt=""', b' src="x"', b" src=x", b' title=" alt="',
         b' data-a.b="c"', b"/", b" ", b'\n style="c: d"', b'"']
    )
).map(b"".join)  # fmt: skip


@given(TAIL)
def test_the_text_of_a_usual_image_is_that_of_any(rest: bytes) -> None:
    """In one match, where that is possible."""
    values = tokenizer.values(rest + b">", 0, len(rest) + 1)
    first = next((octets for name, at, octets in values if name == b"alt" and at), None)
    assert labels._alternative(rest + b">") == first


CONTENT = ["<strong>", "</strong>", '<span style="x">', "</span>", "<center>", "</center>", "text ", " ", "é", "&amp;",
    '<img alt="A">', '<img src="x" alt="&lt;B" width="1">', '<img alt="">', "<img>", "<IMG ALT='c'>", "<br>", "</strong >",
    "<!-- x -->", "<![endif]-->", "</a>", "</v:rect>", "<a href=y>", "x" * 4090]  # fmt: skip


@given(
    st.sampled_from(["<a href=x>", "<a href=x title=t>", "<!--[if mso]><v:rect href=x>"]),
    st.lists(st.sampled_from(CONTENT), max_size=6),
    st.sampled_from(["</a>", "</v:rect>", ""]),
)
def test_the_text_of_usual_content_is_that_of_any(start, inside, end) -> None:
    """One match tells what going through the tags would."""
    html = "".join([start, *inside, end]).encode()
    texts = [label(html, href) for href in links(html)]
    with mock.patch.object(labels, "_USUAL_CONTENT", re.compile(rb"(?!)")):
        assert [label(html, href) for href in links(html)] == texts


@given(st.binary())
def test_any_octets_have_a_label(octets):
    """One line of bounded length, whatever there is."""
    for href in links(b"<a href=x>" + octets + b"<a href=y>" + octets):
        text = label(octets, href)
        assert len(text) <= MAX_LABEL_CHARACTERS
        assert text == " ".join(text.split())


PIECES = [b"<!--[if mso]>", b"<![endif]-->", b"<!--", b"-->", b"<![if !mso]>", b"<![endif]>", b"</a>",
          b"<a href=x>", b"</1>", b"</>", b"<!>", b"<?", b"one", b"<b>", b"<img alt=two>", b"<style>", b"</style>",
          b"<v:rect href=x>", b"</v:rect>", b"<!-->", b" "]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_markup_is_ever_read(pieces):
    """Whatever is open, closed or cut off where."""
    html = b"".join([b"<a href=x>", *pieces])
    for href in links(html):
        assert "<" not in label(html, href)


def documents(corpus: Path) -> list[HtmlView]:
    """Return every HTML document of the corpus, of files and of messages."""
    found = [view(path.read_bytes(), None) for path in sorted(corpus.rglob("*.html"))]
    for path in sorted(corpus.rglob("*.eml")):
        message = parse(path.read_bytes())
        parts = [part for part in message.parts if part.content_type == "text/html"]
        found += [view(decode(message, part).octets, part.charset) for part in parts]
    return [each for each in found if each is not None]


def seen(anchor: Tag) -> str:
    """Return what html5lib and Beautiful Soup make of an anchor: text, else images' texts, else title."""
    text = "".join(each for each in anchor.strings if type(each) is NavigableString)
    images = "".join(dict.fromkeys(str(each.get("alt", "")) for each in anchor.find_all("img")))
    return text if text.strip() else images if images.strip() else str(anchor.get("title", ""))


def letters(text: str) -> str:
    """Return a text without white space and what is invisible, as far as all labels are compared."""
    return re.sub(r"[\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]+", "", text)[:150]


@pytest.mark.corpus
def test_labels_are_what_html5lib_reads(corpus):
    """In all real mail that there is; an anchor within a table within an anchor ends the outer one."""
    compared = 0
    for document in documents(corpus):
        found = [each for each in links(document.html, document.charset) if each.element == "a"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            soup = BeautifulSoup(document.html.decode(document.charset, "replace"), "html5lib")
        anchors = [each for each in soup.find_all("a", href=True) if each["href"]]
        assert [each.value for each in found] == [each["href"] for each in anchors]
        texts = [label(document.html, each, document.charset) for each in found]
        pairs = list(zip(found, texts, map(seen, anchors), strict=True))
        for (href, text, expected), after in zip_longest(pairs, pairs[1:]):
            is_around = after is not None and not text and after[0].value == href.value
            assert letters(text) == letters(expected) or is_around
            compared += 1
    assert compared > 1_000
