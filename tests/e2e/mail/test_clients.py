"""Real clients through the proxy: each sends, is refused at RCPT and refused at the dot.

What counts is that the message arrives, and that the relay's own words reach the user.
"""

import asyncio
import smtplib
from pathlib import Path

import pytest

from tests.support.clients.mailers import (
    MESSAGE,
    RCPT,
    Client,
    curl,
    django,
    msmtp,
    nodemailer,
    perl,
    python,
    run,
    s_nail,
    smtp_source,
    swaks,
)
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy

NO_SUCH_USER = Step(b"550-5.1.1 there is nobody\r\n550 5.1.1 of that name here\r\n")
POISON = Step(b"554-5.7.1 this is not\r\n554 5.7.1 to our taste\r\n")

CLIENTS: list[Client] = [swaks, curl, msmtp, s_nail, perl, nodemailer, python, django, smtp_source]


@pytest.fixture(params=CLIENTS, ids=lambda client: client.__name__)
def client(request: pytest.FixtureRequest) -> Client:
    """Return each of the clients in turn."""
    return request.param


async def test_each_client_sends(
    client: Client, proxy: Proxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """The message arrives whole, for its recipient."""
    told = await run(client, proxy.port, tmp_path)
    assert told.status == 0, told.text
    (kept,) = relay.messages
    assert kept.mail.upper().startswith(b"MAIL FROM:<SENDER@EXAMPLE.COM>")
    assert RCPT.encode() in kept.rcpts[0]
    if client is not smtp_source:
        assert kept.data.rstrip().endswith(b"\r\n\r\nfirst\r\n.dot\r\nlast")


async def test_each_client_hears_why_a_recipient_is_refused(
    client: Client, proxy: Proxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """The relay's own words, all of them."""
    relay.script = {"RCPT": NO_SUCH_USER}
    told = await run(client, proxy.port, tmp_path)
    assert told.status != 0
    assert "550" in told.text
    assert "of that name here" in told.text
    assert not relay.messages


@pytest.mark.parametrize("step", ["DATA", "DOT"])
async def test_each_client_hears_why_a_message_is_refused(
    step: str, client: Client, proxy: Proxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """A refusal of DATA arrives at the dot, in the relay's own words."""
    relay.script = {step: POISON}
    told = await run(client, proxy.port, tmp_path)
    assert told.status != 0
    assert "to our taste" in told.text or (client is smtp_source and "554" in told.text)
    assert not relay.messages


async def test_smtplib_sends_with_smtputf8(proxy: Proxy, relay: ScriptedRelay) -> None:
    """An internationalised envelope crosses as it is."""

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", proxy.port, "client.test") as client:
            client.sendmail(
                "žofie@example.com", "jürgen@example.net", MESSAGE, ["SMTPUTF8", "BODY=8BITMIME"]
            )

    await asyncio.to_thread(send)
    (kept,) = relay.messages
    assert kept.mail.startswith("MAIL FROM:<žofie@example.com>".encode())
    assert kept.rcpts == ["RCPT TO:<jürgen@example.net>".encode()]
