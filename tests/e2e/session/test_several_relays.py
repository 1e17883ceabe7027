"""Several relays: each message to its own, each with its own login, and EHLO for all of them."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients.programs import free_port
from tests.support.clients.smtp_client import Dialogue
from tests.support.identity_fixtures import MECHANISMS, away
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy

OURS = b"AUTH PLAIN " + base64.b64encode(b"\0news\0secret")
ALICE = b"AUTH PLAIN " + base64.b64encode(b"\0alice\0own")
NEWS = b"<a@news.example.com>"
MESSAGE = b"From: a@example.com\r\n\r\nbody\r\n"
GONE = Step(b"421 4.3.2 closed\r\n", then="close")
Logged = list[MutableMapping[str, Any]]
Start = Callable[..., Awaitable[Proxy]]


@pytest.fixture
async def news() -> AsyncIterator[ScriptedRelay]:
    """Serve a second relay."""
    extensions = ("SIZE 5000000", "8BITMIME", "PIPELINING", MECHANISMS)
    async with ScriptedRelay(extensions=extensions).listening() as listening:
        yield listening


@pytest.fixture
def with_news(
    start_proxy: StartProxy, relay: ScriptedRelay, news: ScriptedRelay, tmp_path: Path
) -> Start:
    """Return a function that starts a proxy with both relays; arguments as the second `[[relay]]`."""
    relay.extensions = (*EXTENSIONS, MECHANISMS)
    password = tmp_path / "password"
    password.write_text("secret")
    password.chmod(0o600)

    async def start(proxy: dict[str, object] | None = None, **keys: object) -> Proxy:
        usual = {"host": "127.0.0.1", "tls": "none"}
        first = {**usual, "name": "office", "port": relay.port}
        login = {"user": "news", "password_file": str(password)}
        second = {**usual, "name": "news", "port": news.port, **login, **keys}
        return await start_proxy(relay=[first, second], proxy=proxy or {})

    return start


async def send(client: Dialogue, sender: bytes, message: bytes = MESSAGE) -> None:
    """Send one message."""
    await client.transaction(mail=sender)
    assert (await client.message(message)).code == 250


async def test_the_envelope_sender_chooses(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """Message by message, in one session; each relay is kept, and our login goes to its own alone."""
    client = await (await with_news(senders=["news.example.com"])).dial()
    for sender in (b"<a@example.com>", NEWS, b"<>", NEWS):
        await send(client, sender)
    assert [len(each.messages) for each in (relay, news)] == [2, 2]
    assert [len(each.connections) for each in (relay, news)] == [1, 2]  # one asked what it offers
    assert news.commands.count(OURS) == 1
    assert OURS not in relay.commands


async def test_ehlo_offers_what_all_have_in_common(with_news: Start) -> None:
    """The smaller SIZE, and logins of the relay to which they go."""
    client = await (await with_news(senders=["news.example.com"])).dial(greet=False)
    await client.reply()
    lines = (await client.ask(b"EHLO client.test")).lines
    assert b"8BITMIME" in lines
    assert b"DSN" not in lines
    assert b"SIZE 4934464" in lines
    assert b"AUTH PLAIN LOGIN SCRAM-SHA-256" in lines


async def test_a_login_goes_to_the_first_and_stays_there(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """Whatever sender the client names: that must not lend it the login of another relay."""
    client = await (await with_news(senders=["news.example.com"])).dial()
    assert (await client.ask(ALICE)).code == 235
    await send(client, NEWS)
    assert ALICE in relay.commands
    assert len(relay.messages) == 1
    assert OURS not in news.commands


async def test_an_account_may_have_another_relay(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """It logs in to the first, which knows it, and its mail goes out under our login at the other."""
    client = await (await with_news(accounts=["alice"])).dial()
    assert (await client.ask(ALICE)).code == 235
    await send(client, b"<a@example.com>")
    assert not relay.messages
    assert len(news.messages) == 1
    assert OURS in news.commands
    assert ALICE not in news.commands


async def test_a_listener_may_have_its_own(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """What connects there logs in to that relay."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    proxy = await with_news({"listen": [address]}, listeners=[address])
    client = await proxy.dial()
    assert (await client.ask(ALICE)).code == 235
    await send(client, b"<a@example.com>")
    assert ALICE in news.commands
    assert len(news.messages) == 1
    assert not relay.messages
    assert ALICE not in relay.commands


async def test_a_relay_that_cannot_be_reached_is_no_matter_to_mail_for_others(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """Its own mail hears 451."""
    news.script = {"GREETING": GONE}
    client = await (await with_news(senders=["news.example.com"])).dial()
    assert (await client.ask(b"MAIL FROM:" + NEWS)).wire().startswith(b"451 4.4.1")
    await send(client, b"<a@example.com>")
    assert len(relay.messages) == 1


async def test_the_first_relay_is_no_matter_to_mail_for_others_either(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """Not even when it was never seen; its own mail hears 451, in a session that goes on."""
    relay.script = {"GREETING": GONE}
    client = await (await with_news(senders=["news.example.com"])).dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).wire().startswith(b"451 4.4.1")
    await send(client, NEWS)
    assert len(news.messages) == 1
    assert (await client.ask(ALICE)).code == 502


async def test_a_login_hears_that_the_first_relay_is_away(
    with_news: Start, relay: ScriptedRelay
) -> None:
    """Not that there is no login: what it was last seen to take is offered."""
    proxy = await with_news(senders=["news.example.com"])
    await proxy.dial()
    relay.script = {"GREETING": GONE}
    client = await proxy.dial()
    assert (await client.ask(ALICE)).wire().startswith(b"421 4.4.1")


async def test_who_has_to_log_in_hears_at_ehlo_that_the_first_relay_is_away(
    with_news: Start, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would hear 530 at MAIL, which is final."""
    away(monkeypatch)
    relay.script = {"GREETING": GONE}
    client = await (await with_news(senders=["news.example.com"])).dial(greet=False)
    await client.reply()
    assert (await client.ask(b"EHLO client.test")).wire().startswith(b"421 4.4.1")


async def test_no_relay_at_all_is_goodbye(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """As with a single one."""
    relay.script = news.script = {"GREETING": GONE}
    client = await (await with_news(senders=["news.example.com"])).dial(greet=False)
    await client.reply()
    assert (await client.ask(b"EHLO client.test")).wire().startswith(b"421 4.4.1")


async def test_a_header_from_of_another_relays_sender_is_told(
    with_news: Start, news: ScriptedRelay, logged: Logged
) -> None:
    """It goes where its envelope says: the operator may have meant otherwise."""
    client = await (await with_news(senders=["news.example.com"])).dial()
    await send(client, b"<a@example.com>", b"From: <a@news.example.com>\r\n\r\nbody\r\n")
    assert not news.messages
    (line,) = [each for each in logged if each["event"] == "relay_differs"]
    assert (line["relay"], line["header_from"]) == ("office", "news")


async def test_a_transaction_that_was_given_up_is_forgotten_where_it_was(
    with_news: Start, relay: ScriptedRelay, news: ScriptedRelay
) -> None:
    """The next one may go elsewhere, and the one after that comes back."""
    client = await (await with_news(senders=["news.example.com"])).dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    await client.ask(b"EHLO client.test")
    await send(client, NEWS)
    await send(client, b"<a@example.com>")
    assert relay.commands.count(b"RSET") == 1
    assert [len(each.messages) for each in (relay, news)] == [1, 1]
