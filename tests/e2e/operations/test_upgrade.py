"""What an earlier version left behind goes on under this one: nothing is lost, and no link is dead."""

import http.client
import json
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.support.clients.programs import waypost
from tests.support.earlier_installations import EVERY, Facts, put
from tests.support.readers.readers import BROWSER
from tests.support.stack import Stack
from tests.support.waiting import until


@pytest.fixture(params=EVERY)
def left(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Stack, Facts]:
    """Return what a version left when it was killed."""
    return put(request.param, tmp_path / "waypost")


def answer(stack: Stack, path: str) -> tuple[int, str | None]:
    """Click, as a browser does; return the status, and where it leads."""
    with closing(http.client.HTTPConnection("127.0.0.1", stack.http, timeout=60)) as connection:
        connection.request("GET", path, headers=BROWSER)
        found = connection.getresponse()
        return found.status, found.headers["Location"]


def counted(stack: Stack) -> tuple[int, int]:
    """Return how many messages and clicks are counted; none while the store is upgraded."""
    with closing(http.client.HTTPConnection("127.0.0.1", stack.admin, timeout=60)) as connection:
        connection.request("GET", "/api/v1/report")
        answered = connection.getresponse()
        if answered.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return 0, 0
        totals = json.load(answered)["totals"]
    return totals["messages"], totals["clicks"]["all"]


def said(stack: Stack, *command: str) -> str:
    """Return what a command prints."""
    done = waypost(*command, "-c", stack.config)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_there_are_installations_of_several_versions() -> None:
    """Of both forms of the store and of tokens, and of all that an event has been."""
    assert len(EVERY) == 6


def test_an_upgrade_loses_nothing_and_no_link(left: tuple[Stack, Facts]) -> None:
    """Configuration, store, spool, tokens, short links and decisions are read as they were written."""
    stack, facts = left
    said(stack, "check", "-q")
    with stack.serving("tracker"):
        stack.wait_for_log("ingester_started")
        until(lambda: counted(stack) == (facts.messages, facts.clicks))
        for path, destination in facts.links.items():
            wanted = (410, None) if path in facts.withdrawn else (302, destination)
            assert answer(stack, path) == wanted
        assert answer(stack, facts.short) == (302, facts.short_leads_to)
        followed = len(facts.links) - len(facts.withdrawn) + 1
        until(lambda: counted(stack)[1] == facts.clicks + followed)
    assert "earlier version" not in said(stack, "check", "-q")


def test_what_was_decided_and_agreed_to_stays_in_force(left: tuple[Stack, Facts]) -> None:
    """As commands of this version tell it."""
    stack, facts = left
    assert "none" in said(stack, "consent", facts.without_consent)
    assert len(said(stack, "revoke", "list").splitlines()) > 0
    path = next(each for each in facts.links if each not in facts.withdrawn)
    assert facts.links[path] in said(stack, "decode", f"http://127.0.0.1:{stack.http}{path}")
