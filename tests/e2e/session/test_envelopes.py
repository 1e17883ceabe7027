"""Envelopes cross to the octet, or are refused cleanly (DESIGN P7)."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.server.server import Server
from proxy.server.sockets import bind
from proxy.session.services import Services
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay
from tests.support.session_fixtures import Proxy, configuration, stop

ATOM = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=8)
UTF8 = st.text(st.characters(min_codepoint=0xA1, max_codepoint=0x2FFF), min_size=1, max_size=4)
LOCAL = st.one_of(
    st.lists(ATOM, min_size=1, max_size=3).map(".".join),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=10).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    UTF8,
    st.just("=?utf-8?q?ceo?="),
)
DOMAIN = st.sampled_from(
    ["example.com", "[192.0.2.1]", "[IPv6:2001:db8::1]", "xn--bcher-kva.example", "bücher.example"]
)
ADDRESS = st.builds("<{}@{}>".format, LOCAL, DOMAIN)
MAIL_PARAMS = st.lists(
    st.sampled_from(["BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=a+2Bb", "AUTH=<>", "X=1"]),
    unique=True,
    max_size=3,
)
RCPT_PARAMS = st.lists(
    st.sampled_from(["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;a+2Bb@example.com", "X"]),
    unique=True,
    max_size=2,
)
HOSTILE = st.binary(max_size=30).filter(lambda octets: b"\n" not in octets)


def command(prefix: str, address: str, params: list[str]) -> bytes:
    """Return an argument as a client would write it."""
    return " ".join((prefix + address, *params)).encode()


MAIL = st.one_of(
    st.builds(command, st.just("FROM:"), st.one_of(ADDRESS, st.just("<>")), MAIL_PARAMS),
    HOSTILE.map(lambda octets: b"FROM:<" + octets),
    HOSTILE.map(lambda octets: b"FROM:<a@example.com> " + octets),
)
RCPT = st.one_of(
    st.builds(command, st.just("TO:"), ADDRESS, RCPT_PARAMS),
    HOSTILE.map(lambda octets: b"TO:<" + octets),
    HOSTILE.map(lambda octets: b"TO:<b@example.net> " + octets),
)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[asyncio.Runner, Proxy, ScriptedRelay]]:
    """Return a proxy and its relay in a loop that outlives each example."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        relay = ScriptedRelay(extensions=(*EXTENSIONS, "AUTH PLAIN"))
        listening = relay.listening()
        runner.run(listening.__aenter__())
        proxy = runner.run(started(Path(folder), relay))
        yield runner, proxy, relay
        runner.run(stop(proxy))
        runner.run(listening.__aexit__(None, None, None))


async def started(folder: Path, relay: ScriptedRelay) -> Proxy:
    """Start a proxy before `relay`."""
    server = Server(Services.start(configuration(folder, relay.port)))
    sockets = bind(server.services.config)
    await server.listen(sockets)
    return Proxy(server, sockets.plain[0].getsockname()[1])


async def cross(proxy: Proxy, relay: ScriptedRelay, mail: bytes, rcpts: list[bytes]) -> None:
    """Say MAIL and RCPTs; what was accepted must stand at the relay as it was said."""
    client = await proxy.dial()
    heard = len(relay.connections[-1])
    expected = []
    for verb, arg in ((b"MAIL ", mail), *((b"RCPT ", rcpt) for rcpt in rcpts)):
        reply = await client.ask(verb + arg)
        if reply.code == 250:
            expected.append(verb + arg.removesuffix(b"\r"))
        else:
            assert reply.code in (500, 501, 503, 555), reply
    assert relay.connections[-1][heard:] == expected
    assert (await client.ask(b"QUIT")).code == 221
    await client.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mail=MAIL, rcpts=st.lists(RCPT, max_size=4))
def test_the_relay_hears_the_same_octets_or_nothing(
    world: tuple[asyncio.Runner, Proxy, ScriptedRelay], mail: bytes, rcpts: list[bytes]
) -> None:
    """Nothing is decoded, unquoted, trimmed or put in between."""
    runner, proxy, relay = world
    runner.run(cross(proxy, relay, mail, rcpts))


@pytest.mark.parametrize(
    "rcpt",
    [
        b"TO:<=?utf-8?q?ceo?=@example.net>",
        b"TO:<=?utf-8?q?ceo=40evil.example=3E=0D=0ARCPT?=@example.net>",
        b'TO:<"a b"@example.net>',
        b"TO:<b@example.net> NOTIFY=SUCCESS ORCPT=rfc822;B@Example.NET",
    ],
)
def test_what_libraries_would_rewrite_crosses(
    world: tuple[asyncio.Runner, Proxy, ScriptedRelay], rcpt: bytes
) -> None:
    """Encoded words, quoting, RCPT parameters and their case."""
    runner, proxy, relay = world
    runner.run(cross(proxy, relay, b"FROM:<> RET=hdrs", [rcpt]))
    assert relay.connections[-1][-2] == b"RCPT " + rcpt
