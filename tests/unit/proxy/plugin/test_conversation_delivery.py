"""What becomes of messages by way of aiosmtpd: copies, retries, several relays, our own login."""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from config.keys import dkim_keys
from proxy.plugin import Handler
from tests.support.clients.smtp_client import Dialogue
from tests.support.mail import ORDER, ORDER_LINK
from tests.support.plugged import Plugged, plugged
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import configuration
from tests.support.waiting_in_loop import until

RECIPIENTS = (b"<one@example.net>", b"<two@example.net>")


def handler(folder: Path, before: ScriptedRelay, /, **tables: Any) -> Handler:
    """Return a handler in front of a relay."""
    return Handler(configuration(folder, before.port, **tables))


async def hand_in(served: Plugged, *rcpts: bytes) -> Dialogue:
    """Send the order and wait for no verdict."""
    client = await served.dial()
    await client.transaction(*rcpts or RECIPIENTS)
    assert (await client.ask(b"DATA")).code == 354
    client.send(ORDER + b".\r\n")
    return client


async def test_each_recipient_gets_a_copy(tmp_path: Path, relay: ScriptedRelay) -> None:
    """With `copies = "per-recipient"`: links of their own, one 250 for all."""
    made = handler(tmp_path, relay, proxy={"copies": "per-recipient"})
    async with plugged(made) as served:
        client = await hand_in(served)
        assert (await client.reply()).code == 250
    assert [kept.rcpts for kept in relay.messages] == [[b"RCPT TO:" + each] for each in RECIPIENTS]
    one, two = (kept.data for kept in relay.messages)
    assert one != two
    assert ORDER_LINK not in one + two


async def test_a_retry_after_an_unheard_verdict_sends_no_copy_twice(
    tmp_path: Path, relay: ScriptedRelay
) -> None:
    """The client went before the 250; what it sends again is known."""
    relay.script["DOT"] = Step(b"250 2.0.0 ok\r\n", delay_s=0.2)
    made = handler(tmp_path, relay, proxy={"copies": "per-recipient"})
    async with plugged(made) as served:
        client = await hand_in(served)
        await client.writer.drain()
        await until(lambda: b"DATA" in relay.commands)
        await client.close()
        await until(lambda: len(relay.messages) == 2 and relay.sessions == 0)
        again = await hand_in(served)
        assert (await again.reply()).code == 250
    assert len(relay.messages) == 2


async def test_the_same_message_after_a_verdict_that_was_heard_is_another(
    tmp_path: Path, relay: ScriptedRelay
) -> None:
    """Whoever goes on has heard it; a newsletter sent twice on purpose is sent twice."""
    made = handler(tmp_path, relay, proxy={"copies": "per-recipient"})
    async with plugged(made) as served:
        for _ in range(2):
            client = await hand_in(served)
            assert (await client.reply()).code == 250
            await client.ask(b"QUIT")
    assert len(relay.messages) == 4


async def test_of_several_relays_the_senders_gets_it(tmp_path: Path, relay: ScriptedRelay) -> None:
    """By the envelope, as in the proxy; EHLO offers what both can do."""
    async with contextlib.AsyncExitStack() as stack:
        other = await stack.enter_async_context(ScriptedRelay().listening())
        shared = {"host": "127.0.0.1", "tls": "none"}
        relays = [
            {"name": "first", "port": relay.port, **shared},
            {"name": "news", "port": other.port, "senders": ["news.example.com"], **shared},
        ]
        made = handler(tmp_path, relay, relay=relays)
        served = await stack.enter_async_context(plugged(made))
        for sender in (b"<a@news.example.com>", b"<a@example.com>"):
            client = await served.dial()
            await client.transaction(mail=sender)
            assert (await client.message(ORDER)).code == 250
        assert [kept.mail for kept in other.messages] == [b"MAIL FROM:<a@news.example.com>"]
        assert [kept.mail for kept in relay.messages] == [b"MAIL FROM:<a@example.com>"]


async def test_our_own_login_is_used_at_the_relay(tmp_path: Path, relay: ScriptedRelay) -> None:
    """For clients that are trusted; aiosmtpd's clients never log in there themselves."""
    relay.extensions = (*relay.extensions, "AUTH PLAIN")
    (tmp_path / "password").write_text("secret")
    (tmp_path / "password").chmod(0o600)
    login = {"user": "apikey", "password_file": str(tmp_path / "password")}
    async with plugged(handler(tmp_path, relay, relay=login)) as served:
        client = await hand_in(served)
        assert (await client.reply()).code == 250
    logins = [line for line in relay.commands if line.startswith(b"AUTH")]
    assert len(logins) == 1


async def test_what_cannot_be_signed_is_refused_where_all_mail_is(
    tmp_path: Path, relay: ScriptedRelay
) -> None:
    """With `sign = "always"`, in our own words and with the cure."""
    dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    key = {"selector": "s1", "key_file": str(tmp_path / "dkim.pem")}
    sender = [{"domain": "example.com", "sign": "always", "dkim": [key]}]
    two = ORDER.replace(b"To:", b"From: Other <other@example.com>\r\nTo:", 1)
    async with plugged(handler(tmp_path, relay, sender=sender)) as served:
        client = await served.dial()
        await client.transaction()
        assert str(await client.message(two)).startswith("550 5.6.0")
        await client.transaction()
        assert (await client.message(ORDER)).code == 250
    (kept,) = relay.messages
    assert kept.data.startswith(b"DKIM-Signature:")


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_a_relay_that_hangs_up_costs_no_mail(
    tmp_path: Path, relay: ScriptedRelay, step: str
) -> None:
    """The transaction is replayed on a fresh session once."""
    relay.script[step] = [
        Step(then="close"),
        Step(b"354 go on\r\n" if step == "DATA" else b"250 ok\r\n"),
    ]
    async with plugged(handler(tmp_path, relay)) as served:
        client = await hand_in(served)
        assert (await client.reply()).code == 250
    assert len(relay.messages) == 1
