"""What an operator finds in the log of a session: whose, which message, and every refusal."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest

from tests.support.clients.smtp_client import Dialogue
from tests.support.log_lines import capture_logs
from tests.support.mail import html_message, link
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy
from tests.support.waiting_in_loop import until

HEAD = "From: Shop <shop@example.com>\r\nMessage-ID: <order-7@example.com>\r\nX-Track-Campaign: May\r\n"
MESSAGE = html_message(link("https://example.net/"), head=HEAD)
Lines = list[MutableMapping[str, Any]]


@pytest.fixture
def told() -> Iterator[Lines]:
    """Yield the lines of the log, with what they say of session and message."""
    with capture_logs(of_task=True) as lines:
        yield lines


def only(lines: Lines, event: str) -> MutableMapping[str, Any]:
    """Return the one line of this event."""
    (line,) = [line for line in lines if line["event"] == event]
    return line


async def send(client: Dialogue) -> None:
    """Hand a message in."""
    await client.ask(b"MAIL FROM:<shop@example.com>")
    await client.ask(b"RCPT TO:<b@example.net>")
    assert (await client.message(MESSAGE)).code == 250


async def test_a_delivered_message_can_be_found_again(
    proxy: Proxy, relay: ScriptedRelay, told: Lines
) -> None:
    """By its client, recipients and Message-ID, here and in the queue of the relay."""
    relay.script["DOT"] = Step(b"250 2.0.0 Ok: queued as 4XyZ12\r\n")
    await send(await proxy.dial())
    line = only(told, "message_delivered")
    assert line["client"] == "127.0.0.1"
    assert (line["account"], line["sender"]) == (None, "shop@example.com")
    assert (line["recipients"], line["to"]) == (1, ["b@example.net"])
    assert (line["message_id"], line["campaign"]) == ("<order-7@example.com>", "May")
    assert (line["relay"], line["queue_id"]) == (f"127.0.0.1:{relay.port}", "4XyZ12")


@pytest.mark.parametrize(("allowed", "shown"), [("domain", ["@example.net"]), ("none", None)])
async def test_recipients_are_named_as_far_as_allowed(
    allowed: str, shown: object, start_proxy: StartProxy, told: Lines
) -> None:
    """By `[privacy] log_recipients`."""
    proxy = await start_proxy(privacy={"log_recipients": allowed})
    await send(await proxy.dial())
    line = only(told, "message_delivered")
    assert (line["recipients"], line.get("to")) == (1, shown)
    assert "b@example.net" not in str(told)


async def test_lines_of_a_session_have_one_id(
    proxy: Proxy, relay: ScriptedRelay, told: Lines
) -> None:
    """And those of a message another, from its first refused recipient to its end."""
    relay.script["RCPT"] = [Step(b"550 5.1.1 no\r\n"), Step(b"250 2.1.5 ok\r\n")]
    first, second = await proxy.dial(), await proxy.dial()
    await first.ask(b"MAIL FROM:<shop@example.com>")
    await first.ask(b"RCPT TO:<c@example.net>")
    await first.ask(b"RCPT TO:<b@example.net>")
    await first.message(MESSAGE)
    await first.ask(b"NONSENSE")
    await second.ask(b"NONSENSE")
    refused, delivered, after, other = [line for line in told if "reply" in line]
    assert refused["session"] == delivered["session"] == after["session"] != other["session"]
    assert refused["message"] == delivered["message"]
    assert (refused["client"], refused["to"]) == ("127.0.0.1", ["c@example.net"])
    assert "message" not in after


@pytest.mark.parametrize(
    ("step", "command"),
    [("MAIL", b"MAIL FROM:<a@example.com>"), ("RCPT", b"RCPT TO:<b@example.net>")],
)
async def test_a_refusal_of_the_relay_is_seen(
    step: str, command: bytes, proxy: Proxy, relay: ScriptedRelay, told: Lines
) -> None:
    """As of one that wants a login which nobody gave."""
    relay.script[step] = Step(b"530 5.7.0 Authentication required\r\n")
    client = await proxy.dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    if step == "RCPT":
        await client.ask(command)
    line = only(told, "command_refused")
    assert (line["verb"], line["by"]) == (step, "relay")
    assert line["reply"] == "530 5.7.0 Authentication required"


async def test_a_refused_upload_is_seen(proxy: Proxy, told: Lines) -> None:
    """What could smuggle a second message, for one."""
    client = await proxy.dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    await client.ask(b"RCPT TO:<b@example.net>")
    assert (await client.message(b"Subject: x\r\n\r\na\n.\r\nb\r\n")).code == 550
    line = only(told, "command_refused")
    assert (line["verb"], line["by"]) == ("DATA", "waypost")
    assert line["reply"].startswith("550 5.6.11")


async def test_the_line_of_a_refused_upload_has_the_id_of_its_message(
    proxy: Proxy, relay: ScriptedRelay, told: Lines
) -> None:
    """So it is found beside what else was said of that message."""
    relay.script["RCPT"] = [Step(b"550 5.1.1 no\r\n"), Step(b"250 2.1.5 ok\r\n")]
    client = await proxy.dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    await client.ask(b"RCPT TO:<c@example.net>")
    await client.ask(b"RCPT TO:<b@example.net>")
    await client.message(b"Subject: x\r\n\r\na\n.\r\nb\r\n")
    recipient, upload = (line for line in told if line["event"] == "command_refused")
    assert upload["verb"] == "DATA"
    assert upload["message"] == recipient["message"]


async def test_a_refused_message_has_one_line(
    proxy: Proxy, relay: ScriptedRelay, told: Lines
) -> None:
    """The one that says everything of it."""
    relay.script["DOT"] = Step(b"554 5.7.1 spam\r\n")
    client = await proxy.dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    await client.ask(b"RCPT TO:<b@example.net>")
    await client.message(MESSAGE)
    assert [line["event"] for line in told if "reply" in line] == ["message_refused"]


async def test_a_copy_whose_recipient_is_refused_has_a_line(
    start_proxy: StartProxy, relay: ScriptedRelay, told: Lines
) -> None:
    """Although the relay took that recipient while the client was asking."""
    proxy = await start_proxy(proxy={"copies": "per-recipient"})
    ok = Step(b"250 2.1.5 ok\r\n")
    relay.script["RCPT"] = [ok, ok, ok, Step(b"550 5.1.1 gone\r\n"), ok]
    client = await proxy.dial()
    await client.ask(b"MAIL FROM:<shop@example.com>")
    await client.ask(b"RCPT TO:<a@example.net>")
    await client.ask(b"RCPT TO:<b@example.net>")
    assert (await client.message(MESSAGE)).code == 250
    line = only(told, "message_refused")
    assert (line["to"], line["reply"]) == (["b@example.net"], "550 5.1.1 gone")
    assert only(told, "message_delivered")["message"] == line["message"]


async def test_a_failed_login_has_one_line(proxy: Proxy, relay: ScriptedRelay, told: Lines) -> None:
    """Its own."""
    relay.extensions = (*relay.extensions, "AUTH PLAIN")
    relay.script["AUTH"] = Step(b"535 5.7.8 no\r\n")
    client = await proxy.dial()
    await client.ask(b"AUTH PLAIN AGEAYg==")
    assert [line["event"] for line in told if "reply" in line] == ["login_failed"]


async def test_a_health_check_leaves_no_line(proxy: Proxy, told: Lines) -> None:
    """A load balancer connects every few seconds, and hangs up."""
    client = await proxy.dial(greet=False)
    await client.reply()
    await client.close()
    await until(lambda: not proxy.server._tasks)
    assert [line["event"] for line in told if line["log_level"] != "debug"] == []
    assert only(told, "session_unused")["client"] == "127.0.0.1"
