"""The live view of clicks in a browser, through a restart of the tracker: none is missed, none comes twice."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from config.schema import Config, StoreConfig
from tests.support.browser import Browser, browsing
from tests.support.checks.facts import clicked
from tests.support.stack import Stack
from tests.support.waiting import until
from tracker.spool.writer import Spool

EVIL = '<img src=x onerror="document.title=1">'


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Return a Waypost that does not run yet."""
    return Stack(folder=tmp_path / "waypost", relay=9).furnish()


@pytest.fixture
def browser(stack: Stack, tmp_path: Path) -> Iterator[Browser]:
    """Start a browser of its own."""
    with browsing(stack.admin, tmp_path) as started:
        yield started


def _link(stack: Stack, person: str) -> str:
    """Make a link for somebody, and return its path."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.admin, timeout=60)
    with contextlib.closing(connection):
        asked = {"url": "https://example.com/", "person": person, "campaign": EVIL}
        head = {"content-type": "application/json"}
        connection.request("POST", "/api/v1/links", json.dumps(asked), head)
        answer = json.loads(connection.getresponse().read())
    return str(answer["url"]).removeprefix(f"http://127.0.0.1:{stack.http}")


def _click(stack: Stack, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stack.http, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"user-agent": "Browser/1", "accept": "text/html"})
        assert connection.getresponse().status == 302


def _cursors(browser: Browser) -> list[int]:
    script = (
        "return [...document.querySelectorAll('tr[data-cursor]')].map(each => each.dataset.cursor)"
    )
    return [int(each) for each in browser.driver.execute_script(script)]  # type: ignore[no-untyped-call]


def _state(browser: Browser) -> str:
    return str(browser.driver.find_element(By.CLASS_NAME, "live-state").get_attribute("data-state"))


def test_clicks_appear_as_they_are_made_also_behind_a_restart(
    stack: Stack, browser: Browser
) -> None:
    """Those that were made meanwhile come once it is back, each once, in order."""
    with stack.serving("tracker"):
        path = _link(stack, EVIL)
        _click(stack, path)
        until(lambda: stack.report()["totals"]["clicks"]["all"] == 1)
        browser.open("/clicks")
        until(lambda: _state(browser) == "open")
        assert _cursors(browser) == [1]
        for _ in range(3):
            _click(stack, path)
        until(lambda: _cursors(browser) == [4, 3, 2, 1])
    until(lambda: _state(browser) == "waiting")
    config = Config(store=StoreConfig(url=f"sqlite:///{stack.database}"))
    spool = Spool.open(config.store.spool_dir, "tracker")
    for number in range(3):
        spool.append(clicked(f"away{number}")).result()
    spool.close()
    with stack.serving("tracker"):
        _click(stack, path)
        until(lambda: len(_cursors(browser)) == 8)
        until(lambda: _state(browser) == "open")
        assert _cursors(browser) == [8, 7, 6, 5, 4, 3, 2, 1]
        assert EVIL in browser.texts("tbody .under a")
        assert "1" not in browser.driver.title
        assert browser.driver.find_elements(By.CSS_SELECTOR, "main img") == []
        assert [each for each in browser.complaints() if "Content Security Policy" in each] == []


def test_only_clicks_that_fit_appear_and_it_can_be_paused(stack: Stack, browser: Browser) -> None:
    """The view is of the same filters as the page."""
    with stack.serving("tracker"):
        ann, bob = _link(stack, "ann@example.net"), _link(stack, "bob@example.net")
        _click(stack, ann)
        _click(stack, bob)
        until(lambda: stack.report()["totals"]["clicks"]["all"] == 2)
        browser.open("/clicks?person=bob@example.net")
        until(lambda: _state(browser) == "open")
        _click(stack, ann)
        _click(stack, bob)
        until(lambda: len(_cursors(browser)) == 2)
        assert set(browser.texts("tbody .under a")) == {"bob@example.net"}
        button = browser.driver.find_element(By.CLASS_NAME, "live-switch")
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
        assert (_state(browser), button.get_attribute("aria-pressed")) == ("off", "false")
        _click(stack, bob)
        until(lambda: stack.report()["totals"]["clicks"]["all"] == 5)
        button.click()
        until(lambda: len(_cursors(browser)) == 3)
