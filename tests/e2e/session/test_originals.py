"""When in doubt, the original goes on (promise 3), and never unsigned what must be signed."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import dkim
import pytest

from config.keys.dkim_keys import dkim_record, new_dkim_key
from proxy.rewrite.planned import Plan
from proxy.signing.signer import Signer, SigningError
from tests.support.log_lines import capture_logs
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import Proxy, StartProxy

HEAD = (
    b"From: a@example.com\r\nTo: reader@example.net\r\nSubject: hello\r\n"
    b"Date: Sat, 28 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"
    b"Content-Type: text/html\r\n"
)
BODY = b'\r\n<a href="https://example.net/">read</a>\r\n'
OWN = b"X-Track-Campaign: launch\r\n"
PEM = new_dkim_key()

Send = Callable[[str], Awaitable[bytes]]


@pytest.fixture
async def send(start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path) -> Send:
    """Return a function that sends a message under a `sign`, and returns the reply to its dot."""
    key_file = tmp_path / "dkim.pem"
    key_file.write_bytes(PEM)
    key_file.chmod(0o600)
    proxies: dict[str, Proxy] = {}
    for each in ("rewritten", "always"):
        key = {"selector": "s1", "key_file": str(key_file)}
        sender = {"domain": "example.com", "sign": each, "dkim": [key]}
        proxies[each] = await start_proxy(sender=[sender])

    async def sent(sign: str) -> bytes:
        client = await proxies[sign].dial()
        await client.transaction()
        return (await client.message(HEAD + OWN + BODY)).wire()

    return sent


def is_signed(content: bytes) -> bool:
    """Return whether dkimpy finds the message's signature good."""
    record = dkim_record(PEM).encode()
    return dkim.verify(content, dnsfunc=lambda *_, **__: record)


def broken(*_args: object, **_kwargs: object) -> None:
    """Fail as a fault of ours does."""
    raise ZeroDivisionError


def cannot_sign(*_args: object) -> bytes:
    """Fail as a key does that has gone."""
    raise SigningError("no")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("proxy.rewrite.senders.plan_message", "plan_failed"), (Plan, "rewrite_failed")],
)
async def test_a_fault_of_ours_sends_the_original(
    fault: object,
    reason: str,
    send: Send,
    relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Less our own headers; signed where all mail of the sender is. The log says what it was."""
    if isinstance(fault, str):
        monkeypatch.setattr(fault, broken)
    else:
        monkeypatch.setattr(fault, "written", broken)
    with capture_logs() as lines:
        assert (await send("rewritten")).startswith(b"250")
    assert relay.messages[-1].data == HEAD + BODY
    (line,) = [line for line in lines if line["event"] == "message_untouched"]
    assert (line["reason"], type(line["exc_info"].__cause__)) == (reason, ZeroDivisionError)
    assert (await send("always")).startswith(b"250")
    assert relay.messages[-1].data.endswith(HEAD + BODY)
    assert is_signed(relay.messages[-1].data)


async def test_what_cannot_even_be_read_goes_on_as_it_came(
    send: Send, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But where some sender's mail must be signed, it is put off: it may be one of those."""
    monkeypatch.setattr("proxy.rewrite.transformer.parse", broken)
    assert (await send("rewritten")).startswith(b"250")
    assert relay.messages[-1].data == HEAD + OWN + BODY
    assert (await send("always")).startswith(b"451 4.3.0")


async def test_what_cannot_be_signed_goes_on_unsigned_or_not_at_all(
    send: Send, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sign = "always"`: later, never unsigned, and never a 5xx."""
    monkeypatch.setattr(Signer, "signature", cannot_sign)
    assert (await send("rewritten")).startswith(b"250")
    assert relay.messages[-1].data == HEAD + BODY
    with capture_logs() as lines:
        assert (await send("always")).startswith(b"451 4.3.0")
    assert "delivery_failed" in [line["event"] for line in lines]
    monkeypatch.undo()
    assert (await send("always")).startswith(b"250")
    assert is_signed(relay.messages[-1].data)
