"""Passwords that are tried at the relay through us: how often, and what the log says of it."""

import asyncio
import time
from base64 import b64encode
from collections.abc import MutableMapping
from typing import Any

import pytest
import trustme

from config.telemetry.observe import REGISTRY
from config.throttle import WINDOW_S
from tests.support.clients.smtp_client import Dialogue
from tests.support.identity_fixtures import LOOPBACK, start_tls
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy
from tests.support.waiting_in_loop import until

WRONG = Step(b"535 5.7.8 wrong\r\n")
SECRET = b"hunter2"
GUESS = b"AUTH PLAIN " + b64encode(b"\0alice\0" + SECRET)
PASSWORD_WANTED = Step(b"334 UGFzc3dvcmQ6\r\n")
STEPS = [b"MAIL FROM:<a@example.com>", b"EHLO client.test", b"NOOP", b"RSET", GUESS]


@pytest.fixture
def relay(relay_with_auth: ScriptedRelay) -> ScriptedRelay:
    """Have the relay refuse every login."""
    relay_with_auth.script = {"AUTH": WRONG}
    return relay_with_auth


def guesses(relay: ScriptedRelay) -> int:
    """Count the logins that the relay was asked about."""
    return sum(line.startswith(b"AUTH") for line in relay.commands)


def metric(name: str, **labels: str) -> float:
    """Return the value of a counter."""
    return REGISTRY.get_sample_value(f"waypost_{name}_total", labels) or 0.0


async def dial_as(proxy: Proxy, address: str, authority: trustme.CA) -> Dialogue:
    """Connect as the client of a load balancer, up to EHLO over TLS."""
    client = await proxy.dial(greet=False)
    family = b"TCP6" if ":" in address else b"TCP4"
    client.send(b"PROXY %s %s %s 4711 25\r\n" % (family, address.encode(), address.encode()))
    await client.reply()
    await client.ask(b"EHLO client.test")
    await start_tls(client, authority)
    await client.ask(b"EHLO client.test")
    return client


@pytest.mark.parametrize("command", STEPS)
async def test_three_failed_logins_end_a_session(
    command: bytes, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """The relay's word each time, and then ours to whatever comes."""
    client = await proxy.dial()
    answers = [(await client.ask(GUESS)).wire() for _ in range(3)]
    assert answers == [WRONG.reply] * 3
    assert (await client.ask(command)).wire().startswith(b"421 4.7.0")
    assert await client.at_end()
    assert guesses(relay) == 3


async def test_who_says_quit_after_three_is_not_told_421(proxy: Proxy) -> None:
    """Programs try one password with several mechanisms, and report the 535."""
    client = await proxy.dial()
    for _ in range(3):
        await client.ask(GUESS)
    assert (await client.ask(b"QUIT")).code == 221


async def test_who_says_nothing_after_three_is_told_421(proxy: Proxy) -> None:
    """Within a second or two, not after the five minutes that others have."""
    client = await proxy.dial()
    for _ in range(3):
        await client.ask(GUESS)
    assert (await client.reply()).wire().startswith(b"421 4.7.0")
    assert await client.at_end()


@pytest.mark.parametrize(
    "third",
    [Step(WRONG.reply, then="close"), Step(b"421 4.7.0 go\r\n", then="close"), Step(then="reset")],
)
async def test_a_relay_that_hangs_up_gets_no_further_tries(
    third: Step, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """A fresh relay session for each three guesses would undo what the relay does against them."""
    relay.script = {"AUTH": [WRONG, WRONG, third, WRONG, WRONG, third, WRONG]}
    client = await proxy.dial()
    heard = []
    while not heard or heard[-1] != 421:
        heard.append((await client.ask(GUESS)).code)
        assert len(heard) < 10
    assert guesses(relay) == 3


async def test_ten_failed_logins_a_minute_are_what_an_address_has(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """Over all of its sessions, one after the other."""
    heard = []
    for _ in range(5):
        client = await proxy.dial()
        heard += [(await client.ask(GUESS)).code for _ in range(2)]
    assert heard == [535] * 10
    client = await proxy.dial()
    assert (await client.ask(GUESS)).wire().startswith(b"421 4.7.0")
    assert await client.at_end()
    assert guesses(relay) == 10


async def test_sessions_at_the_same_time_have_ten_together(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """Thirty guesses that are all on their way before the first is refused."""
    relay.script = {"AUTH": Step(WRONG.reply, delay_s=0.2)}
    clients = await asyncio.gather(*(proxy.dial() for _ in range(30)))
    answers = await asyncio.gather(*(client.ask(GUESS) for client in clients))
    assert sorted(answer.code for answer in answers) == [421] * 20 + [535] * 10
    assert guesses(relay) == 10


async def test_an_exchange_begun_in_time_is_not_one_more_guess(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """The password of the eleventh never reaches the relay, whose exchange is cancelled."""
    relay.script = {"AUTH": PASSWORD_WANTED, "RESPONSE": WRONG}
    clients = [await proxy.dial() for _ in range(11)]
    for client in clients:
        assert (await client.ask(b"AUTH LOGIN " + b64encode(b"alice"))).code == 334
    answers = [(await client.ask(b64encode(SECRET))).code for client in clients]
    assert answers == [535] * 10 + [421]
    await until(lambda: relay.connections[-1][-2:] == [b"*", b"QUIT"])


async def test_good_logins_at_the_same_time_are_all_served(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """An application opens as many sessions as it likes; some wait for a moment."""
    relay.script = {"AUTH": Step(b"235 2.7.0 welcome\r\n", delay_s=0.1)}
    clients = await asyncio.gather(*(proxy.dial() for _ in range(30)))
    answers = await asyncio.gather(*(client.ask(GUESS) for client in clients))
    assert [answer.code for answer in answers] == [235] * 30


async def test_a_good_login_takes_no_failure_back(proxy: Proxy, relay: ScriptedRelay) -> None:
    """Else somebody with an account of their own would try others' passwords without end."""
    relay.script = {"AUTH": [*([WRONG] * 5), Step(b"235 2.7.0 welcome\r\n"), WRONG]}
    for _ in range(11):
        client = await proxy.dial()
        await client.ask(GUESS)
    assert (await (await proxy.dial()).ask(GUESS)).code == 421
    assert guesses(relay) == 11


async def test_after_a_minute_there_may_be_more(
    proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has mistyped is not shut out for good."""
    clients = [await proxy.dial() for _ in range(12)]
    for client in clients[:10]:
        await client.ask(GUESS)
    assert (await clients[10].ask(GUESS)).code == 421
    throttle = proxy.server.services.login_limits._throttle
    monkeypatch.setattr(throttle, "_now_s", lambda: time.monotonic() + WINDOW_S)
    relay.script = {}
    assert (await clients[11].ask(GUESS)).code == 235


async def test_addresses_are_counted_by_themselves_and_ipv6_by_its_64(
    start_proxy: StartProxy, relay: ScriptedRelay, authority: trustme.CA
) -> None:
    """Whoever has one IPv6 address has billions beside it."""
    proxy = await start_proxy(
        proxy={
            "proxy_protocol_networks": LOOPBACK,
            "tls_cert": "../proxy.pem",
        }
    )

    async def guess(address: str) -> int:
        client = await dial_as(proxy, address, authority)
        code = (await client.ask(GUESS)).code
        await client.close()
        return code

    assert [await guess(f"2001:db8:0:1::{n:x}") for n in range(11)] == [535] * 10 + [421]
    assert await guess("2001:db8:0:2::1") == 535
    assert [await guess("203.0.113.9") for _ in range(11)] == [535] * 10 + [421]
    assert await guess("203.0.113.10") == 535


@pytest.mark.parametrize("reply", [b"454 4.7.0 later\r\n", b"334 \r\n"])
async def test_what_is_no_verdict_on_a_password_does_not_count(
    reply: bytes, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """A relay whose accounts are out of reach, or a client that thinks better of it."""
    relay.script = {"AUTH": Step(reply)}
    client = await proxy.dial()
    for _ in range(12):
        heard = await client.ask(b"AUTH PLAIN" if reply.startswith(b"334") else GUESS)
        if heard.code == 334:
            heard = await client.ask(b"*")
        assert heard.code in (454, 501)
    assert (await client.ask(b"NOOP")).code == 250


async def test_another_client_of_a_front_server_starts_anew(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """What one failed at is not held against the next on the same connection."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    for _ in range(2):
        assert (await client.ask(GUESS)).code == 535
    assert (await client.ask(b"XCLIENT ADDR=127.0.0.7")).code == 220
    await client.ask(b"EHLO client.test")
    assert [(await client.ask(GUESS)).code for _ in range(3)] == [535] * 3


async def test_a_failed_login_is_told_with_address_and_account(
    proxy: Proxy, logged: list[MutableMapping[str, Any]]
) -> None:
    """And counted; the password is nowhere."""
    before = metric("logins_failed"), metric("logins_refused", limit="session")
    client = await proxy.dial()
    for _ in range(3):
        await client.ask(GUESS)
    failed = [line for line in logged if line["event"] == "login_failed"]
    assert (
        failed
        == [
            {
                "event": "login_failed",
                "log_level": "warning",
                "client": "127.0.0.1",
                "account": "alice",
                "reply": "535 5.7.8 wrong",
            }
        ]
        * 3
    )
    assert {"event": "login_refused", "log_level": "warning"}.items() <= logged[-1].items()
    assert (logged[-1]["client"], logged[-1]["limit"]) == ("127.0.0.1", "session")
    assert SECRET.decode() not in str(logged)
    assert b64encode(SECRET).decode() not in str(logged)
    after = metric("logins_failed"), metric("logins_refused", limit="session")
    assert after == (before[0] + 3, before[1] + 1)


async def test_what_is_kept_of_readers_says_nothing_about_logins(
    start_proxy: StartProxy, relay: ScriptedRelay, logged: list[MutableMapping[str, Any]]
) -> None:
    """Whose password is tried, and from where, is what an operator has to know."""
    proxy = await start_proxy(privacy={"ip": "none"})
    client = await proxy.dial()
    await client.ask(GUESS)
    (line,) = [line for line in logged if line["event"] == "login_failed"]
    assert (line["client"], line["account"]) == ("127.0.0.1", "alice")


async def test_a_name_that_was_made_up_cannot_forge_a_line(
    proxy: Proxy, logged: list[MutableMapping[str, Any]]
) -> None:
    """No control characters, and no more of it than fits."""
    name = "x\x1b[2J\x85\u2028" + "y" * 5000
    client = await proxy.dial()
    await client.ask(b"AUTH PLAIN " + b64encode(b"\0" + name.encode() + b"\0pw"))
    (line,) = [line for line in logged if line["event"] == "login_failed"]
    assert line["account"].startswith("x\\x1b[2J\\x85\\u2028yyy")
    assert len(line["account"]) < 200
