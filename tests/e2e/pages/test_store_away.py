"""Pages and redirects while the store cannot be read: each page says so, and readers arrive all the same."""

import contextlib
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgresql import cluster
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tests.support.waiting import until

PAGES = ("/", "/links", "/clicks", "/people", "/messages", "/machines", "/state")


def asked(stack: Stack, path: str) -> tuple[int, str]:
    """Return the status of a page and its text, as a browser asks for it."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.admin}{path}", headers={"Accept": "text/html"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@contextlib.contextmanager
def locked(store: Path) -> Iterator[None]:
    """Let nobody else write to the store."""
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def unreadable(store: Path) -> Iterator[None]:
    """Have another kind of thing stand in its place: a folder."""
    aside = store.with_name("aside.db")
    store.rename(aside)
    store.mkdir()
    yield
    store.rmdir()
    aside.rename(store)


@pytest.fixture
def links(tmp_path: Path) -> Iterator[Links]:
    """Run a tracker that has counted a click."""
    with counted(Stack(folder=tmp_path / "waypost", relay=9)) as links:
        yield links


@contextlib.contextmanager
def counted(stack: Stack) -> Iterator[Links]:
    """Run a tracker that has counted a click."""
    links = Links(stack.furnish())
    with stack.serving("tracker"):
        first = links.click()
        until(lambda: first in asked(stack, "/links")[1])
        yield links


def test_pages_say_that_the_store_cannot_be_read_and_links_lead_on(links: Links) -> None:
    """503 with a page; once the store is back all is shown, the clicks of meanwhile as well."""
    with unreadable(links.stack.database):
        for path in PAGES:
            status, page = asked(links.stack, path)
            assert (status, "<h1" in page, "Traceback" in page) == (503, True, False), path
        meanwhile = links.click()
    until(lambda: meanwhile in asked(links.stack, "/links")[1], 60)


def test_pages_say_that_the_server_cannot_be_reached_and_links_lead_on(tmp_path: Path) -> None:
    """As with a file: 503 with a page, and all is shown once the server is back."""
    with cluster().another() as server:
        store = server.url(server.empty_store())
        with counted(Stack(folder=tmp_path / "waypost", relay=9, store=store)) as links:
            server.stop()
            for path in PAGES:
                status, page = asked(links.stack, path)
                assert (status, "<h1" in page, "Traceback" in page) == (503, True, False), path
            meanwhile = links.click()
            server.start()
            until(lambda: meanwhile in asked(links.stack, "/links")[1], 60)


def test_pages_say_what_they_lack_while_the_store_is_locked(links: Links) -> None:
    """What was counted before is shown."""
    with locked(links.stack.database):
        meanwhile = links.click()
        for path in ("/", "/links", "/clicks", "/machines"):
            status, page = asked(links.stack, path)
            assert status == 200, path
            assert "Not counted yet" in page, path
        assert meanwhile not in asked(links.stack, "/links")[1]
    until(lambda: meanwhile in asked(links.stack, "/links")[1], 60)
