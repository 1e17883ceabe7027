"""A marketer's way: from the overview to a campaign, to a link, to the file of who clicked it.

In a browser that runs no scripts, and with the keyboard alone.
"""

import csv

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.support.browser import Browser

CAMPAIGNS = "table[aria-labelledby=campaigns] tbody"


@pytest.fixture(params=["browser", "plain_browser"])
def reader(request: pytest.FixtureRequest) -> Browser:
    """Return a browser, one with scripts and one without."""
    found: Browser = request.getfixturevalue(request.param)
    found.looks()
    return found


def test_a_browser_without_scripts_runs_none(plain_browser: Browser) -> None:
    """So the tests below mean something."""
    plain_browser.driver.get(
        "data:text/html,<title>no</title><script>document.title='yes'</script>"
    )
    assert plain_browser.driver.title == "no"


def test_from_the_overview_to_who_clicked_a_link(reader: Browser) -> None:
    """Three clicks, and a file of everybody who clicked."""
    reader.open("/")
    reader.follow("Newsletter 45")
    assert reader.texts("h1") == ["Newsletter 45"]
    people = reader.texts("table[aria-labelledby=links] tbody td")[0]
    reader.follow("Read the harvest story")
    assert reader.texts("h1") == ["Read the harvest story"]
    campaigns = dict(
        zip(
            reader.texts(f"{CAMPAIGNS} th"),
            reader.texts(f"{CAMPAIGNS} td:nth-child(2)"),
            strict=True,
        )
    )
    assert campaigns["Newsletter 45"] == people
    told = list(csv.DictReader(reader.download("All of them (CSV)").splitlines()))
    assert len(told) == int(reader.texts(".card .value")[0])
    assert {"person", "addresses", "human", "first", "last"} <= told[0].keys()


def test_from_a_link_to_a_person_and_their_message(reader: Browser) -> None:
    """Who clicked leads to what they were sent, and that to what became of it."""
    reader.open("/")
    reader.follow("Newsletter 45")
    reader.follow("Read the harvest story")
    person = reader.texts("table[aria-labelledby=clickers] tbody th")[0]
    reader.follow(person)
    assert reader.texts("h1") == [person]
    reader.follow("News")
    assert reader.path.startswith("/messages/")
    assert person in "".join(reader.texts("main"))


def test_a_period_is_chosen_and_stays_in_the_address(reader: Browser) -> None:
    """By a link, or from one day to another; the order of campaigns goes along."""
    reader.open("/")
    reader.follow("Click rate", "table[aria-labelledby=campaigns]")
    rates = [float(text.rstrip("%")) for text in reader.texts(f"{CAMPAIGNS} td:nth-child(4)")]
    assert rates == sorted(rates, reverse=True)
    reader.follow("7 days")
    assert reader.path == "/?sort=rate&period=7"
    fields = reader.driver.find_elements(By.CSS_SELECTOR, "input[type=date]")
    first, last = (each.get_attribute("value") for each in fields)
    with reader.leaving():
        reader.driver.find_element(By.CSS_SELECTOR, ".dates button").click()
    assert reader.path == f"/?sort=rate&from={first}&to={last}"


def test_two_campaigns_are_compared(reader: Browser) -> None:
    """Chosen from a list."""
    reader.open("/")
    reader.follow("Newsletter 45")
    choice = Select(reader.driver.find_element(By.NAME, "with"))
    choice.select_by_visible_text("Newsletter 44")
    with reader.leaving():
        reader.driver.find_element(By.XPATH, "//button[.='Compare']").click()
    assert reader.texts("thead th") == ["Link", "Newsletter 45", "Share", "Newsletter 44", "Share"]
    assert len(reader.texts("tbody tr")) == 4
    reader.follow("Without comparison")
    assert "Top links" in reader.texts("h2")


def test_links_of_a_campaign_are_a_file(reader: Browser) -> None:
    """As the table shows them."""
    reader.open("/")
    reader.follow("Black Friday")
    shown = dict(
        zip(
            reader.texts("table[aria-labelledby=links] tbody .under"),
            reader.texts("table[aria-labelledby=links] tbody td:nth-child(2)"),
            strict=True,
        )
    )
    told = csv.DictReader(reader.download("All links (CSV)").splitlines())
    assert {row["link"]: row["people"] for row in told} == shown


def test_a_link_is_looked_for(reader: Browser) -> None:
    """By what people saw."""
    reader.open("/links")
    field = reader.driver.find_element(By.NAME, "q")
    with reader.leaving():
        field.send_keys("brown BOOTS", Keys.ENTER)
    assert reader.texts("tbody th a") == ["Brown boots"]
    assert reader.path == "/links?q=brown+BOOTS"


def test_a_chart_has_its_figures_as_a_table(reader: Browser) -> None:
    """Folded up, until somebody asks."""
    reader.open("/?period=7")
    summary = reader.driver.find_element(By.CSS_SELECTOR, ".chart summary")
    assert reader.texts(".figures tbody tr")[0] == ""
    summary.click()
    people = [int(text) for text in reader.texts(".figures td:nth-child(2)")]
    assert len(people) == 7
    assert sum(people) == int(reader.texts(".legend b")[0])


def test_all_of_it_is_reached_with_the_keyboard(browser: Browser) -> None:
    """From the address bar to a link of a campaign; the first stop skips the head of the page."""
    browser.looks()
    browser.open("/")
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Skip to content"
    browser.press(Keys.ENTER)
    browser.tab_to("Newsletter 45")
    with browser.leaving():
        browser.press(Keys.ENTER)
    assert browser.texts("h1") == ["Newsletter 45"]
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    browser.tab_to("What these figures mean")
    browser.press(Keys.ENTER)
    assert "Click rate" in browser.texts(".defs dfn")
    browser.tab_to("Read the harvest story")
    with browser.leaving():
        browser.press(Keys.ENTER)
    assert browser.texts("h1") == ["Read the harvest story"]


def test_on_a_phone_a_row_is_a_name_and_two_figures(browser: Browser) -> None:
    """The rest is on the page that the name leads to."""
    browser.looks(width=360)
    for path in ("/", "/campaigns/3", "/campaigns/3?with=4", "/links", "/links/1"):
        browser.open(path)
        for row in browser.driver.find_elements(By.CSS_SELECTOR, ".list tbody tr"):
            cells = [each for each in row.find_elements(By.TAG_NAME, "td") if each.is_displayed()]
            assert len(cells) <= 2
    browser.looks()
