"""The logins of one client: what the relay hears of them, and for how long it is held."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from config.addresses import parse_ip
from config.schema import ProxyConfig, RelayConfig
from proxy.client import login as login_module
from proxy.client import login_slots
from proxy.client.connection import ClientConnection
from proxy.client.identity import ClientIdentity
from proxy.client.limits import MAX_FAILED_LOGINS_OF_ADDRESS, RECEIVE_OCTETS
from proxy.client.login import ClientLogin
from proxy.client.login_limits import LoginLimits
from proxy.client.login_slots import LoginSlots
from proxy.client.trust import Client
from proxy.relay.relay import Relay
from proxy.relay.upstream import Upstream
from proxy.smtp import replies
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.waiting_in_loop import until

LOCAL, STRANGER = Client(parse_ip("127.0.0.1")), Client(parse_ip("203.0.113.9"))
LOGIN = b"PLAIN AGFsaWNlAHNlY3JldA=="
PATIENCE_S = 5.0
PROMPT = Step(b"334 \r\n")
REFUSED = Step(b"535 5.7.8 wrong\r\n")


@dataclass
class Trying:
    """A client that has heard EHLO, and what it tries to log in with."""

    login: ClientLogin
    upstream: Upstream
    identity: ClientIdentity
    client: Dialogue


Try = Callable[..., Awaitable[Trying]]


@pytest.fixture
async def trying(relay: ScriptedRelay) -> AsyncIterator[Try]:
    """Return a function that connects a client; all share limits and slots."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    config = RelayConfig.model_validate({"port": relay.port, "tls": "none"})
    limits, slots = LoginLimits(), LoginSlots(2)
    known = Relay(config, "proxy.test")
    accepted: asyncio.Queue[ClientConnection] = asyncio.Queue()
    arriving = memoryview(bytearray(RECEIVE_OCTETS))
    server = await asyncio.get_running_loop().create_server(
        lambda: ClientConnection(accepted.put_nowait, arriving), "127.0.0.1", 0
    )
    tried: list[Trying] = []

    async def start(who: Client = STRANGER) -> Trying:
        client = await Dialogue.connect(server.sockets[0].getsockname()[1])
        connection = await accepted.get()
        connection.tls = True
        upstream = Upstream(known)
        identity = ClientIdentity(connection, upstream, who, ProxyConfig(), "proxy.test")
        login = ClientLogin(connection, upstream, identity, limits, slots)
        login.mechanisms = ("PLAIN",)
        tried.append(Trying(login, upstream, identity, client))
        return tried[-1]

    yield start
    server.close()
    for each in tried:
        each.upstream.drop()
        each.identity._connection.abort()
        await each.client.close()


# What the relay never hears of


async def test_a_login_in_the_open_is_refused(trying: Try, relay: ScriptedRelay) -> None:
    """Whatever the client was offered before."""
    stranger = await trying()
    stranger.identity._connection.tls = False
    assert await stranger.login.log_in(LOGIN, PATIENCE_S) is replies.TLS_NEEDED_FOR_AUTH
    assert not relay.connections


async def test_a_login_that_was_not_offered_is_refused(trying: Try) -> None:
    """The relay may take none."""
    stranger = await trying()
    stranger.login.mechanisms = ()
    assert await stranger.login.log_in(LOGIN, PATIENCE_S) is replies.NOT_IMPLEMENTED


@pytest.mark.parametrize(
    ("arg", "reply"),
    [
        (b"", replies.AUTH_SYNTAX),
        (b"PLAIN a b", replies.AUTH_SYNTAX),
        (b"PLAIN \0", replies.AUTH_SYNTAX),
        (b"LOGIN", replies.MECHANISM_UNKNOWN),
    ],
)
async def test_a_bad_command_costs_no_relay_session(
    arg: bytes, reply: replies.Reply, trying: Try, relay: ScriptedRelay
) -> None:
    """Anybody can say it."""
    stranger = await trying()
    assert await stranger.login.log_in(arg, PATIENCE_S) is reply
    assert not relay.connections


async def test_an_address_that_failed_too_often_costs_no_relay_session(
    trying: Try, relay: ScriptedRelay
) -> None:
    """It is answered without one until the minute is over."""
    relay.script = {"AUTH": REFUSED}
    strangers = [await trying() for _ in range(MAX_FAILED_LOGINS_OF_ADDRESS)]
    for stranger in strangers:
        assert (await stranger.login.log_in(LOGIN, PATIENCE_S)).code == 535
    another = await trying()
    assert await another.login.log_in(LOGIN, PATIENCE_S) is replies.TOO_MANY_LOGINS
    assert len(relay.connections) == MAX_FAILED_LOGINS_OF_ADDRESS


# Relays that are not what they were


def gone(trying: Trying) -> None:
    """Have nothing listen where the relay was."""
    config = RelayConfig.model_validate({"port": 1, "tls": "none"})
    trying.upstream._home = trying.upstream._relay = Relay(config, "proxy.test")


async def test_a_relay_that_has_gone_since_ehlo_is_goodbye(trying: Try) -> None:
    """Nothing has begun: the client comes back later, as if it had heard so at EHLO."""
    stranger = await trying()
    gone(stranger)
    assert await stranger.login.log_in(LOGIN, PATIENCE_S) is replies.NO_RELAY_AT_HELLO


async def test_a_relay_that_has_gone_since_it_was_reached_is_a_451(trying: Try) -> None:
    """Whoever is trusted had a session, and lost it."""
    local = await trying(LOCAL)
    assert await local.upstream.open()
    gone(local)
    local.upstream.drop()
    assert await local.login.log_in(LOGIN, PATIENCE_S) is replies.NO_RELAY


async def test_a_login_that_the_relay_offers_no_more_is_a_454(
    trying: Try, relay: ScriptedRelay
) -> None:
    """We offered it, from memory: it is nothing that the client did wrong."""
    relay.extensions = (*EXTENSIONS, "AUTH LOGIN")
    stranger = await trying()
    assert await stranger.login.log_in(LOGIN, PATIENCE_S) is replies.MECHANISM_NOT_NOW
    await until(lambda: not relay.sessions)


# A relay session for as long as it takes


async def test_a_login_reaches_the_relay(trying: Try, relay: ScriptedRelay) -> None:
    """Its reply is the client's, the account has a name, and the relay session stays."""
    stranger = await trying()
    reply = await stranger.login.log_in(LOGIN, PATIENCE_S)
    assert reply.wire() == b"235 2.7.0 welcome\r\n"
    assert stranger.identity.account == "account:alice"
    assert stranger.upstream.usable


async def test_a_stranger_that_is_refused_holds_no_relay_session(
    trying: Try, relay: ScriptedRelay
) -> None:
    """It has ended before the stranger hears so; the next try gets another."""
    relay.script = {"AUTH": [REFUSED, Step(b"235 2.7.0 welcome\r\n")]}
    stranger = await trying()
    assert (await stranger.login.log_in(LOGIN, PATIENCE_S)).code == 535
    assert not stranger.upstream.usable
    assert relay.connections[0][-1] == b"QUIT"
    assert (await stranger.login.log_in(LOGIN, PATIENCE_S)).code == 235


async def test_who_is_trusted_without_a_login_keeps_the_relay_session(
    trying: Try, relay: ScriptedRelay
) -> None:
    """It may send mail over it, whatever becomes of the login."""
    relay.script = {"AUTH": REFUSED}
    local = await trying(LOCAL)
    assert (await local.login.log_in(LOGIN, PATIENCE_S)).code == 535
    assert local.upstream.usable


async def test_a_stranger_that_goes_silent_loses_the_relay_session(
    trying: Try, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sooner than any other client would be."""
    monkeypatch.setattr(login_module, "LOGIN_PATIENCE_S", 0.1)
    relay.script = {"AUTH": PROMPT}
    stranger = await trying()
    with pytest.raises(TimeoutError):
        await stranger.login.log_in(b"PLAIN", PATIENCE_S)
    await until(lambda: not relay.sessions)


# Slots


async def silent(stranger: Trying) -> "asyncio.Task[replies.Reply]":
    """Have a stranger begin a login that does not go on."""
    task = asyncio.create_task(stranger.login.log_in(b"PLAIN", PATIENCE_S))
    assert (await stranger.client.reply()).code == 334
    return task


async def test_strangers_that_log_in_hold_few_relay_sessions(
    trying: Try, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One network has half of them; whoever waits in vain may try again, and we hear of it."""
    monkeypatch.setattr(login_slots, "LOGIN_WAIT_S", 0.1)
    relay.script = {"AUTH": PROMPT}
    holding = [await silent(await trying(Client(parse_ip(f"203.0.{n}.9")))) for n in range(2)]
    for address in ("203.0.0.10", "198.51.100.1"):
        late = await trying(Client(parse_ip(address)))
        assert await late.login.log_in(LOGIN, PATIENCE_S) is replies.LOGINS_CROWDED
    assert relay.sessions == 2
    local = await trying(LOCAL)
    relay.script = {}
    assert (await local.login.log_in(LOGIN, PATIENCE_S)).code == 235
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    assert (await late.login.log_in(LOGIN, PATIENCE_S)).code == 235
