"""Mail of senders with tracking hosts of their own, and links that open their app; real sockets."""

import http.client
import json
import smtplib
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.support.mail import html_message, link
from tests.support.readers.readers import BROWSER, follow, tracked
from tests.support.stack import Mailbox, Stack

SHOP, APP = "https://shop.example.net/sale?a=1&b=2#top", "https://shop.example.net/app/orders"
ASSOCIATION = {"applinks": {"details": [{"components": [{"/": "/c/app/*"}]}]}}


@pytest.fixture
def hosting(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost for two senders: one has the common host, one its own, which an app knows."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port).furnish()
    (stack.folder / "apple").write_text(json.dumps(ASSOCIATION))
    own = f'\n[[sender]]\ndomain = "example.net"\nbase_url = "http://localhost:{stack.http}/go"\n'
    known = (
        '[[tracker.well_known]]\nhost = "localhost"\n'
        f'apple_app_site_association = "{stack.folder}/apple"\n'
    )
    stack.config.write_text(stack.config.read_text() + own + known)
    return stack


def send(stack: Stack, sender: str, html: str) -> None:
    """Send as an application of `sender` does."""
    message = html_message(html).replace(b"example.com", sender.encode(), 1)
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", ["reader@example.org"], message)


def asked(stack: Stack, host: str, path: str) -> tuple[int, bytes]:
    """Ask the tracker under one of its names."""
    with closing(http.client.HTTPConnection("127.0.0.1", stack.http, timeout=60)) as connection:
        connection.request("GET", path, headers=BROWSER | {"Host": f"{host}:{stack.http}"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_each_senders_mail_has_links_of_its_own_host(hosting: Stack, mailbox: Mailbox) -> None:
    """And whichever host they are on, they lead where they were written to, and count."""
    with hosting.serving():
        for sender in ("example.com", "example.net"):
            send(hosting, sender, link(SHOP))
        (common,), (own,) = map(tracked, mailbox.wait_for(2))
        assert common.startswith(f"http://127.0.0.1:{hosting.http}/c/")
        assert own.startswith(f"http://localhost:{hosting.http}/go/c/")
        assert [follow(common), follow(own)] == [SHOP, SHOP]
    clicks = hosting.report()["totals"]["clicks"]
    assert (clicks["human"], clicks["all"]) == (2, 2)


def test_links_of_an_app_have_a_path_of_their_own(hosting: Stack, mailbox: Mailbox) -> None:
    """The phone finds it named, the app learns where its link leads, a browser is sent there."""
    app_link = f'<a href="{APP}" universal="true">Orders</a>'
    with hosting.serving():
        for sender in ("example.com", "example.net"):
            send(hosting, sender, app_link)
        unknown, known = map(tracked, mailbox.wait_for(2))
        assert unknown == []
        (url,) = known
        assert urlsplit(url).path.startswith("/go/c/app/")
        path = "/.well-known/apple-app-site-association"
        status, body = asked(hosting, "localhost", path)
        assert (status, json.loads(body)) == (200, ASSOCIATION)
        assert asked(hosting, "127.0.0.1", path)[0] == 404
        status, body = asked(hosting, "localhost", f"/resolve?url={quote(url, safe='')}")
        assert (status, json.loads(body)) == (200, {"url": APP})
        assert follow(url) == APP
    assert hosting.report()["totals"]["clicks"]["all"] == 2
