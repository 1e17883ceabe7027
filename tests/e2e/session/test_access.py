"""Who may do what: AUTH, TLS, XCLIENT, the PROXY protocol, and whose mail is trusted."""

import asyncio
import ssl
import struct
from pathlib import Path

import pytest
import trustme

from config.addresses import parse_ip
from proxy.session.session import Session
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy

MECHANISMS = "AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS GSSAPI EXTERNAL"
MESSAGE = b"From: a@example.com\r\n\r\nbody\r\n"
LOOPBACK = ["127.0.0.0/8"]


def away(monkeypatch: pytest.MonkeyPatch, address: str = "203.0.113.9") -> None:
    """Make every client of the proxy appear to come from `address`."""
    monkeypatch.setattr("proxy.server.parse_ip", lambda _host: parse_ip(address))


@pytest.fixture
def relay_with_auth(relay: ScriptedRelay) -> ScriptedRelay:
    """Let the relay offer logins."""
    relay.extensions = (*EXTENSIONS, MECHANISMS)
    return relay


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """Give an authority whose certificate for the proxy stands in tmp_path."""
    authority = trustme.CA()
    issued = authority.issue_cert("proxy.test", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "proxy.pem"))
    return authority


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """Give the TLS context of a client that trusts `authority` alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def start_tls(client: Dialogue, authority: trustme.CA) -> None:
    """Encrypt a session from here on."""
    assert (await client.ask(b"STARTTLS")).code == 220
    await client.writer.start_tls(client_context(authority), server_hostname="proxy.test")


# AUTH


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
    assert (await client.reply(within_s=3)).wire().startswith(b"421 4.4.1")
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
    assert (await client.reply(within_s=3)).code == 421
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


# TLS


async def test_starttls_begins_anew(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay, authority: trustme.CA, tmp_path: Path
) -> None:
    """RFC 3207 §4.2: EHLO is due again, offers AUTH now and STARTTLS no more."""
    proxy = await start_proxy(proxy={"tls_cert": str(tmp_path / "proxy.pem")})
    client = await proxy.dial(greet=False)
    await client.reply()
    assert b"STARTTLS" in (await client.ask(b"EHLO client.test")).lines
    await start_tls(client, authority)
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 503
    lines = (await client.ask(b"EHLO client.test")).lines
    assert b"STARTTLS" not in lines
    assert (await client.ask(b"STARTTLS")).code == 503
    await client.transaction()
    assert (await client.message(b"Subject: x\r\n\r\n")).code == 250


async def test_what_was_sent_before_the_handshake_is_never_read(
    start_proxy: StartProxy, relay: ScriptedRelay, authority: trustme.CA, tmp_path: Path
) -> None:
    """Commands injected behind STARTTLS in the open vanish."""
    proxy = await start_proxy(proxy={"tls_cert": str(tmp_path / "proxy.pem")})
    client = await proxy.dial()
    client.send(b"STARTTLS\r\nEHLO injected.test\r\nMAIL FROM:<injected@example.com>\r\n")
    assert (await client.reply()).code == 220
    await client.writer.start_tls(client_context(authority), server_hostname="proxy.test")
    assert (await client.ask(b"HELP")).code == 214
    assert not any(b"injected" in line for line in relay.commands)


async def test_tls_from_the_first_octet(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path, relay: ScriptedRelay
) -> None:
    """`listen_tls`: the greeting itself is encrypted."""
    tables = {"listen": [], "listen_tls": ["127.0.0.1:0"], "tls_cert": str(tmp_path / "proxy.pem")}
    proxy = await start_proxy(proxy=tables)
    client = await Dialogue.connect(proxy.port, context=client_context(authority))
    proxy.clients.append(client)
    assert (await client.reply()).code == 220
    assert b"STARTTLS" not in (await client.ask(b"EHLO client.test")).wire()
    await client.transaction()
    assert (await client.message(b"Subject: x\r\n\r\n")).code == 250


async def test_a_failed_handshake_ends_only_its_session(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    """Noise instead of a handshake is nobody else's trouble."""
    proxy = await start_proxy(proxy={"tls_cert": str(tmp_path / "proxy.pem")})
    client = await proxy.dial()
    assert (await client.ask(b"STARTTLS")).code == 220
    client.send(b"this is no handshake\r\n" * 10)
    await client.reader.read()
    assert (await (await proxy.dial()).ask(b"NOOP")).code == 250


# Front servers and trust


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note for each message whether it was trusted."""
    seen: list[bool] = []
    plain = Session._message

    async def noting(self, transaction, lease):
        seen.append(self._identity.trusted)
        return await plain(self, transaction, lease)

    monkeypatch.setattr(Session, "_message", noting)
    return seen


async def send(client: Dialogue) -> None:
    """Send one message."""
    await client.transaction()
    assert (await client.message(b"Subject: x\r\n\r\n")).code == 250


async def test_loopback_is_trusted(proxy: Proxy, trust: list[bool]) -> None:
    """The application on this machine needs no login."""
    await send(await proxy.dial())
    assert trust == [True]


async def test_a_stranger_must_log_in(
    proxy: Proxy,
    relay_with_auth: ScriptedRelay,
    trust: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never an open relay: 530 at MAIL, until the relay has accepted a login."""
    away(monkeypatch)
    client = await proxy.dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).wire().startswith(b"530 5.7.0")
    client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
    assert [(await client.reply()).code for _ in range(3)] == [530, 503, 503]
    assert len(relay_with_auth.commands) == 1


async def test_an_allowed_network_is_trusted(
    start_proxy: StartProxy, trust: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`trusted_networks` need no login."""
    proxy = await start_proxy(proxy={"trusted_networks": ["203.0.113.0/24"]})
    away(monkeypatch)
    await send(await proxy.dial())
    assert trust == [True]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (b"ADDR=203.0.113.9 NAME=forger.test", False),
        (b"ADDR=IPV6:2001:db8::1", False),
        (b"ADDR=[UNAVAILABLE]", False),
        (b"ADDR=203.0.113.9 LOGIN=alice", True),
        (b"ADDR=203.0.113.9 LOGIN=[UNAVAILABLE]", False),
        (b"ADDR=127.0.0.1", True),
        (b"ADDR=192.0.2.7", True),
    ],
)
async def test_trust_is_judged_by_the_real_client(
    attributes: bytes, expected: int, start_proxy: StartProxy, trust: list[bool]
) -> None:
    """After XCLIENT it is no longer the front server's address that counts."""
    proxy = await start_proxy(
        proxy={"xclient_networks": LOOPBACK, "trusted_networks": ["192.0.2.0/24"]}
    )
    client = await proxy.dial()
    assert (await client.ask(b"XCLIENT " + attributes)).code == 220
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 503
    await client.ask(b"EHLO client.test")
    await send(client)
    assert trust == [expected]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([b"ADDR=203.0.113.9 SOURCE=LOCAL"], True),
        ([b"ADDR=203.0.113.9 SOURCE=REMOTE"], False),
        ([b"ADDR=203.0.113.9"], False),
        ([b"NAME=forger.test ADDR=203.0.113.9", b"PROTO=ESMTP SOURCE=LOCAL"], True),
        ([b"SOURCE=LOCAL", b"SOURCE=REMOTE"], False),
        ([b"ADDR=203.0.113.9 SOURCE=LOCAL", b"ADDR=203.0.113.10"], False),
        ([b"NAME=forger.test"], False),
        ([b"SOURCE=REMOTE"], False),
        ([b"ADDR=[UNAVAILABLE] SOURCE=REMOTE"], False),
        ([b"ADDR=127.0.0.1 SOURCE=REMOTE"], True),
        ([b"ADDR=192.0.2.7 SOURCE=REMOTE"], True),
    ],
)
async def test_trust_is_judged_by_whom_a_front_server_passes_on(
    told: list[bytes], expected: int, start_proxy: StartProxy, trust: list[bool]
) -> None:
    """XFORWARD leaves nothing of the front server's own trust; mail passes all the same."""
    proxy = await start_proxy(
        proxy={"xclient_networks": LOOPBACK, "trusted_networks": ["192.0.2.0/24"]}
    )
    client = await proxy.dial()
    for attributes in told:
        assert (await client.ask(b"XFORWARD " + attributes)).code == 250
    await send(client)
    assert trust == [expected]


async def test_a_login_is_of_one_client_only(start_proxy: StartProxy, trust: list[bool]) -> None:
    """What a front server said of one client does not count for the next on its connection."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    for attributes in (b"ADDR=203.0.113.9 LOGIN=alice", b"ADDR=203.0.113.10 NAME=forger.test"):
        assert (await client.ask(b"XCLIENT " + attributes)).code == 220
        await client.ask(b"EHLO client.test")
        await send(client)
    assert trust == [True, False]


async def test_the_login_of_a_client_is_not_of_whom_it_passes_on(
    start_proxy: StartProxy, trust: list[bool]
) -> None:
    """XCLIENT told who is connected; XFORWARD tells whose mail it is."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    assert (await client.ask(b"XCLIENT ADDR=127.0.0.2 LOGIN=alice")).code == 220
    await client.ask(b"EHLO client.test")
    assert (await client.ask(b"XFORWARD ADDR=203.0.113.9 SOURCE=REMOTE")).code == 250
    await send(client)
    assert trust == [False]


async def test_a_login_before_xclient_is_nobodys_after_it(
    start_proxy: StartProxy, relay_with_auth: ScriptedRelay
) -> None:
    """The relay session cannot be logged out: there is no other client on it."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    assert (await client.ask(b"XCLIENT ADDR=203.0.113.9")).code == 503


@pytest.mark.parametrize(("source", "expected"), [(b"REMOTE", False), (b"LOCAL", True)])
async def test_the_login_of_a_front_server_is_not_its_clients(
    source: bytes,
    expected: int,
    start_proxy: StartProxy,
    trust: list[bool],
    relay_with_auth: ScriptedRelay,
) -> None:
    """It may have to log in for the world's mail too, which is not signed for that."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    assert (await client.ask(b"XFORWARD ADDR=203.0.113.9 SOURCE=" + source)).code == 250
    await send(client)
    assert trust == [expected]


async def test_nobody_else_is_passed_on_amid_a_transaction(start_proxy: StartProxy) -> None:
    """Whose mail it is was settled before MAIL."""
    proxy = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await proxy.dial()
    await client.transaction()
    assert (await client.ask(b"XFORWARD SOURCE=LOCAL")).code == 503


async def test_xclient_and_xforward_are_for_front_servers_only(
    start_proxy: StartProxy, proxy: Proxy
) -> None:
    """Not offered to others, and refused."""
    client = await proxy.dial(greet=False)
    await client.reply()
    assert b"XCLIENT" not in (await client.ask(b"EHLO client.test")).wire()
    assert (await client.ask(b"XCLIENT ADDR=127.0.0.1")).code == 550
    assert (await client.ask(b"XFORWARD ADDR=127.0.0.1")).code == 550
    front = await start_proxy(proxy={"xclient_networks": LOOPBACK})
    client = await front.dial(greet=False)
    await client.reply()
    assert b"XFORWARD NAME" in (await client.ask(b"EHLO client.test")).wire()
    assert (await client.ask(b"XFORWARD NAME=spike.example ADDR=203.0.113.9")).code == 250
    for wrong in (b"XCLIENT", b"XCLIENT ADDR", b"XCLIENT ADDR=nonsense", b"XCLIENT FOO=1"):
        assert (await client.ask(wrong)).code == 501


V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command: int, family: int, address: bytes) -> bytes:
    """Give a PROXY header of version 2."""
    return V2 + struct.pack("!BBH", 0x20 | command, family, len(address)) + address


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n", True),
        (b"PROXY TCP6 ::1 ::1 4711 25\r\n", True),
        (v2(1, 0x11, bytes((192, 0, 2, 7, 192, 0, 2, 1, 1, 1, 0, 25))), True),
        (v2(0, 0x00, b""), True),
    ],
)
async def test_a_proxy_header_tells_the_client(
    header: bytes, expected: int, start_proxy: StartProxy, trust: list[bool]
) -> None:
    """Both versions; a health check of the load balancer speaks for itself."""
    proxy = await start_proxy(
        proxy={"proxy_protocol_networks": LOOPBACK, "trusted_networks": ["192.0.2.0/24"]}
    )
    client = await proxy.dial(greet=False)
    client.send(header)
    assert (await client.reply()).code == 220
    await client.ask(b"EHLO client.test")
    await send(client)
    assert trust == [expected]


@pytest.mark.parametrize(
    "header", [b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\r\n", b"PROXY UNKNOWN\r\n"]
)
async def test_a_stranger_behind_a_load_balancer_must_log_in(
    header: bytes, start_proxy: StartProxy
) -> None:
    """The load balancer's own address lends no trust."""
    proxy = await start_proxy(proxy={"proxy_protocol_networks": LOOPBACK})
    client = await proxy.dial(greet=False)
    client.send(header)
    await client.reply()
    await client.ask(b"EHLO client.test")
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 530


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client.test\r\n",
        b"PROXY TCP4 nonsense\r\n",
        b"PROXY " + b"x" * 5000,
        V2 + b"\xff" * 4,
    ],
)
async def test_without_a_proper_proxy_header_nobody_is_served(
    header: bytes, start_proxy: StartProxy
) -> None:
    """Whoever could leave it out could be anyone."""
    proxy = await start_proxy(proxy={"proxy_protocol_networks": LOOPBACK})
    client = await proxy.dial(greet=False)
    client.send(header)
    assert await client.at_end()


async def test_tls_may_follow_a_proxy_header_at_once(
    start_proxy: StartProxy, authority: trustme.CA, tmp_path: Path
) -> None:
    """Header and handshake may come in one segment."""
    proxy = await start_proxy(
        proxy={
            "listen": [],
            "listen_tls": ["127.0.0.1:0"],
            "tls_cert": str(tmp_path / "proxy.pem"),
            "proxy_protocol_networks": LOOPBACK,
        }
    )
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context(authority).wrap_bio(incoming, outgoing, server_hostname="proxy.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    client = await proxy.dial(greet=False)
    client.send(b"PROXY TCP4 127.0.0.1 127.0.0.1 4711 465\r\n" + outgoing.read())
    greeting = b""
    while not greeting:
        incoming.write(await client.reader.read(65536))
        try:
            tls.do_handshake()
            client.send(outgoing.read())
            greeting = tls.read()
        except ssl.SSLWantReadError:
            client.send(outgoing.read())
    assert greeting.startswith(b"220 ")
