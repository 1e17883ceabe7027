"""AUTH, passed through: what is offered, what crosses, and a login that is lost with its relay."""

import asyncio

import pytest

from tests.support.identity_fixtures import away
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy

MESSAGE = b"From: a@example.com\r\n\r\nbody\r\n"


async def test_only_mechanisms_that_can_be_relayed_are_offered(
    proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """Never -PLUS, GSSAPI or EXTERNAL: the relay would look at our connection."""
    client = await proxy.dial(greet=False)
    await client.reply()
    lines = (await client.ask(b"EHLO client.test")).lines
    assert b"AUTH PLAIN LOGIN SCRAM-SHA-256" in lines


async def test_credentials_cross_as_they_are(proxy: Proxy, relay_with_auth: ScriptedRelay) -> None:
    """Raw octets both ways, challenge and response, and the relay's own verdict."""
    relay_with_auth.script = {
        "AUTH": Step(b"334 VXNlcm5hbWU6\r\n"),
        "RESPONSE": [Step(b"334 UGFzc3dvcmQ6\r\n"), Step(b"235 2.7.0 hello you\r\n")],
    }
    client = await proxy.dial()
    assert (await client.ask(b"AUTH LOGIN")).wire() == b"334 VXNlcm5hbWU6\r\n"
    assert (await client.ask(b"dXNlcg==")).wire() == b"334 UGFzc3dvcmQ6\r\n"
    assert (await client.ask(b"cGFzcw==")).wire() == b"235 2.7.0 hello you\r\n"
    assert relay_with_auth.commands[1:4] == [b"AUTH LOGIN", b"dXNlcg==", b"cGFzcw=="]
    assert (await client.ask(b"AUTH LOGIN")).code == 503


async def test_a_long_response_is_not_cut(proxy: Proxy, relay_with_auth: ScriptedRelay) -> None:
    """Tokens of several kilobytes pass (aiosmtpd caps at 512 octets)."""
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN " + b"A" * 8000)).code == 235
    relay_with_auth.script = {"AUTH": Step(b"334 \r\n")}
    other = await proxy.dial()
    await other.ask(b"AUTH PLAIN")
    assert (await other.ask(b"A" * 12000)).code == 235
    assert relay_with_auth.connections[1][2] == b"A" * 12000


async def test_an_endless_response_is_refused(proxy: Proxy, relay_with_auth: ScriptedRelay) -> None:
    """RFC 4954 §4: 500 5.5.6, and the relay's exchange is cancelled."""
    relay_with_auth.script = {"AUTH": Step(b"334 \r\n")}
    client = await proxy.dial()
    await client.ask(b"AUTH PLAIN")
    assert (await client.ask(b"A" * 13000)).wire().startswith(b"500 5.5.6")
    assert relay_with_auth.commands[-1] == b"*"
    assert (await client.ask(b"NOOP")).code == 250


async def test_a_client_may_cancel(proxy: Proxy, relay_with_auth: ScriptedRelay) -> None:
    """RFC 4954 §4: `*` goes to the relay, whose 501 comes back."""
    relay_with_auth.script = {"AUTH": Step(b"334 \r\n")}
    client = await proxy.dial()
    await client.ask(b"AUTH PLAIN")
    assert (await client.ask(b"*")).lines == (b"5.7.0 cancelled",)


async def test_refused_credentials_are_the_relays_word(
    proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """The client may try again on the same session."""
    relay_with_auth.script = {"AUTH": [Step(b"535 5.7.8 wrong\r\n"), Step(b"235 2.7.0 ok\r\n")]}
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).lines == (b"5.7.8 wrong",)
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"AUTH", 501),
        (b"AUTH GSSAPI", 504),
        (b"AUTH SCRAM-SHA-256-PLUS", 504),
        (b"AUTH PLAIN a b", 501),
        (b"AUTH PLAIN a\0b", 501),
        (b"AUTH PLAIN a\rb", 501),
    ],
)
async def test_what_cannot_be_relayed_is_refused(
    command: bytes, code: int, proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """And the relay never hears of it."""
    client = await proxy.dial()
    assert (await client.ask(command)).code == code
    assert len(relay_with_auth.commands) == 1


@pytest.mark.parametrize(
    "command", [b"AUTH PLAIN AGEAYg== ", b"auth  plain  AGEAYg==", b"AUTH PLAIN\tAGEAYg=="]
)
async def test_blanks_of_a_login_are_the_relays_to_judge(
    command: bytes, proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """They change nothing of what is said, and it hears them as they came."""
    client = await proxy.dial()
    assert (await client.ask(command)).code == 235
    assert relay_with_auth.commands[1] == b"AUTH " + command[5:].lstrip()


async def test_auth_is_hidden_off_loopback_without_tls(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials do not cross an open network: not offered, and refused when sent all the same."""
    proxy = await start_proxy(proxy={"trusted_networks": ["203.0.113.0/24"]})
    away(monkeypatch)
    client = await proxy.dial(greet=False)
    await client.reply()
    assert b"AUTH" not in (await client.ask(b"EHLO client.test")).wire()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 538


async def test_a_relay_lost_before_the_login_is_replaced(
    proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """Nothing of the old session is missed: another takes the credentials."""
    relay_with_auth.script = {"AUTH": [Step(then="reset"), Step(b"235 2.7.0 welcome\r\n")]}
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 451
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 250


async def test_a_lost_login_cannot_be_replaced(
    proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """Credentials are not kept: 451, and then the client is asked to start anew."""
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    relay_with_auth.script = {"MAIL": Step(then="reset")}
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 451
    assert (await client.ask(b"NOOP")).code == 421
    assert await client.at_end()


IDLE = b"421 4.4.2 idle for too long\r\n"


@pytest.mark.parametrize("step", ["MAIL", "DOT"])
async def test_who_has_logged_in_hears_when_the_relay_leaves(
    step: str, proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """As it would of the relay itself: whoever keeps a session for later mail takes another then."""
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    relay_with_auth.script = {step: Step(b"250 ok\r\n" + IDLE, then="close")}
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 250
    if step == "DOT":
        await client.ask(b"RCPT TO:<b@example.net>")
        assert (await client.message(MESSAGE)).code == 250
    assert (await client.reply()).wire().startswith(b"421 4.4.1")
    assert await client.at_end()


async def test_who_has_logged_in_may_take_leave_of_a_relay_that_has_gone(
    proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """A 421 in place of the answer to QUIT would make some programs send their message again."""
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    relay_with_auth.script = {"DOT": Step(b"250 ok\r\n" + IDLE, then="close")}
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    await asyncio.sleep(0.1)
    assert (await client.ask(b"QUIT")).code == 221
    assert await client.at_end()


@pytest.mark.parametrize("command", [b"MAIL FROM:<a@example.com>", b"DATA", b"EHLO client.test"])
async def test_who_goes_on_without_its_login_is_asked_to_start_anew(
    command: bytes, proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """A sender of many messages would have 451 for all of the rest, and no reason to come back."""
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    relay_with_auth.script = {"RCPT": Step(b"250 ok\r\n" + IDLE, then="close")}
    await client.transaction()
    await asyncio.sleep(0.1)
    assert (await client.ask(command)).wire().startswith(b"421 4.4.1")
    assert await client.at_end()


async def test_a_login_that_is_lost_amid_a_message_costs_the_session(
    proxy: Proxy, relay_with_auth: ScriptedRelay
) -> None:
    """The message has its verdict first."""
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    relay_with_auth.script = {"DATA": Step(then="close")}
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 451
    assert (await client.reply()).code == 421
    assert await client.at_end()


async def test_a_login_outlives_a_slow_upload(
    proxy: Proxy, relay_with_auth: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay waits for its next command meanwhile, and would hang up: it hears NOOP."""
    monkeypatch.setattr("proxy.relay.upstream.KEEP_ALIVE_S", 0.1)
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    await client.transaction()
    assert (await client.ask(b"DATA")).code == 354
    before = len(relay_with_auth.commands)
    for _ in range(5):
        await asyncio.sleep(0.15)
        client.send(MESSAGE)
    client.send(b".\r\n")
    assert (await client.reply()).code == 250
    assert set(relay_with_auth.commands[before:-1]) == {b"NOOP"}
    assert len(relay_with_auth.connections) == 1
