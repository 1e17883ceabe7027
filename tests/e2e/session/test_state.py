"""The order of commands, what may be said when, and the limits on all of it."""

import asyncio

import pytest

from proxy.session import session, upload
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy
from tests.support.waiting import WITHIN_S
from tests.support.waiting_in_loop import until

MESSAGE = b"From: a@example.com\r\n\r\nbody\r\n"


async def offers(proxy: Proxy) -> list[bytes]:
    """Return the lines of the answer to EHLO after the name."""
    client = await proxy.dial(greet=False)
    assert b"ESMTP" in (await client.reply()).lines[0]
    return list((await client.ask(b"EHLO client.test")).lines)


async def test_ehlo_is_the_allow_list_and_the_relay(proxy: Proxy) -> None:
    """Never CHUNKING, BINARYMIME, XCLIENT; SIZE is the relay's less what tracking may add."""
    assert await offers(proxy) == [
        b"proxy.test",
        b"PIPELINING",
        b"SIZE 10174464",
        b"8BITMIME",
        b"SMTPUTF8",
        b"DSN",
        b"ENHANCEDSTATUSCODES",
    ]


@pytest.mark.parametrize(
    ("extensions", "offered"),
    [
        ((), [b"PIPELINING"]),
        (("SIZE",), [b"PIPELINING", b"SIZE 35000000"]),
        (("SIZE 0",), [b"PIPELINING", b"SIZE 35000000"]),
        (("SIZE 1000",), [b"PIPELINING", b"SIZE 900"]),
        (("SIZE 99999999999",), [b"PIPELINING", b"SIZE 35000000"]),
        (("LIMITS RCPTMAX=20 XYZ=1",), [b"PIPELINING", b"LIMITS RCPTMAX=20"]),
        (("DELIVERBY 240", "VRFY", "ETRN"), [b"PIPELINING", b"DELIVERBY 240"]),
    ],
)
async def test_what_the_relay_lacks_is_not_offered(
    extensions: tuple[str, ...], offered: list[bytes], proxy: Proxy, relay: ScriptedRelay
) -> None:
    """PIPELINING alone is ours."""
    relay.extensions = (*extensions, "HELP")
    assert (await offers(proxy))[1:] == offered


async def test_a_helo_client_is_served(proxy: Proxy, relay: ScriptedRelay) -> None:
    """It may use no parameter, as it was offered none."""
    client = await proxy.dial(greet=False)
    await client.reply()
    assert (await client.ask(b"HELO client.test")).wire() == b"250 proxy.test\r\n"
    assert (await client.ask(b"MAIL FROM:<a@example.com> SIZE=5")).code == 555
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert len(relay.messages) == 1


async def test_a_relay_that_knows_only_helo_will_do(proxy: Proxy, relay: ScriptedRelay) -> None:
    """Then nothing is offered but PIPELINING, and commands go to it one by one."""
    relay.script = {"EHLO": Step(b"502 5.5.1 what?\r\n")}
    assert (await offers(proxy))[1:] == [b"PIPELINING"]
    client = await proxy.dial()
    client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
    assert [(await client.reply()).code for _ in range(3)] == [250, 250, 354]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"", 500),
        (b"FOO", 500),
        (b"BDAT 5 LAST", 500),
        (b"\xff\xfe", 500),
        (b"EHLO", 501),
        (b"HELO", 501),
        (b"EXPN list", 502),
        (b"VRFY", 501),
        (b"VRFY root", 252),
        (b"HELP", 214),
        (b"HELP MAIL", 214),
        (b"NOOP", 250),
        (b"noop whatever", 250),
        (b" NOOP", 250),
        (b"\tNOOP\t", 250),
        (b"RSET\t ", 250),
        (b"MAIL\tFROM:<a@example.com>", 250),
        (b"RSET", 250),
        (b"RSET now", 501),
        (b"QUIT now", 501),
        (b"DATA now", 501),
        (b"DATA", 503),
        (b"RCPT TO:<a@example.com>", 503),
        (b"STARTTLS", 502),
        (b"AUTH PLAIN AGEAYg==", 502),
        (b"MAIL", 501),
        (b"MAIL FROM:<a b@example.com>", 501),
        (b"mail from:<a@example.com>", 250),
        (b"A" * 4090, 500),
        (b"A" * 20000, 500),
    ],
)
async def test_each_command_has_its_reply(command: bytes, code: int, proxy: Proxy) -> None:
    """And the session goes on after all of them."""
    client = await proxy.dial()
    assert (await client.ask(command)).code == code
    assert (await client.ask(b"QUIT")).code == 221
    assert await client.at_end()


async def test_nothing_goes_before_hello(proxy: Proxy) -> None:
    """RFC 5321 §4.1.4."""
    client = await proxy.dial(greet=False)
    await client.reply()
    for command in (b"MAIL FROM:<a@example.com>", b"RCPT TO:<a@example.com>", b"AUTH PLAIN AA=="):
        assert (await client.ask(command)).code == 503


async def test_nested_mail_is_refused(proxy: Proxy, relay: ScriptedRelay) -> None:
    """RFC 5321 §4.1.4: 503, and the transaction stands."""
    client = await proxy.dial()
    await client.transaction()
    assert (await client.ask(b"MAIL FROM:<other@example.com>")).code == 503
    assert (await client.message(MESSAGE)).code == 250
    assert relay.messages[0].mail == b"MAIL FROM:<sender@example.com>"


@pytest.mark.parametrize("ending", [b"RSET", b"EHLO again.test"])
async def test_a_transaction_can_be_given_up(
    ending: bytes, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """The relay hears of it before the next begins."""
    client = await proxy.dial()
    await client.transaction(b"<old@example.net>")
    assert (await client.ask(ending)).code == 250
    assert (await client.ask(b"DATA")).code == 503
    await client.transaction(b"<new@example.net>")
    assert (await client.message(MESSAGE)).code == 250
    assert relay.messages[0].rcpts == [b"RCPT TO:<new@example.net>"]
    assert relay.commands.count(b"RSET") == 1


async def test_the_size_is_declared_with_what_tracking_may_add(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """Never more than the relay takes, unless the client declared more."""
    client = await proxy.dial()
    for declared, told in ((1000, 66536), (10_239_000, 10_240_000), (20_000_000, 20_000_000)):
        assert (await client.ask(b"MAIL FROM:<a@example.com> SIZE=%d" % declared)).code == 250
        assert relay.commands[-1] == b"MAIL FROM:<a@example.com> SIZE=%d" % told
        await client.ask(b"RSET")
    assert (await client.ask(b"MAIL FROM:<a@example.com> SIZE=35000001")).code == 552


async def test_what_is_too_big_is_refused_at_its_end(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """552 comes after the dot, and the session goes on."""
    proxy = await start_proxy(proxy={"max_size": "66kB"})
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(b"x" * 70 + b"\r\n" + b"y" * 66_000 + b"\r\n")).code == 552
    await client.transaction()
    assert (await client.message(b"z" * 65_000 + b"\r\n")).code == 250
    assert len(relay.messages) == 1


async def test_a_message_without_end_is_cut_off(start_proxy: StartProxy) -> None:
    """What is thrown away is bounded too."""
    proxy = await start_proxy(proxy={"max_size": "66kB"})
    client = await proxy.dial()
    await client.transaction()
    assert (await client.ask(b"DATA")).code == 354
    client.send(b"x" * 400_000)
    assert (await client.reply()).code == 421


async def test_long_lines_pass(proxy: Proxy, relay: ScriptedRelay) -> None:
    """A line over 998 octets is the relay's business (aiosmtpd answers 500 to 1,002)."""
    client = await proxy.dial()
    await client.transaction()
    line = b"Subject: x\r\n\r\n" + b"y" * 300_000 + b"\r\n"
    assert (await client.message(line)).code == 250
    assert relay.messages[0].data == line


async def test_dots_are_transparent(proxy: Proxy, relay: ScriptedRelay) -> None:
    """RFC 5321 §4.5.2, both ways."""
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(b"..\r\n...\r\n..x\r\n")).code == 250
    assert relay.messages[0].data == b".\r\n..\r\n.x\r\n"


async def test_a_browser_is_left_before_its_request_is_read_as_mail(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """A page that it was shown chose the body: a POST to this port must not become a message."""
    client = await proxy.dial(greet=False)
    client.send(
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:2525\r\nContent-Length: 999\r\n\r\n"
        b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
        + MESSAGE
        + b".\r\n"
    )
    assert [(await client.reply()).code for _ in range(3)] == [220, 500, 421]
    assert await client.at_end()
    assert not relay.connections


async def test_too_many_errors_are_a_421(proxy: Proxy) -> None:
    """Whoever speaks another protocol is told so and left."""
    client = await proxy.dial()
    codes = [(await client.ask(b"USER alice")).code for _ in range(20)]
    assert codes == [500] * 20
    assert (await client.reply()).code == 421
    assert await client.at_end()


async def test_idle_chatter_is_bounded(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """NOOP for ever is no way to hold a session."""
    monkeypatch.setattr(session, "MAX_COMMANDS_WITHOUT_MAIL", 10)
    client = await proxy.dial()
    client.send(b"NOOP\r\n" * 20)
    codes = [(await client.reply()).code for _ in range(10)]
    assert codes == [250] * 9 + [421]
    assert await client.at_end()


async def test_a_silent_client_is_a_421(start_proxy: StartProxy) -> None:
    """RFC 5321 §4.5.3.2."""
    proxy = await start_proxy(proxy={"idle_timeout": "0.2s"})
    client = await proxy.dial(greet=False)
    assert (await client.reply()).code == 220
    assert (await client.reply()).wire().startswith(b"421 4.4.2")
    assert await client.at_end()


async def test_octets_that_trickle_do_not_hold_a_session(start_proxy: StartProxy) -> None:
    """A command line has one patience, however many octets arm it."""
    proxy = await start_proxy(proxy={"idle_timeout": "0.3s"})
    client = await proxy.dial(greet=False)
    assert (await client.reply()).code == 220

    async def trickle() -> None:
        while True:
            client.send(b"N")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    assert (await client.reply()).code == 421
    trickling.cancel()


async def test_data_that_stops_is_a_421(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5321 §4.5.3.2.5: each chunk arms the timer anew."""
    monkeypatch.setattr(upload, "DATA_PATIENCE_S", 0.3)
    client = await proxy.dial()
    await client.transaction()
    await client.ask(b"DATA")
    for _ in range(5):
        client.send(b"line\r\n")
        await asyncio.sleep(0.1)
    assert (await client.reply()).code == 421


async def test_data_that_trickles_is_bounded(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slower than any real link, the whole upload is cut off."""
    monkeypatch.setattr(upload, "DATA_SLACK_S", 0.3)
    client = await proxy.dial()
    await client.transaction()
    await client.ask(b"DATA")
    async with asyncio.timeout(WITHIN_S):
        while not client.reader._buffer:
            client.send(b"x")
            await asyncio.sleep(0.05)
    assert (await client.reply()).code == 421


async def test_memory_for_mail_is_bounded(start_proxy: StartProxy, relay: ScriptedRelay) -> None:
    """What does not fit is answered 452 at its end; the others are served."""
    proxy = await start_proxy()
    budget = proxy.server.services.memory_budget
    budget.limit_octets = 600_000
    clients = [await proxy.dial() for _ in range(3)]
    for number, client in enumerate(clients, 1):
        await client.transaction()
        assert (await client.ask(b"DATA")).code == 354
        client.send(b"x" * 140_000 + b"\r\n")
        if client is not clients[-1]:
            await until(lambda number=number: budget.used_octets > number * 139_000)
    for client, code in zip(reversed(clients), (452, 250, 250), strict=True):
        client.send(b".\r\n")
        assert (await client.reply()).code == code
    await until(lambda: budget.used_octets == 0)
    budget.limit_octets = 0
    await clients[0].transaction()
    assert (await clients[0].ask(b"DATA")).code == 452
    assert len(relay.messages) == 2


async def test_a_client_that_half_closes_is_served_to_its_end(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """As a shell pipeline does: everything sent before counts."""
    client = await proxy.dial(greet=False)
    client.send(
        b"EHLO client.test\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
        + MESSAGE
        + b".\r\nQUIT\r\n"
    )
    client.writer.write_eof()
    codes = [(await client.reply()).code for _ in range(7)]
    assert codes == [220, 250, 250, 250, 354, 250, 221]
    assert len(relay.messages) == 1


async def test_a_relay_that_is_ourselves_is_refused(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """A configuration that points in a circle is a 421, not an avalanche."""
    inner = await start_proxy()
    outer = await start_proxy(relay={"port": inner.port})
    client = await outer.dial(greet=False)
    await client.reply()
    assert (await client.ask(b"EHLO client.test")).code == 421
    assert not relay.connections


async def test_auth_is_offered_for_as_long_as_the_relay_offers_it(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """AUTH= of MAIL depends on it, and clients say EHLO again."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    client = await proxy.dial()
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    assert b"AUTH PLAIN" in (await client.ask(b"EHLO client.test")).lines
    assert (await client.ask(b"MAIL FROM:<a@example.com> AUTH=<>")).code == 250
    relay.extensions = EXTENSIONS
    client = await proxy.dial()
    assert b"AUTH PLAIN" not in (await client.ask(b"EHLO client.test")).lines


async def test_extensions_are_asked_for_again(proxy: Proxy, relay: ScriptedRelay) -> None:
    """A relay that offers more after AUTH has that offered too."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    client = await proxy.dial()
    relay.extensions = (*EXTENSIONS, "DELIVERBY 240")
    assert (await client.ask(b"AUTH PLAIN AGEAYg==")).code == 235
    assert b"DELIVERBY 240" in (await client.ask(b"EHLO client.test")).lines
