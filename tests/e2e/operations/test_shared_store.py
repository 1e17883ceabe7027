"""Two nodes, one PostgreSQL: mail through one, clicks on both, the figures of all on each."""

import http.client
import smtplib
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.mail import html_message, link
from tests.support.postgresql import Cluster, cluster
from tests.support.readers.readers import BROWSER, tracked
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until
from tracker.reports import summary
from tracker.reports.figures import Figures
from tracker.store.database import StoreError

READERS = ["ann@example.net", "bob@example.net"]


@pytest.fixture
def server() -> Cluster:
    """Return the server that nodes share."""
    return cluster()


def node(folder: Path, url: str, mailbox: Mailbox, name: str) -> Stack:
    """Furnish a node; all have the same keys."""
    stack = Stack(folder / name, mailbox.port, url).furnish(proxy='copies = "per-recipient"')
    text = stack.config.read_text()
    stack.config.write_text(text.replace("[store]\n", f'[store]\nnode = "{name}"\n'))
    return stack


def figures(stack: Stack) -> Figures:
    """Return the figures of all, as a node reads them."""
    with stack.reading() as db:
        return summary.report(db).totals


def clicks(stack: Stack) -> int:
    """Return how many clicks count; none while the first node is making the tables."""
    try:
        return figures(stack).clicks_all
    except StoreError:
        return 0


def ask(stack: Stack, href: str) -> str | None:
    """Have a node answer a link; return where it leads."""
    with closing(http.client.HTTPConnection("127.0.0.1", stack.http, timeout=60)) as connection:
        connection.request("GET", urlsplit(href).path, headers=BROWSER)
        answer = connection.getresponse()
        assert answer.status == 302
        return answer.headers["location"]


def send(stack: Stack, mailbox: Mailbox) -> Sequence[str]:
    """Send a message through a node; return the links of its readers."""
    message = html_message(link("https://shop.test/sale"), "X-Track-Campaign: May")
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", READERS, message)
    return [href for content in mailbox.wait_for(2)[-2:] for href in tracked(content)]


def test_mail_through_one_and_clicks_on_both_are_the_figures_of_all(
    tmp_path: Path, mailbox: Mailbox, server: Cluster
) -> None:
    """Also where a reader clicks on both; a person who is forgotten is gone, and the figures stay."""
    url = server.url(server.new())
    one, two = (node(tmp_path, url, mailbox, name) for name in "ab")
    with ExitStack() as running:
        for each in (one, two):
            running.enter_context(each.serving())
        ann, bob = send(one, mailbox)
        for href, where in ((ann, one), (ann, two), (bob, two)):
            assert ask(where, href) == "https://shop.test/sale"
        until(lambda: clicks(one) == 3)
        report = one.report()
        assert report == two.report()
        (campaign,) = report["campaigns"]
        assert (campaign["campaign"], campaign["messages"]) == ("May", 1)
        assert (campaign["deliveries"], campaign["unique_clickers"]["all"]) == (2, 2)
        before = figures(one)
        done = waypost("forget", "ann@example.net", "-c", two.config)
        assert done.returncode == 0, done.stderr.decode()
        assert figures(one) == before
    with one.reading() as db:
        assert db.execute("SELECT name FROM persons").fetchall() == [("bob@example.net",)]
