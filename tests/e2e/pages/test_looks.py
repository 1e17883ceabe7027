"""Every page as people see it: at a desk and on a phone, light and dark; nothing of it is out of reach.

Pictures of all pages are left in the folder that `$WAYPOST_SCREENSHOTS` names.
"""

import hashlib

import pytest

from tests.support.browser import DESK, PHONE, SCHEMES, Browser

PAGES = {
    "overview": "/",
    "campaign": "/campaigns/3",
    "campaign-of-a-week": "/campaigns/3?period=7",
    "compared": "/campaigns/3?with=4",
    "links": "/links",
    "links-found": "/links?q=boots",
    "link": "/links/1",
    "link-in-campaign": "/links/1?campaign=3",
    "clicks": "/clicks",
    "clicks-of-a-rule": "/clicks?label=machine&rule=burst",
    "people": "/people?q=ada",
    "person": "/people/ada.ahrens@mail.example",
    "messages": "/messages",
    "message": f"/messages/{hashlib.sha256(b'9/3').hexdigest()[:16]}",
    "machines": "/machines",
    "state": "/state",
    "nothing": "/?from=2001-01-01&to=2001-01-02",
    "bad-query": "/?period=yes",
    "not-found": "/nowhere",
}


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest, browser: Browser) -> str:
    """Open each page."""
    name = str(request.param)
    browser.open(PAGES[name])
    return name


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_core_finds_nothing(browser: Browser, name: str, width: int, scheme: str) -> None:
    """Contrast, names, order of heads, labels: as WCAG has them."""
    browser.looks(width, scheme)
    assert browser.findings() == []


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_no_page_scrolls_sideways(browser: Browser, name: str, width: int) -> None:
    """Whatever it shows."""
    browser.looks(width)
    assert browser.overflow() == 0


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_page_can_be_looked_at(browser: Browser, name: str, width: int, scheme: str) -> None:
    """As a picture, of all of it."""
    assert browser.shoot(name, width, scheme).stat().st_size > 5_000


def test_the_policy_forbids_nothing_that_a_page_has(browser: Browser, name: str) -> None:
    """A style, a script or a picture that it forbade would be in the browser's log."""
    browser.complaints()
    browser.driver.refresh()
    assert [each for each in browser.complaints() if "Content Security Policy" in each] == []


def test_axe_core_would_find_something(browser: Browser) -> None:
    """So the test above means something."""
    browser.open("/")
    browser.driver.execute_script("document.documentElement.lang = ''")  # type: ignore[no-untyped-call]
    assert any("html-has-lang" in each for each in browser.findings())
