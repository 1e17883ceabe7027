"""What a relay is told of the real client, where it asks for it: XFORWARD and XCLIENT."""

import smtplib
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.identity_fixtures import LOOPBACK, send
from tests.support.relays.postfix import Postfix, postfix_running
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.session_fixtures import StartProxy
from tests.support.stack import Stack
from tests.support.waiting import until

Logged = list[MutableMapping[str, Any]]
FRONT = b"XCLIENT ADDR=203.0.113.9 NAME=client.example HELO=laptop LOGIN=alice"
TOLD = b"NAME=client.example ADDR=203.0.113.9 PROTO=ESMTP HELO=laptop"


@pytest.fixture
def asking(relay: ScriptedRelay) -> ScriptedRelay:
    """Have the relay offer both."""
    others = tuple(each for each in EXTENSIONS if not each.startswith("XCLIENT"))
    both = ("XCLIENT NAME ADDR PROTO HELO LOGIN", "XFORWARD NAME ADDR PROTO HELO SOURCE")
    relay.extensions = (*others, *both, "AUTH PLAIN")
    relay.script = {"UNKNOWN": Step(b"220 relay.test ESMTP\r\n")}
    return relay


def verbs(relay: ScriptedRelay, connection: int = 0) -> list[bytes]:
    """Return the first words of what the relay heard in one connection."""
    return [line.split()[0] for line in relay.connections[connection]]


async def test_by_default_nothing_is_told(start_proxy: StartProxy, asking: ScriptedRelay) -> None:
    """Whatever the relay offers."""
    await send(await (await start_proxy()).dial())
    assert not {b"XCLIENT", b"XFORWARD"} & set(verbs(asking))


async def test_xforward_comes_before_each_message(
    start_proxy: StartProxy, asking: ScriptedRelay
) -> None:
    """Postfix forgets it after each."""
    proxy = await start_proxy(
        relay={"client_info": "xforward"}, proxy={"xclient_networks": LOOPBACK}
    )
    client = await proxy.dial()
    await client.ask(FRONT)
    await client.ask(b"EHLO front.example")
    await send(client)
    await send(client)
    assert verbs(asking) == [b"EHLO", *[b"XFORWARD", b"MAIL", b"RCPT", b"DATA"] * 2]
    assert asking.commands[1] == b"XFORWARD " + TOLD + b" SOURCE=LOCAL"


async def test_xclient_comes_first_and_ehlo_anew(
    start_proxy: StartProxy, asking: ScriptedRelay
) -> None:
    """Once a session; what the relay offers is what it offers that client."""
    proxy = await start_proxy(relay={"client_info": "xclient"})
    client = await proxy.dial()
    await send(client)
    await send(client)
    assert verbs(asking)[:4] == [b"EHLO", b"XCLIENT", b"EHLO", b"MAIL"]
    assert verbs(asking).count(b"XCLIENT") == 1
    told = b"XCLIENT NAME=[UNAVAILABLE] ADDR=127.0.0.1 PROTO=ESMTP HELO=client.test"
    assert asking.commands[1] == told + b" LOGIN=[UNAVAILABLE]"


async def test_another_client_gets_a_session_of_its_own(
    start_proxy: StartProxy, asking: ScriptedRelay
) -> None:
    """The relay must not judge one by what it was told of another."""
    proxy = await start_proxy(
        relay={"client_info": "xclient"}, proxy={"xclient_networks": LOOPBACK}
    )
    client = await proxy.dial()
    await send(client)
    await client.ask(FRONT)
    await client.ask(b"EHLO front.example")
    await send(client)
    assert len(asking.connections) == 2
    assert asking.connections[1][1] == b"XCLIENT " + TOLD + b" LOGIN=alice"


async def test_a_login_comes_after_xclient(
    start_proxy: StartProxy, asking: ScriptedRelay, tmp_path: Path
) -> None:
    """XCLIENT begins a session anew, and a login with it: the client's, and ours."""
    password = tmp_path / "password"
    password.write_text("secret")
    password.chmod(0o600)
    login = {"user": "us", "password_file": str(password)}
    proxy = await start_proxy(relay={"client_info": "xclient", **login})
    await send(await proxy.dial())
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    await send(client)
    for connection in (0, 1):
        heard = verbs(asking, connection)
        assert heard[:6] == [b"EHLO", b"XCLIENT", b"EHLO", b"AUTH", b"EHLO", b"MAIL"]


@pytest.mark.parametrize("mode", ["xforward", "xclient"])
@pytest.mark.parametrize("offered", [True, False])
async def test_a_relay_that_does_not_want_it_gets_the_mail_all_the_same(
    mode: str, offered: object, start_proxy: StartProxy, asking: ScriptedRelay, logged: Logged
) -> None:
    """The log says so once."""
    asking.script = {"UNKNOWN": Step(b"550 5.7.0 not from you\r\n")}
    if not offered:
        asking.extensions = ("PIPELINING",)
    proxy = await start_proxy(relay={"client_info": mode})
    for _ in range(2):
        client = await proxy.dial()
        await send(client)
    assert len(asking.messages) == 2
    told = [line for line in logged if line["event"] == "relay_client_info_refused"]
    assert len(told) == 1


@pytest.fixture(scope="module", params=["xforward", "xclient"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Postfix, Stack]]:
    """Run a Postfix that takes either, and Waypost before it."""
    settings = {
        "smtpd_authorized_xforward_hosts": "127.0.0.0/8",
        "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
        "smtpd_client_restrictions": (
            "check_client_access inline:{{ {{ 203.0.113.9 = 550 5.7.1 not from there }} }}"
        ),
    }
    with postfix_running(settings) as postfix:
        folder = tmp_path_factory.mktemp("house")
        stack = Stack(folder / "waypost", postfix.port).furnish(
            proxy='xclient_networks = ["127.0.0.0/8"]\ntrusted_networks = ["192.0.2.0/24"]\n'
        )
        text = stack.config.read_text()
        mode = f'tls = "none"\nclient_info = "{request.param}"\n'
        stack.config.write_text(text.replace('tls = "none"\n', mode, 1))
        with stack.serving("proxy"):
            yield request.param, postfix, stack


def hand_in(stack: Stack, address: str) -> int:
    """Send a message as a client of this address; return the code at RCPT."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, "front.test") as client:
        client.docmd("XCLIENT", f"ADDR={address} NAME=till.example HELO=till")
        client.ehlo()
        client.mail("a@example.com")
        code, _ = client.rcpt("b@example.net")
        if code == 250:
            client.data(b"From: a@example.com\r\n\r\nhello\r\n")
    return code


def test_postfix_knows_the_real_client(house: tuple[str, Postfix, Stack]) -> None:
    """Its log names it; with XCLIENT it decides by it as well."""
    mode, postfix, stack = house
    before = len(postfix.delivered())
    refused = hand_in(stack, "203.0.113.9")
    assert refused == (550 if mode == "xclient" else 250)
    postfix.wait_for(before + (refused == 250))
    # The client may have heard of it before the log has.
    told = "client=till.example[203.0.113.9]"
    if mode == "xclient":
        told = "till.example[203.0.113.9]: 550 5.7.1"
    until(lambda: told in postfix.log, seen=lambda: postfix.log)
