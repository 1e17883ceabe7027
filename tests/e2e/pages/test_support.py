"""A support person's way: who is this, what did they get, what became of it, what did they click.

In a browser, with scripts and without.
"""

import csv

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.support.browser import DESK, Browser

ADA = "ada.ahrens@mail.example"
TIMELINE = "table[aria-labelledby=timeline] tbody"
CLICKS = "table[aria-labelledby=clicks] tbody"


@pytest.fixture(params=["browser", "plain_browser"])
def reader(request: pytest.FixtureRequest) -> Browser:
    """Return a browser, one with scripts and one without."""
    found: Browser = request.getfixturevalue(request.param)
    found.looks(DESK)
    return found


def _search(reader: Browser, text: str) -> None:
    field = reader.driver.find_element(By.NAME, "q")
    field.clear()
    with reader.leaving():
        field.send_keys(text, Keys.ENTER)


def test_a_person_is_found_with_all_that_they_were_sent_and_clicked(reader: Browser) -> None:
    """By an address in whatever case; then the message itself, and back."""
    reader.open("/")
    reader.follow("People", "nav")
    _search(reader, ADA.upper())
    assert reader.path == f"/people/{ADA}"
    told = [text.split()[0] for text in reader.texts(f"{TIMELINE} th")]
    assert {"Sent", "Clicked"} == set(told)
    assert f"waypost forget {ADA}" in reader.texts("code")
    reader.follow("Black Friday begins now", TIMELINE)
    assert reader.texts("h1") == ["Black Friday begins now"]
    assert any(text.startswith("250 2.0.0 Ok: queued as") for text in reader.texts("dd"))
    reader.follow(ADA)
    assert reader.path == f"/people/{ADA}"


def test_a_beginning_finds_several(reader: Browser) -> None:
    """In the order of the alphabet; none of them is meant more than another."""
    reader.open("/people")
    _search(reader, "ada.")
    found = reader.texts("table[aria-labelledby=people] tbody a")
    assert len(found) == 10
    assert found == sorted(found)
    assert all(each.startswith("ada.") for each in found)
    _search(reader, "nobody at all")
    assert reader.texts(".empty")[0].startswith("Nobody whose name")


def test_a_message_is_found_by_the_queue_id_of_the_relay(reader: Browser) -> None:
    """As somebody reads it in another program's log."""
    reader.open("/messages")
    _search(reader, "9Q3A7")
    assert reader.path.startswith("/messages/")
    assert "9Q3A7" in reader.texts("dd")
    reader.driver.back()
    reader.open("/messages")
    _search(reader, ADA)
    assert len(reader.texts("table[aria-labelledby=messages] tbody tr")) > 5


def test_clicks_are_chosen_and_taken_along_as_a_file(reader: Browser) -> None:
    """Those of machines by one rule, in one campaign; the address says it all."""
    reader.open("/clicks")
    for name, text in (("campaign", "Newsletter 45"), ("label", "a machine"), ("rule", "burst")):
        Select(reader.driver.find_element(By.NAME, name)).select_by_visible_text(text)
    with reader.leaving():
        reader.driver.find_element(By.CSS_SELECTOR, ".filters button").click()
    assert "label=machine" in reader.path
    assert "rule=burst" in reader.path
    shown = reader.texts(f"{CLICKS} tr")
    assert shown
    assert set(reader.texts(f"{CLICKS} .label")) == {"a machine"}
    found = list(csv.DictReader(reader.download("CSV of all of these").splitlines()))
    assert len(found) >= len(shown)
    assert {row["campaign"] for row in found} == {"Newsletter 45"}
    assert {row["human"] for row in found} == {"no"}
    reader.follow("Show all")
    assert reader.path == "/clicks"


def test_pages_of_clicks_follow_each_other(reader: Browser) -> None:
    """And lead back to the first."""
    reader.open("/clicks")
    first = reader.texts(f"{CLICKS} tr")
    reader.follow("Next page")
    second = reader.texts(f"{CLICKS} tr")
    assert len(first) == len(second) == 50
    assert first != second
    reader.follow("First page")
    assert reader.texts(f"{CLICKS} tr") == first


def test_from_what_a_rule_caught_to_its_clicks(reader: Browser) -> None:
    """Of the same period."""
    reader.open("/machines?period=90")
    reader.follow("burst")
    assert reader.path == "/clicks?period=90&rule=burst"
    assert reader.texts(f"{CLICKS} tr")


def test_the_state_says_that_all_is_counted(reader: Browser) -> None:
    """And which version it is."""
    reader.open("/")
    reader.follow("State", "nav")
    assert "All that came is counted." in reader.texts("main p")
    assert "0.1.0" in reader.texts("dd")


def test_without_scripts_there_is_no_live_view(plain_browser: Browser) -> None:
    """Nor a button that does nothing."""
    plain_browser.open("/clicks")
    assert not any(
        each.is_displayed() for each in plain_browser.driver.find_elements(By.CLASS_NAME, "live")
    )
