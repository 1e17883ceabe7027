"""Our own login at the relay: whose mail goes out under it, and whose never does."""

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.identity_fixtures import LOOPBACK, away, send, start_tls
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy

OURS = b"AUTH PLAIN " + base64.b64encode(b"\0us\0secret")
THEIRS = b"AUTH PLAIN " + base64.b64encode(b"\0alice\0own")
Start = Callable[..., Awaitable[Proxy]]


@pytest.fixture
def with_login(start_proxy: StartProxy, relay_with_auth: ScriptedRelay, tmp_path: Path) -> Start:
    """Return a function that starts a proxy with a login of its own; arguments as `[proxy]`."""
    password = tmp_path / "password"
    password.write_text("secret")
    password.chmod(0o600)

    async def start(**proxy: object) -> Proxy:
        login = {"user": "us", "password_file": str(password)}
        return await start_proxy(proxy=proxy, relay=login)

    return start


def under_our_login(relay: ScriptedRelay) -> list[bool]:
    """Return for each relay session that heard MAIL whether it was logged in with ours by then."""
    found = []
    for lines in relay.connections:
        mails = [index for index, line in enumerate(lines) if line.startswith(b"MAIL")]
        if mails:
            found.append(OURS in lines[: mails[0]])
    return found


async def test_a_trusted_client_needs_no_login(
    with_login: Start, relay: ScriptedRelay, trusted: list[bool]
) -> None:
    """We log in before its first MAIL, once a session."""
    client = await (await with_login()).dial()
    assert OURS not in relay.commands
    await send(client)
    await send(client)
    assert relay.commands.count(OURS) == 1
    assert under_our_login(relay) == [True]
    assert trusted == [True, True]


async def test_a_client_that_logs_in_itself_has_its_own_session(
    with_login: Start, relay: ScriptedRelay
) -> None:
    """Before its first message, or after some that went out under ours."""
    proxy = await with_login()
    client = await proxy.dial()
    await client.ask(THEIRS)
    await send(client)
    assert under_our_login(relay) == [False]
    other = await proxy.dial()
    await send(other)
    assert (await other.ask(THEIRS)).code == 235
    await send(other)
    assert under_our_login(relay) == [False, True, False]
    assert OURS not in relay.connections[2]


async def test_a_stranger_gets_none_of_it(
    with_login: Start, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused, as ever; and once it is logged in, that is its login alone."""
    proxy = await with_login(listen=["127.0.0.1:0"])
    away(monkeypatch)
    client = await proxy.dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 530
    assert OURS not in relay.commands


async def test_a_client_that_is_only_vouched_for_never_uses_it(
    with_login: Start, relay: ScriptedRelay, trusted: list[bool]
) -> None:
    """A mail server has checked it, for its own mail; who is behind it is not ours."""
    client = await (await with_login(xclient_networks=LOOPBACK)).dial()
    assert (await client.ask(b"XCLIENT ADDR=203.0.113.9")).code == 220
    await client.ask(b"EHLO client.test")
    await send(client)
    assert OURS not in relay.commands
    assert trusted == [False]


@pytest.mark.parametrize(
    "told", [b"XCLIENT ADDR=203.0.113.9", b"XFORWARD ADDR=203.0.113.9 SOURCE=REMOTE"]
)
async def test_the_session_ends_with_the_client_that_it_was_for(
    told: bytes, with_login: Start, relay: ScriptedRelay
) -> None:
    """Another client gets a session without our login; and one that is trusted, a fresh login."""
    client = await (await with_login(xclient_networks=LOOPBACK)).dial()
    await send(client)
    assert (await client.ask(told)).positive
    await client.ask(b"EHLO client.test")
    await send(client)
    assert under_our_login(relay) == [True, False]
    back = told.replace(b"203.0.113.9", b"127.0.0.1").replace(b"REMOTE", b"LOCAL")
    assert (await client.ask(back)).positive
    await client.ask(b"EHLO client.test")
    await send(client)
    assert relay.commands.count(OURS) == 2
    assert b"QUIT" in relay.connections[0]


async def test_starttls_begins_a_session_of_its_own(
    start_proxy: StartProxy,
    with_login: Start,
    relay: ScriptedRelay,
    tmp_path: Path,
    authority: object,
) -> None:
    """Nothing of before is taken over (RFC 3207 §4.2)."""
    client = await (await with_login(tls_cert=str(tmp_path / "proxy.pem"))).dial()
    await send(client)
    await start_tls(client, authority)
    await client.ask(b"EHLO client.test")
    await send(client)
    assert under_our_login(relay) == [True, True]
    assert b"QUIT" in relay.connections[0]


async def test_a_session_that_the_relay_ends_is_replaced(
    with_login: Start, relay: ScriptedRelay
) -> None:
    """With a login of its own; the client, who has none to lose, notices nothing."""
    relay.script = {"DOT": [Step(b"250 2.0.0 kept\r\n", then="close"), Step(b"250 2.0.0 kept\r\n")]}
    client = await (await with_login()).dial()
    await send(client)
    await send(client)
    assert under_our_login(relay) == [True, True]


async def test_a_session_lost_amid_a_transaction_is_replaced(
    with_login: Start, relay: ScriptedRelay
) -> None:
    """The transaction is repeated after the login."""
    relay.script = {"RCPT": [Step(then="reset"), Step(b"250 2.1.5 fine\r\n")]}
    client = await (await with_login()).dial()
    await send(client)
    assert under_our_login(relay) == [True, True]


async def test_a_login_that_is_refused_is_a_451_to_whoever_needs_it(
    with_login: Start, relay: ScriptedRelay
) -> None:
    """And nothing to others; the relay hears it once."""
    relay.script = {"AUTH": [Step(b"535 5.7.8 no\r\n"), Step(b"235 2.7.0 welcome\r\n")]}
    proxy = await with_login()
    for _ in range(3):
        client = await proxy.dial()
        reply = await client.ask(b"MAIL FROM:<a@example.com>")
        assert reply.wire().startswith(b"451 4.3.5")
    assert relay.commands.count(OURS) == 1
    own = await proxy.dial()
    assert (await own.ask(THEIRS)).code == 235
    await send(own)
