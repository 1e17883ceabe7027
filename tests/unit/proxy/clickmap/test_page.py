"""The page around a message."""

from bs4 import BeautifulSoup

from config.schema import Config
from proxy.clickmap.links import marked
from proxy.clickmap.page import NOT_TRACKED, POLICY, Map, Row, page
from tests.support.hostile import obeyed
from tests.support.mail import html_message, link

HTML = (
    link("https://example.net/a", text="A")
    + link("https://example.net/b", text="B")
    + link("https://example.net/no", 'class="untracked"', "No")
)
ROWS = {
    1: Row("https://example.net/a", "A", "12 people", "24.0%", "3 machine clicks", 1.0),
    2: Row("https://example.net/b", "B", "0 people", "0.0%", ""),
}
FAR = Row("https://example.net/far", "", "1 person", "2.0%", "", 0.1)


def shown(html: str = HTML, **changes: object) -> BeautifulSoup:
    """Return the page of a message."""
    facts = {"campaign": "launch", "facts": [("deliveries", "50")], "rows": ROWS, "others": [FAR]}
    drawn = Map(**{**facts, **changes})  # type: ignore[arg-type]
    return BeautifulSoup(page(marked(html_message(html), Config(), None), drawn), "html.parser")


def in_mail(soup: BeautifulSoup) -> BeautifulSoup:
    """Return what stands in the frame of the message."""
    (frame,) = soup.find_all("template")
    return BeautifulSoup(frame.decode_contents(), "html.parser")


def test_each_link_has_what_it_did_drawn_on_it() -> None:
    """Also one that nobody clicked, and one that is not tracked."""
    links = in_mail(shown()).select("a")
    assert [each.get_text("|", strip=True) for each in links] == [
        "A|12 people · 24.0% · 3 machine clicks",
        "B|0 people · 0.0%",
        f"No|{NOT_TRACKED}",
    ]
    assert [each["title"] for each in links] == [
        *("https://example.net/a", "https://example.net/b"),
        'class="untracked"',
    ]


def test_the_figures_stand_in_tables_as_well() -> None:
    """By what was clicked most; links of the campaign that are elsewhere below."""
    soup = shown(more=3)
    names = [each.get_text(" ", strip=True) for each in soup.select("tbody td:first-child")]
    assert names == [
        "A https://example.net/a",
        "B https://example.net/b",
        "https://example.net/no",
        "https://example.net/far",
    ]
    assert "and 3 more" in soup.get_text()


def test_the_page_allows_itself_nothing() -> None:
    """Its policy stands before all else that could load anything."""
    soup = shown()
    policy = soup.select_one('meta[http-equiv="Content-Security-Policy"]')
    assert policy is not None
    assert policy["content"] == POLICY
    assert "default-src 'none'" in POLICY
    assert soup.find_all(["script", "img", "link", "iframe", "base", "form"]) == []
    assert soup.find_all(href=True) == soup.find_all(src=True) == []


def test_what_others_wrote_is_text() -> None:
    """Names of campaigns and links, and notes."""
    evil = "<script>alert(1)</script>"
    soup = shown(
        campaign=evil, notes=[evil], rows={1: Row(evil, evil, evil, evil, evil), 2: ROWS[2]}
    )
    assert soup.find_all("script") == []
    assert soup.get_text().count(evil) >= 6


def test_a_terminal_obeys_nothing_of_it() -> None:
    """Where it is printed."""
    assert obeyed(
        page(
            marked(html_message("<p>\x1b]0;x\x07\x9b</p>"), Config(), None),
            Map("a\x1b", (), {}, ()),
        )
    ) <= {"\t"}
