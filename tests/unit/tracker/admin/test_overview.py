"""The page that people see at the admin listener."""

from bs4 import BeautifulSoup

from config.schema import Config
from tests.support.clients.admin import Client
from tests.support.feeding import spool_message
from tracker.admin import overview
from tracker.reports.figures import Figures, LinkFigures, Report


async def test_people_see_an_overview(client: Client, config: Config) -> None:
    """Totals, campaigns and links, in a page that loads nothing and believes no name."""
    empty = (await client.ask("/")).body.decode()
    assert "Nothing was sent yet." in empty
    for number in (1, 2):
        spool_message(config, "<script>alert(1)</script>", number)
    answer = await client.ask("/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = BeautifulSoup(answer.body, "html.parser")
    assert page.find("script") is None
    campaigns, links = (
        [[cell.get_text() for cell in row.find_all("td")] for row in table.find_all("tr")[1:]]
        for table in page.find_all("table")
    )
    assert [row[:3] for row in campaigns] == [["<script>alert(1)</script>", "2", "2"]]
    assert links == [["https://example.com/", "<b>text</b>", "0", "0", "0"]]
    assert all(head.get("scope") == "col" for head in page.find_all("th"))
    named = [each["aria-label"] for each in page.find_all(role="region", tabindex="0")]
    assert named == ["Campaigns", "Links"]


def test_the_overview_tells_of_messages_in_no_figure() -> None:
    """Where there are any."""
    for count in (0, 7):
        page = overview.page(Report(Figures(), (), (), unknown_messages=count))
        assert ("nobody knows whether the relay took them: 7." in page) == bool(count)


def test_the_overview_tells_of_doubtful_clicks_and_shared_copies() -> None:
    """Which no other figure of the page shows."""
    totals = Figures(clicks_human=5, clicks_doubtful=2, shared_messages=3, shared_recipients=40)
    page = overview.page(Report(totals, (), ()))
    assert "Human clicks that are doubtful: 2" in page
    assert "3 messages to 40 recipients, 0 clicks." in page


def test_a_long_overview_is_cut() -> None:
    """And says how much there is; large numbers can be read."""
    figures = Figures(messages=1_234_567, deliveries=3, clicked=1, unique_human=7)
    links = tuple(LinkFigures(f"link {n}", "https://example.com/", "", figures) for n in range(150))
    page = overview.page(Report(figures, (), links, 1150), ["5 octets are <not> counted"])
    assert "and 1050 more links" in page
    assert "link 100" not in page
    assert "5 octets are &lt;not&gt; counted." in page
    assert "1\u202f234\u202f567" in page
    assert "33.3%" in page
