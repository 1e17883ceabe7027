"""Names and texts that were written to harm: no page runs them, and none is torn by them."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.schema import Config, StoreConfig
from tests.support import believable
from tests.support.browser import PHONE, Browser, browsing
from tests.support.stack import Stack

EVIL = "<script>document.title='pwned'</script>\"'><img src=x onerror=\"document.title='pwned'\">"
LONG = "W" * (200 - len(EVIL))
PAGES = [
    "/",
    "/campaigns/3",
    "/campaigns/3?with=1",
    "/links",
    "/links/1",
    "/links?q=" + "W" * 900,
    "/clicks",
    "/people",
    "/people/ada.ahrens@mail.example",
    "/messages",
    "/machines",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start a browser at the pages of a sender of such a campaign."""
    folder = tmp_path_factory.mktemp("hostile")
    stack = Stack(folder=folder / "waypost", relay=9).furnish()
    config = Config(store=StoreConfig(url=f"sqlite:///{stack.database}"))
    links = (("/" + "w" * 1900, EVIL), (f"/{LONG}", LONG * 3), ("/-->", "\u202etxt.exe"))
    campaign = replace(believable.CAMPAIGNS[0], name=EVIL + LONG, links=links, subject=EVIL)
    believable.spool(config, time.time(), (campaign,))
    with stack.serving("tracker"), browsing(stack.admin, folder) as started:
        yield started


@pytest.mark.parametrize("path", PAGES)
def test_nothing_that_others_wrote_runs(browser: Browser, path: str) -> None:
    """Nor would it, if it came through: the policy lets no script in a page run."""
    browser.complaints()
    browser.looks()
    browser.open(path)
    assert browser.driver.title != "pwned"
    assert browser.driver.find_elements("css selector", "main script, main img") == []
    assert [each for each in browser.complaints() if "Content Security Policy" in each] == []


@pytest.mark.parametrize("path", PAGES)
def test_no_name_makes_a_page_scroll_sideways(browser: Browser, path: str) -> None:
    """On a phone, with words of two hundred letters and URLs of two thousand."""
    browser.looks(PHONE)
    browser.open(path)
    assert browser.overflow() == 0


@pytest.mark.parametrize("path", PAGES)
def test_axe_core_finds_nothing(browser: Browser, path: str) -> None:
    """Here either."""
    browser.looks(PHONE)
    browser.open(path)
    assert browser.findings() == []
