"""Clients that nobody vouches for, and that have not logged in: what they hear, and hold, of the relay.

They come through a load balancer, over TLS, from addresses that are not trusted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from proxy.client import login, login_slots
from proxy.relay import capability_cache
from proxy.session import session
from tests.support.clients.smtp_client import Dialogue
from tests.support.clients.strangers import behind_balancer, come_as
from tests.support.identity_fixtures import LOOPBACK, away, send, start_tls
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy, configuration
from tests.support.waiting_in_loop import until

STRANGER = "203.0.113.9"
LOGIN = b"AUTH PLAIN AGEAYg=="
LOGINS = (*EXTENSIONS, "AUTH PLAIN LOGIN")
OURS = "192.0.2.7"
PROMPT = Step(b"334 \r\n")
REFUSED = Step(b"535 5.7.8 wrong\r\n")
Come = Callable[..., Awaitable[Dialogue]]


@pytest.fixture
async def proxy(
    start_proxy: StartProxy, relay: ScriptedRelay, authority: trustme.CA, tmp_path: Path
) -> Proxy:
    """Run a proxy behind a load balancer, before a relay that takes logins."""
    relay.extensions = LOGINS
    return await start_proxy(proxy=behind_balancer(tmp_path, trusted_networks=["192.0.2.0/24"]))


@pytest.fixture
def come(proxy: Proxy, authority: trustme.CA) -> Come:
    """Return a function that has a client come to the proxy, by default a stranger."""

    async def come(address: str = STRANGER, *, greet: bool = True) -> Dialogue:
        return await come_as(proxy, address, authority=authority, greet=greet)

    return come


def messages_sent(relay: ScriptedRelay) -> int:
    """Return how many sessions at the relay had a message."""
    return sum(b"DATA" in lines for lines in relay.connections)


# EHLO


async def test_fifty_strangers_at_rest_leave_the_relay_to_others(
    come: Come, relay: ScriptedRelay
) -> None:
    """A relay that allows fifty sessions has all of them left for those who send mail."""
    relay.most_sessions = 50
    strangers = [await come(f"203.0.{number}.9") for number in range(50)]
    await until(lambda: not relay.sessions)
    await send(await come(OURS))
    assert messages_sent(relay) == 1
    assert [(await stranger.ask(b"NOOP")).code for stranger in strangers] == [250] * 50


async def test_strangers_who_come_together_share_one_probe(
    come: Come, relay: ScriptedRelay
) -> None:
    """As when all come back after a restart."""
    all_asked = asyncio.Event()
    relay.script = {"GREETING": Step(b"220 relay.test ESMTP\r\n", once=all_asked)}
    strangers = [await come(greet=False) for _ in range(20)]
    for stranger in strangers:
        await stranger.reply()
        stranger.send(b"EHLO client.test\r\n")
    await until(lambda: relay.sessions)
    all_asked.set()
    heard = [await stranger.reply() for stranger in strangers]
    assert {reply.code for reply in heard} == {250}
    await until(lambda: not relay.sessions)
    assert relay.connections == [[b"EHLO proxy.test", b"QUIT"]]


async def test_a_stranger_is_offered_what_everybody_is(come: Come, relay: ScriptedRelay) -> None:
    """By the same words as a client with a relay session of its own."""
    answers = []
    for address in (STRANGER, OURS, STRANGER):
        client = await come(address, greet=False)
        await client.reply()
        answers.append(await client.ask(b"EHLO client.test"))
    assert answers[0] == answers[1] == answers[2]
    assert b"AUTH PLAIN LOGIN" in answers[0].lines


async def test_what_was_seen_in_the_open_holds_after_starttls(
    start_proxy: StartProxy, relay: ScriptedRelay, authority: trustme.CA, tmp_path: Path
) -> None:
    """AUTH is offered then, without another probe (RFC 3207 §4.2)."""
    relay.extensions = LOGINS
    keys = {"tls_cert": str(tmp_path / "proxy.pem"), "proxy_protocol_networks": LOOPBACK}
    client = await come_as(await start_proxy(proxy=keys), STRANGER)
    assert (await client.ask(LOGIN)).code == 538
    await start_tls(client, authority)
    assert (await client.ask(LOGIN)).code == 503
    assert b"AUTH PLAIN LOGIN" in (await client.ask(b"EHLO client.test")).lines
    assert len(relay.connections) == 1
    assert (await client.ask(LOGIN)).code == 235


@pytest.mark.parametrize("hello", [b"EHLO client.test", b"HELO client.test"])
async def test_a_relay_that_is_down_is_a_421(
    hello: bytes, come: Come, relay: ScriptedRelay
) -> None:
    """As it is to everybody."""
    relay.script = {"GREETING": Step(b"554 5.3.2 not now\r\n")}
    client = await come(greet=False)
    await client.reply()
    assert (await client.ask(hello)).wire().startswith(b"421 4.4.1")
    assert await client.at_end()


async def test_a_relay_that_has_gone_is_told_at_the_login(come: Come, relay: ScriptedRelay) -> None:
    """And at EHLO to the next: what was known of it is forgotten."""
    client = await come()
    relay.script = {"GREETING": Step(b"421 4.3.2 going down\r\n", then="close")}
    assert (await client.ask(LOGIN)).wire().startswith(b"421 4.4.1")
    assert await client.at_end()
    client = await come(greet=False)
    await client.reply()
    assert (await client.ask(b"EHLO client.test")).wire().startswith(b"421 4.4.1")


async def test_what_is_known_of_the_relay_grows_old(
    come: Come, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could log in and so find out that the relay takes logins by now."""
    relay.extensions = EXTENSIONS
    assert (await (await come()).ask(LOGIN)).code == 502
    relay.extensions = LOGINS
    assert (await (await come()).ask(LOGIN)).code == 502
    monkeypatch.setattr(capability_cache, "MAX_AGE_S", 0.0)
    assert (await (await come()).ask(LOGIN)).code == 235


async def test_a_reload_forgets_the_relay_of_before(
    proxy: Proxy, come: Come, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """It may be another one now."""
    await come()
    async with ScriptedRelay(extensions=("AUTH LOGIN",)).listening() as other:
        folder = tmp_path / "changed"
        folder.mkdir()
        config = configuration(folder, other.port, proxy=behind_balancer(tmp_path))
        proxy.server.reload(lambda: config)
        client = await come(greet=False)
        await client.reply()
        assert b"AUTH LOGIN" in (await client.ask(b"EHLO client.test")).lines
    assert len(relay.connections) == 1


# Logins


async def test_a_stranger_that_logs_in_sends_its_mail(come: Come, relay: ScriptedRelay) -> None:
    """Over the relay session that it logged in to, for as long as it likes."""
    client = await come()
    assert (await client.ask(LOGIN)).code == 235
    await send(client)
    await send(client)
    _, lines = relay.connections
    assert lines[:3] == [b"EHLO proxy.test", LOGIN, b"EHLO proxy.test"]
    assert lines.count(b"DATA") == 2


async def test_a_stranger_without_a_login_never_reaches_the_relay(
    come: Come, relay: ScriptedRelay
) -> None:
    """Whatever it says."""
    client = await come()
    for line, code in (
        (b"MAIL FROM:<a@example.com>", 530),
        (b"RCPT TO:<a@example.com>", 503),
        (b"DATA", 503),
        (b"NOOP", 250),
        (b"RSET", 250),
        (b"VRFY root", 252),
        (b"AUTH CRAM-MD5", 504),
        (b"EHLO again.test", 250),
    ):
        assert (await client.ask(line)).code == code
    await until(lambda: not relay.sessions)
    assert relay.connections == [[b"EHLO proxy.test", b"QUIT"]]


async def test_after_a_wrong_password_no_relay_session_is_held(
    come: Come, relay: ScriptedRelay
) -> None:
    """The client may try again, over a fresh one."""
    relay.script = {"AUTH": [REFUSED, Step(b"235 2.7.0 welcome\r\n")]}
    client = await come()
    assert (await client.ask(LOGIN)).code == 535
    await until(lambda: not relay.sessions)
    assert (await client.ask(LOGIN)).code == 235


async def test_a_login_that_does_not_go_on_ends(
    come: Come, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 421, and the relay session with it; others have five minutes."""
    monkeypatch.setattr(login, "LOGIN_PATIENCE_S", 0.2)
    relay.script = {"AUTH": PROMPT}
    stranger, ours = await come(), await come(OURS)
    for client in (stranger, ours):
        assert (await client.ask(b"AUTH PLAIN")).code == 334
    assert (await stranger.reply()).wire().startswith(b"421 4.4.2")
    assert await stranger.at_end()
    await until(lambda: relay.sessions == 1)
    assert (await ours.ask(b"AGEAYg==")).code == 235


async def test_strangers_amid_a_login_leave_the_relay_to_others(
    proxy: Proxy, come: Come, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than `max_logins` hold a relay session; the others wait, and may try again."""
    monkeypatch.setattr(login_slots, "LOGIN_WAIT_S", 0.5)
    most = proxy.server.services.login_slots.limit
    relay.script, relay.most_sessions = {"AUTH": PROMPT}, 50
    strangers = [await come(f"203.0.{number}.9") for number in range(50)]
    for stranger in strangers:
        stranger.send(b"AUTH PLAIN\r\n")
    codes = [(await stranger.reply()).code for stranger in strangers]
    assert (codes.count(334), codes.count(454)) == (most, 50 - most)
    assert relay.sessions == most
    await send(await come(OURS))
    assert messages_sent(relay) == 1


async def test_a_network_that_tries_passwords_leaves_logins_to_others(
    proxy: Proxy, come: Come, relay: ScriptedRelay
) -> None:
    """It has half of the slots, and the rest of it waits."""
    relay.script = {"AUTH": PROMPT}
    for number in range(2 * proxy.server.services.login_slots.limit):
        (await come(f"203.0.113.{number}")).send(b"AUTH PLAIN\r\n")
    relay_sessions = (proxy.server.services.login_slots.limit + 1) // 2
    await until(lambda: relay.sessions == relay_sessions)
    relay.script = {}
    assert (await (await come("198.51.100.1")).ask(LOGIN)).code == 235


# What was offered, and is not there


async def test_a_parameter_that_this_relay_session_lacks_is_a_451(
    come: Come, relay: ScriptedRelay
) -> None:
    """We offered it: it is neither dropped, nor the client's fault. EHLO tells by then."""
    client = await come()
    relay.extensions = ("PIPELINING", "8BITMIME", "AUTH PLAIN")
    assert (await client.ask(LOGIN)).code == 235
    for params in (b"RET=HDRS", b"SMTPUTF8", b"SIZE=1000"):
        reply = await client.ask(b"MAIL FROM:<a@example.com> " + params)
        assert reply.wire().startswith(b"451 4.3.3")
    client.send(b"MAIL FROM:<a@example.com> BODY=8BITMIME SIZE=9\r\nRCPT TO:<b@example.net>\r\n")
    assert [(await client.reply()).code for _ in range(2)] == [451, 503]
    assert (await client.ask(b"MAIL FROM:<a@example.com> BODY=8BITMIME")).code == 250
    reply = await client.ask(b"RCPT TO:<b@example.net> NOTIFY=NEVER")
    assert reply.wire().startswith(b"451 4.3.3")
    assert (await client.ask(b"RCPT TO:<b@example.net>")).code == 250
    assert relay.connections[1][3:] == [
        b"MAIL FROM:<a@example.com> BODY=8BITMIME",
        b"RCPT TO:<b@example.net>",
    ]
    assert b"DSN" not in (await client.ask(b"EHLO client.test")).lines


async def test_a_parameter_of_a_login_outlives_the_offer_to_log_in(
    come: Come, relay: ScriptedRelay
) -> None:
    """Many a relay offers AUTH no more once somebody is logged in, and takes AUTH= (RFC 4954)."""
    client = await come()
    relay.script = {"EHLO": [Step(b"250-relay.test\r\n250 AUTH PLAIN\r\n"), Step(b"250 relay\r\n")]}
    assert (await client.ask(LOGIN)).code == 235
    assert (await client.ask(b"MAIL FROM:<a@example.com> AUTH=<>")).code == 250


async def test_a_login_that_this_relay_session_does_not_offer_is_a_454(
    come: Come, relay: ScriptedRelay
) -> None:
    """We offered it; the client need not ask for another password."""
    client = await come()
    relay.extensions = (*EXTENSIONS, "AUTH LOGIN")
    assert (await client.ask(LOGIN)).wire().startswith(b"454 4.7.0")
    await until(lambda: not relay.sessions)
    assert b"AUTH LOGIN" in (await client.ask(b"EHLO client.test")).lines


async def test_a_relay_that_takes_less_than_it_did_says_so_itself(
    come: Come, relay: ScriptedRelay
) -> None:
    """SIZE was declared by what we knew: the limit of this relay session holds."""
    client = await come()
    relay.extensions = (*LOGINS[:1], "SIZE 100000", *LOGINS[2:])
    assert (await client.ask(LOGIN)).code == 235
    await client.transaction()
    assert (await client.message(b"x" * 70 + b"\r\n" + b"y" * 100_000 + b"\r\n")).code == 552


# Clients of mail servers


@pytest.fixture
async def front(start_proxy: StartProxy, relay: ScriptedRelay) -> Proxy:
    """Run a proxy whose clients may speak for others."""
    return await start_proxy(proxy={"xclient_networks": LOOPBACK})


async def test_a_client_that_is_vouched_for_reaches_the_relay_with_mail(
    front: Proxy, relay: ScriptedRelay
) -> None:
    """It may send without a login; until it does, it holds nothing."""
    client = await front.dial()
    assert (await client.ask(b"XCLIENT ADDR=203.0.113.9")).code == 220
    await until(lambda: not relay.sessions)
    assert (await client.ask(b"EHLO client.test")).code == 250
    assert len(relay.connections) == 1
    await send(client)
    assert relay.connections[1][:2] == [b"EHLO proxy.test", b"MAIL FROM:<sender@example.com>"]


async def test_a_client_that_is_vouched_for_hears_that_the_relay_has_gone(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At MAIL, where it needs it first; of a group the rest is not answered."""
    proxy = await start_proxy(proxy={"xclient_networks": ["203.0.113.0/24"]})
    away(monkeypatch)
    client = await proxy.dial()
    assert (await client.ask(b"XCLIENT ADDR=198.51.100.1")).code == 220
    assert (await client.ask(b"EHLO client.test")).code == 250
    relay.script = {"GREETING": Step(b"554 no\r\n")}
    client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
    assert (await client.reply()).wire().startswith(b"421 4.4.1")
    assert await client.at_end()


async def test_a_client_that_is_vouched_for_and_says_no_more_holds_nothing(
    front: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two messages; its next gets a fresh relay session, and a message stays as it is."""
    monkeypatch.setattr(session, "RELAY_IDLE_S", 0.2)
    client = await front.dial()
    await client.ask(b"XCLIENT ADDR=203.0.113.9")
    await client.ask(b"EHLO client.test")
    await send(client)
    await until(lambda: not relay.sessions)
    assert relay.connections[-1][-1] == b"QUIT"
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 250
    await asyncio.sleep(0.4)
    assert (await client.ask(b"RCPT TO:<b@example.net>")).code == 250
    assert (await client.message(b"Subject: x\r\n\r\n")).code == 250
    assert messages_sent(relay) == 2


@pytest.mark.parametrize("login", [b"LOGIN=alice", b"ADDR=127.0.0.1"])
async def test_a_client_that_the_front_server_trusts_has_the_relay_at_once(
    login: bytes, front: Proxy, relay: ScriptedRelay
) -> None:
    """As it would have without a front server."""
    client = await front.dial()
    await client.ask(b"XCLIENT ADDR=203.0.113.9")
    await until(lambda: not relay.sessions)
    await client.ask(b"XCLIENT " + login)
    await client.ask(b"EHLO client.test")
    assert relay.sessions == 1


async def test_mail_that_a_front_server_passes_on_needs_no_second_session(
    front: Proxy, relay: ScriptedRelay
) -> None:
    """XFORWARD tells of whom it is; the relay session is the front server's."""
    client = await front.dial()
    assert (await client.ask(b"XFORWARD ADDR=203.0.113.9 SOURCE=REMOTE")).code == 250
    await send(client)
    assert len(relay.connections) == 1


async def test_who_is_trusted_by_address_has_the_relay_at_once(
    proxy: Proxy, come: Come, relay: ScriptedRelay
) -> None:
    """What it is offered is what its own relay session offers."""
    client = await come(OURS)
    assert relay.sessions == 1
    await send(client)
    assert len(relay.connections) == 1


async def test_the_sessions_of_strangers_outlive_the_relays_patience(
    start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have none that could time out, and so nothing to lose."""
    relay.script = {"NOOP": Step(b"421 4.4.2 idle\r\n", then="close")}
    proxy = await start_proxy()
    away(monkeypatch)
    client = await proxy.dial()
    for line in (b"NOOP", b"RSET", b"NOOP"):
        assert (await client.ask(line)).code == 250
