"""What a marketer and a support person ask of a campaign of 200 recipients, answered in a browser.

The campaign went through a running Waypost, and what everybody did is known (`tests.support.spring_sale`).
Each question begins at the overview; so many clicks, at most, lead to its answer. Whatever is typed is no
click.
"""

import csv
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from aiosmtpd.controller import Controller
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.support import spring_sale
from tests.support.browser import Browser, browsing
from tests.support.clients.programs import free_port
from tests.support.spring_sale import COATS, RECIPIENTS, SCARVES, SPRING, URLS, WINTER, people, rate
from tests.support.stack import Mailbox, Stack

AT_ONCE = ("early", "early-pair", "burst")
"""Rules by which people are told from machines who do in a second what takes people a day."""


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run `waypost serve`, once both campaigns were sent and clicked through it."""
    mailbox = Mailbox(port=free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    stack = Stack(folder=tmp_path_factory.mktemp("sold") / "waypost", relay=mailbox.port).furnish()
    text = stack.config.read_text().replace(
        "[tracker]\n", '[tracker]\ntrusted_proxies = ["127.0.0.1"]\n'
    )
    stack.config.write_text(
        text + "[clicks.points]\n" + "".join(f"{name} = 0\n" for name in AT_ONCE)
    )
    try:
        with stack.serving():
            spring_sale.happen(stack, mailbox)
            yield stack
    finally:
        controller.stop()


@dataclass
class Visitor:
    """Somebody at the pages, whose clicks are counted."""

    browser: Browser
    clicks: int = 0

    def follow(self, text: str) -> None:
        """Click on a link."""
        self._leave(self.browser.driver.find_element(By.LINK_TEXT, text))

    def press(self, text: str) -> None:
        """Click on a button."""
        self._leave(
            self.browser.driver.find_element(By.XPATH, f"//button[normalize-space()='{text}']")
        )

    def type(self, name: str, text: str) -> None:
        """Type into a field."""
        self.browser.driver.find_element(By.NAME, name).send_keys(text)

    def choose(self, name: str, text: str) -> None:
        """Choose from a list, which takes two clicks."""
        self.clicks += 2
        Select(self.browser.driver.find_element(By.NAME, name)).select_by_visible_text(text)

    def download(self, text: str) -> list[dict[str, str]]:
        """Click on a link to a file of CSV; return its rows."""
        self.clicks += 1
        link = self.browser.driver.find_element(By.PARTIAL_LINK_TEXT, text)
        with urllib.request.urlopen(str(link.get_attribute("href")), timeout=60) as file:
            return list(csv.DictReader(file.read().decode("utf-8-sig").splitlines()))

    def row(self, name: str) -> list[str]:
        """Return what stands in the row of a table that begins with a name."""
        rows = self.browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
        found = next(each for each in rows if each.text.startswith(name))
        return [cell.text for cell in found.find_elements(By.CSS_SELECTOR, "td")]

    def reads(self) -> str:
        """Return all that is seen of the page."""
        return self.browser.driver.find_element(By.CSS_SELECTOR, "main").text

    def unfold(self, selector: str) -> None:
        """Click on what shows more of the page."""
        self.clicks += 1
        self.browser.driver.find_element(By.CSS_SELECTOR, selector).click()

    def _leave(self, element: WebElement) -> None:
        """Click on what leads to another page, and wait for it."""
        self.clicks += 1
        with self.browser.leaving():
            element.click()


@pytest.fixture(scope="module")
def at_desk(sold: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start a browser."""
    with browsing(sold.admin, tmp_path_factory.mktemp("questions")) as started:
        started.looks(height=3000)
        yield started


@pytest.fixture
def visitor(at_desk: Browser) -> Visitor:
    """Return somebody at the overview."""
    at_desk.open("/")
    return Visitor(at_desk)


def test_which_links_were_clicked_by_how_many_and_at_what_rate(visitor: Visitor) -> None:
    """On the campaign's page: one click."""
    visitor.follow(SPRING)
    text = visitor.reads()
    assert rate(SPRING) in text
    assert f"People who clicked\n{people(SPRING, *URLS)}" in text
    for name in (COATS, SCARVES):
        assert visitor.row(name)[:2] == [
            str(people(SPRING, name)),
            f"{people(SPRING, name) / RECIPIENTS[SPRING]:.1%}",
        ]
    assert visitor.row("Terms")[0] == "0"
    assert visitor.clicks == 1


def test_what_one_person_clicked(visitor: Visitor) -> None:
    """Found by how the address begins: two clicks."""
    visitor.follow("People")
    visitor.type("q", "reader35@")
    visitor.press("Find")
    text = visitor.reads()
    assert text.count("Clicked ") == 2
    assert COATS in text
    assert SCARVES in text
    assert f"Sent {SPRING} has begun" in text
    assert visitor.clicks == 2


def test_who_clicked_a_link_as_csv(visitor: Visitor) -> None:
    """From the campaign to the link to the file: three clicks; of the campaign alone it is two."""
    visitor.follow(SPRING)
    everybody = {row["person"] for row in visitor.download("Who clicked (CSV)")}
    assert len(everybody) == people(SPRING, *URLS)
    visitor.follow(SCARVES)
    found = {row["person"] for row in visitor.download("All of them (CSV)")}
    assert {
        spring_sale.address(SPRING, number) for number in spring_sale.CLICKED[SPRING][SCARVES]
    } <= found
    assert visitor.clicks - 1 == 3


def test_clicks_over_time(visitor: Visitor) -> None:
    """As a chart and as a table: two clicks."""
    visitor.follow(SPRING)
    chart = visitor.browser.driver.find_element(By.CSS_SELECTOR, ".chart svg")
    assert chart.is_displayed()
    visitor.unfold(".chart summary")
    assert visitor.clicks == 2


def test_what_machines_clicked(visitor: Visitor) -> None:
    """By rule and by domain: one click."""
    visitor.follow("Machines")
    filtered = spring_sale.FILTERED * len(URLS) * len(RECIPIENTS)
    assert str(filtered) in visitor.row("head")[0]
    assert visitor.row(spring_sale.COMPANY)
    assert visitor.clicks == 1


def test_two_campaigns_compared(visitor: Visitor) -> None:
    """Link by link: four clicks, two of them in a list."""
    visitor.follow(SPRING)
    visitor.choose("with", WINTER)
    visitor.press("Compare")
    assert rate(SPRING) in visitor.reads()
    assert rate(WINTER) in visitor.reads()
    row = visitor.row(COATS)
    assert str(people(SPRING, COATS)) in row
    assert str(people(WINTER, COATS)) in row
    assert visitor.clicks == 4


def test_what_became_of_one_message(visitor: Visitor) -> None:
    """By its Message-ID: two clicks."""
    visitor.follow("Messages")
    visitor.type("q", spring_sale.message_id(SPRING, 35))
    visitor.press("Find")
    text = visitor.reads()
    assert "delivered" in text
    assert "250 2.0.0 kept" in text
    assert spring_sale.address(SPRING, 35) in text
    assert COATS in text
    assert visitor.clicks == 2
