"""HTML made harmless, as text; what a browser makes of it is in `tests/e2e/clicks/test_clickmap.py`."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.clickmap.links import MARK, NoMap
from proxy.clickmap.sanitiser import Drawing, FoundLink, harmless, styles

DRAWING = Drawing("outline:0", "drawn", "color:red", "why")


def clean(html: str) -> str:
    """Return HTML made harmless, with little drawn on it."""
    return harmless(html, lambda _found: DRAWING)


def test_what_people_read_stays() -> None:
    """Headings, tables, lists, and how they look."""
    html = '<h1>Hi</h1><table width="5"><tr><td style="color: red">a &amp; b</td></tr></table>'
    assert clean(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<svg><script>alert(1)</script></svg>",
        "<math><a href='javascript:x'>x</a></math>",
        "<iframe srcdoc='<script>x</script>'></iframe>",
        "<object data='x'></object><embed src='x'>",
        "<meta http-equiv=refresh content='0;url=x'><base href='//x'>",
        "<link rel=stylesheet href='//x'>",
        "<template shadowrootmode=open></template>",
        "<noscript><p title='</noscript><img src=x>'></noscript>",
        "<!--[if mso]><v:rect href='x'></v:rect><![endif]-->",
        "<input name=q><select><option>x</option></select><textarea>x</textarea>",
    ],
)
def test_what_loads_or_runs_goes_with_its_content(html: str) -> None:
    """Text around it stays."""
    assert re.sub(r"<p title[^>]*></p>", "", clean(f"a{html}b")) == "ab"


@pytest.mark.parametrize(
    "html",
    [
        '<p onclick="x">a</p>',
        '<p background="http://x/">a</p>',
        '<p contenteditable tabindex=1 accesskey=x is="x" slot=s part=p>a</p>',
        "<form action='//x'><button formaction='//x'><p>a</p></button></form>",
    ],
)
def test_what_an_element_would_do_goes_and_its_content_stays(html: str) -> None:
    """Handlers, addresses, and what takes part in the page."""
    assert clean(html) == "<p>a</p>"


def test_a_head_that_is_never_closed_hides_nothing() -> None:
    """As browsers have it; its style sheet stays."""
    html = "<html><head><title>t</title><style>p{color:red}</style><body><p>a</p></body></html>"
    assert clean(html) == "<style>p{color:red}</style><div><p>a</p></div>"


def test_pictures_are_boxes_with_their_alternative_texts() -> None:
    """Of their size; those that only tell who reads are gone."""
    box = clean('<img src="http://x/a.png" width="560" height="180" alt="Three cups &lt;here&gt;">')
    assert "src" not in box
    assert "width:560px!important;min-height:180px!important" in box
    assert box.endswith(">Three cups &lt;here&gt;</span>")
    assert clean('<img src="http://x/open.gif" width="1" height="1">') == ""
    assert clean('<img src="x" width="300">').endswith(">picture</span>")
    assert clean('<img src="x" width="20">').endswith("></span>")
    assert "evil" not in clean('<img width="9;background:evil" height="1e9">')


def test_a_link_leads_nowhere_and_is_drawn_on() -> None:
    """What is drawn knows which one it is."""
    seen: list[FoundLink] = []

    def draw(found: FoundLink) -> Drawing:
        seen.append(found)
        return DRAWING

    html = f'<a href="{MARK}7" target=_top ping=x style="color:red;">A</a><a href="https://x/">B</a><a name=c>C</a>'
    drawn = harmless(html, draw)
    assert seen == [FoundLink(7, f"{MARK}7"), FoundLink(None, "https://x/")]
    assert drawn.startswith(
        '<a style="color:red;outline:0" title="why">A <span style="color:red">drawn</span></a>'
    )
    assert drawn.endswith("<a>C</a>")
    assert "href" not in drawn


@pytest.mark.parametrize("number", ["", "x", "-1", "\N{ARABIC-INDIC DIGIT THREE}", "1 2"])
def test_a_mark_without_a_number_is_none(number: str) -> None:
    """An author may write such a link, too."""
    seen: list[FoundLink] = []
    harmless(f'<a href="{MARK}{number}">A</a>', lambda found: seen.append(found) or DRAWING)
    assert [each.number for each in seen] == [None]


@pytest.mark.parametrize(
    "css",
    [
        "@import 'x';", "@import url(//x);", "a{background:url(//x)}", "a{background:URL ( '//x' )}",
        r"a{background:\75rl(//x)}", r"a{background:u\rl(//x)}", "a{background:image-set('//x' 1x)}",
        "a{background:-webkit-image-set(url(//x) 1x)}", "@font-face{src:url(//x)}",
        "a{width:expression(x)}", "a{behavior:url(x)}", "a{background:u/**/rl(//x)}",
        "a{position:fixed}", "a{background:src('//x')}",
    ],
)  # fmt: skip
def test_styles_load_nothing_and_leave_their_place_to_nothing(css: str) -> None:
    """However they are written; the page's policy forbids it, too."""
    left = styles(css)
    assert not re.search(
        r"url\s*\(|src\s*\(|image-set|import|expression|behavior|position|\\", left, re.IGNORECASE
    )


def test_styles_stay_as_far_as_they_only_look() -> None:
    """What makes a newsletter look like one."""
    css = "@media (max-width: 600px) { .a > td { width: 100% !important; } }"
    assert styles(css) == css
    assert clean(f"<style>{css}</style>") == f"<style>{css}</style>"


def test_a_style_sheet_cannot_be_left() -> None:
    """Its end is the parser's word, not the author's."""
    assert "<b>" not in clean("<style>a{}<!--</style><b>--></style>").partition("</style>")[0]
    assert "<" not in styles("</style><script>")


PIECES = st.sampled_from([*"<>/!-=\"' &;abiv:[]\n", "<a href=", "<style>", "<!--", "</", "<img "])


@given(st.lists(PIECES, max_size=60).map("".join))
def test_whatever_is_given_comes_out_without_a_way_out(html: str) -> None:
    """No attribute that does something, whatever a parser makes of it; and the same once more."""
    once = clean(html)
    assert not re.search(r"<[^>]*\s(?:on\w+|href|src)\s*=", once)
    assert "<!--" not in once


@pytest.mark.parametrize(
    "piece", ["</p>", "<style>", "<!--", "<![", "<!", "&", "<", "<b></b>", "<br>", "<a href='"]
)
def test_broken_html_takes_no_more_time_than_its_length(piece: str) -> None:
    """Else the time limit of tests would be noticed."""
    assert clean(piece * 20_000) is not None


@pytest.mark.parametrize("piece", ["<div>", "<a href=x>", "<table><td>", "<font><p>"])
def test_html_that_is_nested_without_end_is_refused(piece: str) -> None:
    """To walk a tree takes time by the square of its depth."""
    with pytest.raises(NoMap, match="nested more than 500 deep"):
        clean(piece * 20_000)
