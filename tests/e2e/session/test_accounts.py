"""Who may send as a [[sender]]: logins, this machine, networks; and what becomes of others' mail."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import dkim
import pytest

from config.keys.dkim_keys import dkim_record, new_dkim_key
from proxy.rewrite.eligibility import originator_of
from tests.support.clients.smtp_client import Dialogue
from tests.support.identity_fixtures import LOOPBACK, away
from tests.support.mail import html_message, link
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy

PEM = new_dkim_key()
OWN = "X-Track-Campaign: launch"
MESSAGE = html_message(link("https://example.net/"), OWN)
PLAIN = html_message(link("https://example.net/"))
ALICE, MALLORY = b64encode(b"\0alice\0pw"), b64encode(b"\0mallory\0pw")
DIGEST = b64encode(b'username="alice",realm="",nonce="x",response=0')
REFUSAL = b"550 5.7.1 You may not send as the domain in From\r\n"

Start = Callable[..., Awaitable[Proxy]]


@pytest.fixture
def start(start_proxy: StartProxy, tmp_path: Path, relay_with_auth: ScriptedRelay) -> Start:
    """Return a function that starts a proxy for example.com; arguments are keys of its [[sender]]."""
    key_file = tmp_path / "dkim.pem"
    key_file.write_bytes(PEM)
    key_file.chmod(0o600)

    async def started(proxy: dict[str, Any] | None = None, **sender: Any) -> Proxy:
        key = {"selector": "s1", "key_file": str(key_file)}
        tables = {"sender": [{"domain": "example.com", "dkim": [key], **sender}]}
        return await start_proxy(proxy=proxy or {}, **tables)

    return started


async def sent(client: Dialogue, content: bytes = MESSAGE) -> bytes:
    """Send one message; return the reply to its dot."""
    await client.transaction()
    return (await client.message(content)).wire()


def is_signed(content: bytes) -> bool:
    """Return whether dkimpy finds the message's signature good."""
    record = dkim_record(PEM).encode()
    return dkim.verify(content, dnsfunc=lambda *_, **__: record)


def is_tracked(content: bytes) -> bool:
    """Return whether its link leads to the tracker."""
    return b"http://127.0.0.1:8080/c/" in content


@pytest.mark.parametrize(
    ("accounts", "commands", "may"),
    [
        (["alice"], [b"AUTH PLAIN " + ALICE], True),
        (["bob", "alice"], [b"AUTH LOGIN " + b64encode(b"alice"), b64encode(b"pw")], True),
        (["alice"], [b"AUTH PLAIN " + MALLORY], False),
        (["Alice"], [b"AUTH PLAIN " + ALICE], False),
        (["alice"], [], False),
        (["loopback"], [], True),
        (["loopback"], [b"AUTH PLAIN " + ALICE], False),
        (["alice", "loopback"], [b"AUTH PLAIN " + ALICE], True),
        (["127.0.0.0/8"], [], True),
        (["192.0.2.0/24"], [], False),
        (["127.0.0.1"], [b"AUTH PLAIN " + MALLORY], False),
        (["loopback"], [b"AUTH PLAIN " + b64encode(b"\0loopback\0pw")], False),
        (["alice"], [b"AUTH DIGEST-MD5 " + DIGEST], False),
        (["alice", "loopback"], [b"AUTH DIGEST-MD5 " + DIGEST], False),
        (["alice"], [b"AUTH PLAIN " + ALICE, MALLORY], False),
        (["alice"], [b"AUTH PLAIN " + ALICE[:-2] + b"-="], False),
    ],
)
async def test_mail_of_others_passes_unsigned_and_untracked(
    accounts: list[str], commands: list[bytes], may: int, start: Start, relay: ScriptedRelay
) -> None:
    """By the login where there is one, whatever it is called; else by the address."""
    relay.extensions = (*relay.extensions[:-1], "AUTH PLAIN LOGIN DIGEST-MD5")
    prompts = [Step(b"334 UGFzc3dvcmQ6\r\n")] * (len(commands) - 1)
    relay.script = {"AUTH": [*prompts, Step(b"235 2.7.0 ok\r\n")]}
    client = await (await start(accounts=accounts)).dial()
    for command in commands:
        assert (await client.ask(command)).code in (334, 235)
    assert (await sent(client)).startswith(b"250")
    (message,) = relay.messages
    assert (is_signed(message.data), is_tracked(message.data)) == (may, may)
    assert message.data == PLAIN or may


async def test_why_mail_passed_is_told(
    start: Start, logged: list[MutableMapping[str, Any]]
) -> None:
    """With a reason of its own."""
    client = await (await start(accounts=["alice"])).dial()
    await sent(client)
    assert ("message_left", "not_its_account") in [
        (line["event"], line.get("reason")) for line in logged
    ]


async def test_others_are_refused_where_everything_is_signed(
    start: Start, relay: ScriptedRelay, logged: list[MutableMapping[str, Any]]
) -> None:
    """For good, at the dot; the relay never sees the message, and the session goes on."""
    client = await (await start(accounts=["alice"], sign="always")).dial()
    assert await sent(client) == REFUSAL
    other = html_message(link("https://example.net/"), head="From: a@example.org\r\n")
    assert (await sent(client, other)).startswith(b"250")
    assert [message.data for message in relay.messages] == [other]
    (refused,) = [line for line in logged if line["event"] == "message_refused"]
    assert (refused["reason"], refused["recipients"]) == ("not_its_account", 1)
    assert refused["reply"] == REFUSAL.decode().strip()


@pytest.mark.parametrize(
    "content",
    [
        html_message("<p>no link</p>"),
        html_message(link("https://example.net/"), "X-Track-Links: off"),
        b"From: a@example.com\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x--\r\n",
        html_message(link("https://example.net/") + "<p>text</p>\r\n" * 40_000),
    ],
    ids=["no link", "tracking off", "report", "large"],
)
async def test_nothing_of_others_is_signed_whatever_it_is(
    content: bytes, start: Start, relay: ScriptedRelay
) -> None:
    """Of those who may, each of these is signed."""
    proxy = await start(accounts=["alice"], sign="always")
    assert await sent(await proxy.dial(), content) == REFUSAL
    client = await proxy.dial()
    await client.ask(b"AUTH PLAIN " + ALICE)
    assert (await sent(client, content)).startswith(b"250")
    (message,) = relay.messages
    assert is_signed(message.data)


async def test_a_bounce_of_others_is_not_signed_either(start: Start, relay: ScriptedRelay) -> None:
    """The null sender is a reason to track nothing, and none to sign."""
    client = await (await start(accounts=["alice"], sign="always")).dial()
    await client.transaction(mail=b"<>")
    assert (await client.message(MESSAGE)).wire() == REFUSAL
    assert relay.messages == []


async def test_a_fault_of_ours_signs_nothing_of_others(
    start: Start, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The original that goes on instead is as little theirs to have signed."""
    monkeypatch.setattr("proxy.rewrite.transformer.Transformer._rendering", lambda *_: 1 / 0)
    client = await (await start(accounts=["alice"])).dial()
    assert (await sent(client)).startswith(b"250")
    monkeypatch.undo()
    monkeypatch.setattr("proxy.rewrite.senders.originator_of", raising_once())
    client = await (await start(accounts=["alice"], sign="always")).dial()
    assert await sent(client) == REFUSAL
    assert not any(is_signed(message.data) for message in relay.messages)


def raising_once() -> Callable[..., Any]:
    """Return `originator_of` as it is, but for the first call, which fails."""
    calls: list[object] = []

    def called(message: Any) -> Any:
        calls.append(message)
        return originator_of(message) if len(calls) > 1 else 1 / 0

    return called


async def test_several_recipients_are_refused_together(start: Start, relay: ScriptedRelay) -> None:
    """`copies = "per-recipient"` makes no difference."""
    proxy = await start({"copies": "per-recipient"}, accounts=["alice"], sign="always")
    client = await proxy.dial()
    for _ in range(2):
        await client.transaction(b"<a@example.net>", b"<b@example.net>")
        assert (await client.message(MESSAGE)).wire() == REFUSAL
    assert relay.messages == []


@pytest.mark.parametrize(
    ("accounts", "command", "may"),
    [
        (["alice"], b"XCLIENT ADDR=203.0.113.9 LOGIN=alice", True),
        (["alice"], b"XCLIENT ADDR=127.0.0.1 LOGIN=mallory", False),
        (["loopback"], b"XCLIENT ADDR=127.0.0.1 LOGIN=mallory", False),
        (["loopback"], b"XCLIENT ADDR=127.0.0.1", True),
        (["192.0.2.0/24"], b"XCLIENT ADDR=192.0.2.7", True),
        (["192.0.2.7"], b"XCLIENT ADDR=192.0.2.8", False),
        (["203.0.113.0/24"], b"XFORWARD ADDR=203.0.113.9 SOURCE=LOCAL", True),
        (["loopback"], b"XFORWARD ADDR=203.0.113.9 SOURCE=LOCAL", False),
    ],
)
async def test_a_front_server_tells_who_it_is(
    accounts: list[str], command: bytes, may: int, start: Start, relay: ScriptedRelay
) -> None:
    """XCLIENT LOGIN counts as the login, and the address that is told as the address."""
    networks = {"xclient_networks": LOOPBACK, "trusted_networks": ["192.0.2.0/24"]}
    client = await (await start(networks, accounts=accounts)).dial()
    assert (await client.ask(command)).positive
    await client.ask(b"EHLO client.test")
    assert (await sent(client)).startswith(b"250")
    (message,) = relay.messages
    assert (is_signed(message.data), is_tracked(message.data)) == (may, may)


async def test_a_login_of_the_front_server_is_not_its_clients(
    start: Start, relay: ScriptedRelay
) -> None:
    """Which may be the world's."""
    networks = {"xclient_networks": LOOPBACK}
    client = await (await start(networks, accounts=["alice"])).dial()
    assert (await client.ask(b"AUTH PLAIN " + ALICE)).code == 235
    assert (await client.ask(b"XFORWARD ADDR=127.0.0.1 SOURCE=LOCAL")).code == 250
    assert (await sent(client)).startswith(b"250")
    assert not is_signed(relay.messages[0].data)


async def test_who_is_not_trusted_is_not_by_being_listed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`accounts` binds trust, and lends none."""
    proxy = await start(accounts=["203.0.113.0/24"])
    away(monkeypatch)
    client = await proxy.dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 530


async def test_this_machine_may_have_to_log_in_like_all(start: Start, relay: ScriptedRelay) -> None:
    """`trust_loopback = false`: no mail without a login, and tracked and signed with one."""
    client = await (await start({"trust_loopback": False})).dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).wire().startswith(b"530 5.7.0")
    assert (await client.ask(b"AUTH PLAIN " + ALICE)).code == 235
    assert (await sent(client)).startswith(b"250")
    assert is_signed(relay.messages[0].data)


async def test_part_of_this_machine_may_be_trusted_by_address(
    start: Start, relay: ScriptedRelay
) -> None:
    """Without the loopback, `trusted_networks` alone says who."""
    proxy = await start({"trust_loopback": False, "trusted_networks": ["127.0.0.1"]})
    assert (await sent(await proxy.dial())).startswith(b"250")
    assert is_signed(relay.messages[0].data)


@pytest.mark.parametrize(
    ("command", "may"),
    [(b"XFORWARD ADDR=127.0.0.1", False), (b"XFORWARD ADDR=127.0.0.1 SOURCE=LOCAL", True)],
)
async def test_the_loopback_of_a_front_server_is_not_trusted_either(
    command: bytes, may: int, start: Start, relay: ScriptedRelay
) -> None:
    """Unless the front server says that the client is a user of its own."""
    client = await (await start({"trust_loopback": False, "xclient_networks": LOOPBACK})).dial()
    assert (await client.ask(command)).code == 250
    assert (await sent(client)).startswith(b"250")
    assert is_signed(relay.messages[0].data) == may
