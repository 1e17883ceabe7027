"""Markup as nearly all mail writes it means what the scanner makes of it, tag by tag."""

import importlib.util
import sys
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.links import usual_markup
from proxy.links.html import Href, Scanner
from proxy.links.usual_markup import up_to_link

WANTED = frozenset({b"class", b"data-track"})
LINK = '<a href="https://e.x/N">'
VML = '<v:roundrect href="https://e.x/N" style="a-b:c">'
PIECES = [LINK, VML, '<a target="x" href="https://e.x/N" style="a:b">', '<A HREF="https://e.x/N"\n>', "<a>", '<a href="">',
    '<a class="x" href="https://e.x/N">', "<a href='https://e.x/N'>", '<area href="https://e.x/N">', "</a>", "</A >",
    '<V:rect href="https://e.x/--N"/>', "<v:x>", "</v:x>", "<td>", '<td width="1" style="a-b">', '<td a="--">', '<td a="-->">',
    '<td a="b"c="d">', "<td a='>'>", '<td a=">">', "<td/>", '<td a="b" />', '<td =">', "<td  a>", '</td a=">">', "</td>", "</>",
    "<p>", '<p a="b">', "<pre>", "<P\t>", "<plaintext>", "<i>", '<img alt="x">', "<iframe>", "<s>", "<strong>", "<style>",
    "</style>", "<svg>", "</svg>", "<title>", "</title>", "<math>", "<meta>", "<nobr>", "<template>", "<o:p>", "<b-->", "<3",
    "<!--[if mso]>", "<![endif]-->", "<!--[if !mso]><!-->", "<!--[if !mso]><!-- -->", "<!--<![endif]-->", "<![if x]>",
    "<![endif]>", "<!-- a - b -->", "<!-- a -- b -->", "<!--a-->", "<!---->", "<!-->", "<!--[IF x]>", "--", "--!>", ">", '"',
    " text - text ", "\r\n"]  # fmt: skip


class TagByTag(Scanner):
    """Passes over nothing."""

    passes_usual = False


def found(scanner: type[Scanner], html: str) -> tuple[list[Href], bool]:
    """Return the links, and whether the end is for some mail programs alone."""
    reading = scanner(html.encode(), "utf-8", WANTED)
    reading.run()
    return reading.found, reading.conditional


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return a document of pieces, each link with a destination of its own."""
    pieces = draw(st.lists(st.sampled_from(PIECES), max_size=12))
    return "".join(piece.replace("N", str(at)) for at, piece in enumerate(pieces))


@given(documents())
def test_links_are_those_that_are_found_tag_by_tag(html):
    """Usual markup, its neighbours that are not, and all that both may stand in."""
    assert found(Scanner, html) == found(TagByTag, html)


def as_before_3_11_5() -> ModuleType:
    """Return the module as it is where repeats may give back what they matched, and are bounded."""
    spec = importlib.util.find_spec(usual_markup.__name__)
    assert spec is not None
    assert spec.loader is not None
    bounded = importlib.util.module_from_spec(spec)
    with mock.patch.object(sys, "version_info", (3, 11, 2)):
        spec.loader.exec_module(bounded)
    return bounded


BOUNDED = as_before_3_11_5()


@given(documents())
def test_every_python_passes_over_the_same(html):
    """Whatever repeats it has."""
    patterns = [each.up_to_link(WANTED) for each in (usual_markup, BOUNDED)]
    passed = [pattern.match(html.encode()) for pattern in patterns]
    differ = patterns[0].pattern != patterns[1].pattern
    assert differ == (sys.version_info >= (3, 11, 5))
    assert len({(each.span(), each.lastindex, each.groups()) for each in passed}) == 1


@pytest.mark.parametrize(
    "html",
    [
        f'<table><tr><td width="1">text</td><td>{LINK}',
        f'<p>text<br/><img src="x" alt="a>b" /></p>{LINK}',
        f"<!-- products - all of them --><div>{LINK}",
        f"<!--[if mso]><table><tr><td><![endif]--><div>{LINK}",
        f"<!--[if !mso]><!--><div>{LINK}",
        f"<!--<![endif]--><div>{LINK}",
        f"<!--[if mso]>\r\n{VML}<center>Buy</center></v:roundrect><![endif]-->",
    ],
)
def test_what_is_usual_is_passed_over_in_one_go(html):
    """Up to a link, and with it."""
    passed = up_to_link().match(html.encode())
    assert passed is not None
    assert passed.end() == len(html)
    assert passed.lastindex in {usual_markup.LINK, usual_markup.VML_LINK}


@pytest.mark.parametrize(
    "html",
    ["<title>", "<svg>", "<a>", '<a class="x" href="y">', "<area>", "<td a='b'>", '</td a=">">', "<!doctype html>"],
)  # fmt: skip
def test_it_stops_before_what_is_not(html):
    """There the scanner reads on."""
    passed = up_to_link(WANTED).match(b"<p>" + html.encode())
    assert passed is not None
    assert (passed.end(), passed.lastindex) == (3, None)
