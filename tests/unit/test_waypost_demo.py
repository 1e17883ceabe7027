"""The parts of `waypost demo`; the whole of it runs in `tests/e2e/operations/test_demo.py`."""

import io
import smtplib
import socket
from asyncio import to_thread
from email.message import EmailMessage
from pathlib import Path

import pytest
from rich.console import Console

import waypost_demo
from proxy.policy import Policy
from proxy.rewrite import plan
from waypost_demo import Inbox


def test_a_preferred_port_is_taken_where_it_is_free() -> None:
    """Else any other: somebody's Waypost may be running."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert waypost_demo.free_port(taken) not in {0, taken}
    assert waypost_demo.free_port(taken) == taken


def test_its_configuration_is_sound_and_within_its_folder(tmp_path: Path) -> None:
    """With keys of its own, which nobody else can read."""
    config = waypost_demo.set_up(tmp_path, 2600)
    assert (config.relay.host, config.relay.port) == ("127.0.0.1", 2600)
    assert config.store.path == tmp_path / "waypost.db"
    assert [sender.domain for sender in config.sender] == [waypost_demo.DOMAIN]
    for name in ("token.keys", "dkim.pem"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


async def test_the_inbox_keeps_what_comes_as_it_came() -> None:
    """Octet for octet, over real SMTP."""
    inbox, message = Inbox(), waypost_demo.samples()[0]

    def deliver(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.send_message(message)

    async with waypost_demo.listening(inbox) as port:
        await to_thread(deliver, port)
    (content,) = inbox.messages
    assert content.startswith(b"From: shop@example.com\r\n")
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in content


@pytest.mark.parametrize("sample", waypost_demo.samples(), ids=lambda each: each["Subject"])
def test_each_sample_has_links_to_be_tracked(tmp_path: Path, sample: EmailMessage) -> None:
    """Two each; what is left alone has its reason."""
    config = waypost_demo.set_up(tmp_path, 2600)
    content = sample.as_bytes().replace(b"\n", b"\r\n")
    planned = plan(content, Policy.from_config(config))
    assert len(planned.links) == 2


HREF = "http://127.0.0.1:8080/c/AQEl-_"


def received(html: str) -> bytes:
    """Return a message as it may come out of the proxy."""
    return waypost_demo.sample("[b]Hi[/b]", "a@example.net", html, "base64").as_bytes()


def test_tracked_links_are_found_with_their_texts() -> None:
    """Others are none of ours."""
    html = f'<a href="{HREF}">Your <b>order</b></a> <a href="https://example.com/">x</a><a>y</a>'
    assert waypost_demo.tracked_links(received(html)) == [("Your order", HREF)]


def test_a_message_without_html_has_no_links() -> None:
    """Whoever tries the demo may send anything."""
    assert waypost_demo.tracked_links(b"Subject: Hi\n\nhttp://127.0.0.1/c/AQ\n") == []


def test_what_arrives_is_shown_as_it_is() -> None:
    """Markup of a subject is no markup of ours."""
    console = Console(file=io.StringIO(), width=40)
    waypost_demo.show_arrival(console, received(f'<a href="{HREF}">Mine [x]</a>'))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == f"\nReceived: [b]Hi[/b]\n  Mine [x]: {HREF}\n"
