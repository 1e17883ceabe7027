"""A client of aiosmtpd and its session with the relay: what crosses, and whose word each reply is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from proxy.plugin import Handler
from tests.support.plugged import Plugged, plugged
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import configuration
from tests.support.waiting_in_loop import until

MESSAGE = b"From: a@example.com\r\nSubject: hello\r\n\r\n..a line with a dot\r\n"
SENT = MESSAGE.replace(b"\r\n..", b"\r\n.")

StartPlugin = Callable[..., Awaitable[Plugged]]


@pytest.fixture
async def start(tmp_path: Path, relay: ScriptedRelay) -> AsyncIterator[StartPlugin]:
    """Return a function that serves with aiosmtpd before `relay`; `tables` as in TOML."""
    async with AsyncExitStack() as stack:

        async def begin(options: dict[str, Any] | None = None, **tables: Any) -> Plugged:
            handler = Handler(configuration(tmp_path, relay.port, **tables))
            return await stack.enter_async_context(plugged(handler, **options or {}))

        yield begin


async def test_replies_at_mail_rcpt_and_dot_are_the_relays(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """In its own words, several lines where it says several."""
    relay.script["MAIL"] = Step(b"250 2.1.0 come in\r\n")
    relay.script["RCPT"] = [
        Step(b"550-5.1.1 nobody\r\n550 5.1.1 here\r\n"),
        Step(b"250 2.1.5 ok\r\n"),
    ]
    relay.script["DOT"] = Step(b"250 2.0.0 queued as 4711\r\n")
    client = await (await start()).dial()
    assert str(await client.ask(b"MAIL FROM:<a@example.com>")) == "250 2.1.0 come in"
    refused = await client.ask(b"RCPT TO:<nobody@example.net>")
    assert refused.lines == (b"5.1.1 nobody", b"5.1.1 here")
    assert str(await client.ask(b"RCPT TO:<b@example.net>")) == "250 2.1.5 ok"
    assert str(await client.message(MESSAGE)) == "250 2.0.0 queued as 4711"
    (kept,) = relay.messages
    assert (kept.mail, kept.rcpts) == (b"MAIL FROM:<a@example.com>", [b"RCPT TO:<b@example.net>"])
    assert kept.data == SENT


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        (Step(b"554 5.7.1 spam\r\n"), "554 5.7.1 spam"),
        (Step(b"451 4.2.0 later\r\n"), "451 4.2.0 later"),
        (Step(then="close"), "451 4.4.2"),
        (Step(b"333 what\r\n"), "451 4.5.0"),
    ],
)
async def test_250_comes_from_the_relay_alone(
    start: StartPlugin, relay: ScriptedRelay, step: Step, reply: str
) -> None:
    """Its refusal is the client's, and where it says nothing, the client is to try again."""
    relay.script["DOT"] = step
    client = await (await start()).dial()
    await client.transaction()
    assert str(await client.message(MESSAGE)).startswith(reply)
    assert relay.messages == []


async def test_the_next_message_of_a_session_is_a_transaction_of_its_own(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """Over the same relay session; RSET and a refused message leave nothing behind."""
    client = await (await start()).dial()
    await client.transaction(b"<one@example.net>")
    assert (await client.ask(b"RSET")).code == 250
    relay.script["DOT"] = [Step(b"451 4.2.0 later\r\n"), Step(b"250 2.0.0 ok\r\n")]
    for name in (b"<two@example.net>", b"<three@example.net>"):
        await client.transaction(name)
        await client.message(MESSAGE)
    (kept,) = relay.messages
    assert kept.rcpts == [b"RCPT TO:<three@example.net>"]
    assert len(relay.connections) == 1
    assert (await client.ask(b"QUIT")).code == 221
    await until(lambda: relay.sessions == 0)


async def test_ehlo_offers_what_both_can_do(start: StartPlugin, relay: ScriptedRelay) -> None:
    """Less than aiosmtpd alone would, and a SIZE that leaves room for tracking."""
    relay.extensions = ("SIZE 1000000", "8BITMIME")
    served = await start({"enable_SMTPUTF8": True, "data_size_limit": 5_000_000})
    client = await served.dial(greet=False)
    offered = (await client.ask(b"EHLO client.test")).lines[1:]
    assert offered == (b"SIZE 934464", b"8BITMIME", b"HELP")


async def test_what_was_not_offered_is_refused(start: StartPlugin, relay: ScriptedRelay) -> None:
    """Here aiosmtpd would take it: 8-bit mail for a relay that does not."""
    relay.extensions = ("SIZE 1000000",)
    client = await (await start()).dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com> BODY=8BITMIME")).code == 555
    assert not any(line.startswith(b"MAIL") for line in relay.commands)


async def test_parameters_cross_and_size_leaves_room(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """SIZE is declared anew with what tracking may add (DESIGN §3)."""
    client = await (await start()).dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com> BODY=8BITMIME SIZE=1000")).code == 250
    (mail,) = (line for line in relay.commands if line.startswith(b"MAIL"))
    assert mail.startswith(b"MAIL FROM:<a@example.com> BODY=8BITMIME SIZE=")
    assert int(mail.rpartition(b"=")[2]) > 1000


async def test_a_bounce_has_the_null_sender(start: StartPlugin, relay: ScriptedRelay) -> None:
    """Here aiosmtpd tells it as the text '<>'."""
    client = await (await start()).dial()
    await client.transaction(mail=b"<>")
    await client.message(MESSAGE)
    assert relay.messages[0].mail == b"MAIL FROM:<>"


@pytest.mark.parametrize("raw", ["<a@example.com>\0", "<a@exa mple.com>", "<@>"])
async def test_what_is_no_address_never_reaches_the_relay(
    start: StartPlugin, relay: ScriptedRelay, raw: str
) -> None:
    """Refused by aiosmtpd or by us, before the relay could read it otherwise."""
    client = await (await start()).dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    assert (await client.ask(b"RCPT TO:" + raw.encode())).permanent
    assert not any(line.startswith(b"RCPT") for line in relay.commands)


@pytest.mark.parametrize(
    ("said", "crosses"),
    [
        (b"<=?utf-8?q?ceo?=@example.net>", b"<ceo@example.net>"),
        (b"<(his) b@example.net>", b"<b@example.net>"),
        (b"<a b@example.net>", b'<"a b"@example.net>'),
        (b"<@relay.example.org:b@example.net>", b"<b@example.net>"),
        (b'<"b"@example.net>', b"<b@example.net>"),
        (b"<B@Example.NET>", b"<B@Example.NET>"),
    ],
)
async def test_an_address_crosses_as_aiosmtpd_reads_it(
    start: StartPlugin, relay: ScriptedRelay, said: bytes, crosses: bytes
) -> None:
    """No hook sees the octets: docs/aiosmtpd.md lists what becomes of them (P7 does not hold)."""
    client = await (await start()).dial()
    await client.transaction(said)
    assert relay.commands[-1] == b"RCPT TO:" + crosses


async def test_an_encoded_line_end_in_an_address_injects_nothing(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """Here aiosmtpd decodes it; what is no address any more is refused."""
    client = await (await start()).dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    refused = await client.ask(b"RCPT TO:<=?utf-8?q?b=0D=0ARCPT_TO:<c?=@example.net>")
    assert refused.permanent
    assert not any(line.startswith(b"RCPT") for line in relay.commands)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"RCPT TO:<b@example.net> NOTIFY=NEVER", 555),
        (b"RCPT TO:<b@example.net> ORCPT=rfc822;b@example.net", 555),
        (b"VRFY b@example.net", 252),
        (b"BDAT 10 LAST", 500),
    ],
)
async def test_what_aiosmtpd_does_not_know_it_refuses(
    start: StartPlugin, relay: ScriptedRelay, line: bytes, code: int
) -> None:
    """The parameters of delivery status notifications among it, though the relay offers them."""
    client = await (await start()).dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    assert (await client.ask(line)).code == code
    assert b"RCPT TO:<b@example.net>" not in relay.commands


async def test_a_line_of_more_than_a_thousand_octets_is_refused_by_aiosmtpd(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """With 500, at the end of the message; the proxy takes such lines."""
    client = await (await start()).dial()
    await client.transaction()
    assert (await client.message(MESSAGE + b"x" * 1000 + b"\r\n")).code == 500
    assert relay.messages == []
    await client.transaction()
    assert (await client.message(MESSAGE + b"x" * 998 + b"\r\n")).code == 250


async def test_aiosmtpd_limits_a_message_to_32_mib_and_says_so(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """Its own limit is in force too, which `-s` or `data_size_limit` sets."""
    client = await (await start({"data_size_limit": 1000})).dial()
    declared = await client.ask(b"MAIL FROM:<a@example.com> SIZE=1001")
    assert declared.code == 552
    await client.transaction()
    assert (await client.message(MESSAGE + b"0123456789\r\n" * 100)).code == 552
    assert relay.messages == []


@pytest.mark.parametrize("hello", [b"EHLO client.test", b"HELO client.test"])
async def test_without_a_limit_of_aiosmtpd_ours_is_in_force(
    tmp_path: Path, relay: ScriptedRelay, hello: bytes
) -> None:
    """As with its command line, which has none: no more is held than the configuration allows."""
    config = configuration(tmp_path, relay.port)
    proxy = config.proxy.model_copy(update={"max_size": 66_000})
    handler = Handler(config.model_copy(update={"proxy": proxy}))
    async with plugged(handler, data_size_limit=None) as served:
        client = await served.dial(greet=False)
        told = await client.ask(hello)
        assert (b"SIZE 66000" in told.wire()) == hello.startswith(b"EHLO")
        await client.transaction()
        refused = await client.message(MESSAGE + b"0123456789\r\n" * 6000)
        assert refused.wire() == b"552 Error: Too much mail data\r\n"
    assert relay.messages == []


async def test_a_client_that_closes_with_its_dot_takes_its_message_along(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """Its end comes before the message is read to its own; nobody has heard 250."""
    client = await (await start()).dial()
    await client.transaction()
    assert (await client.ask(b"DATA")).code == 354
    client.send(MESSAGE + b".\r\n")
    client.writer.write_eof()
    await until(lambda: relay.sessions == 0)
    assert relay.messages == []


async def test_without_a_relay_ehlo_is_421(tmp_path: Path, relay: ScriptedRelay) -> None:
    """At the first need, as the proxy does; nothing is taken that could not be handed on."""
    config = configuration(tmp_path, relay.port)
    config = config.model_copy(update={"relays": (config.relay.model_copy(update={"port": 1}),)})
    async with plugged(Handler(config)) as served:
        client = await served.dial(greet=False)
        assert (await client.ask(b"EHLO client.test")).code == 421
        assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 503
        assert (await client.ask(b"HELO client.test")).code == 421


async def test_helo_will_do(start: StartPlugin, relay: ScriptedRelay) -> None:
    """For clients that know no extensions."""
    client = await (await start()).dial(greet=False)
    assert (await client.ask(b"HELO client.test")).code == 250
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert len(relay.messages) == 1


async def test_whoever_must_log_in_is_told_so(start: StartPlugin, relay: ScriptedRelay) -> None:
    """Here aiosmtpd takes mail from anybody; before a relay that believes us, it must not."""
    client = await (await start(proxy={"trust_loopback": False})).dial()
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 530
    assert not any(line.startswith(b"MAIL") for line in relay.commands)


async def test_a_login_at_aiosmtpd_is_trusted(start: StartPlugin, relay: ScriptedRelay) -> None:
    """The program has checked it; its name counts for `accounts`, and never goes to the relay."""

    def check(*_: object) -> AuthResult:
        return AuthResult(success=True, auth_data=LoginPassword(b"shop", b"secret"))

    options = {"authenticator": check, "auth_require_tls": False}
    client = await (await start(options, proxy={"trust_loopback": False})).dial()
    assert (await client.ask(b"AUTH PLAIN AHNob3AAc2VjcmV0")).code == 235
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert len(relay.messages) == 1
    assert not any(line.startswith(b"AUTH") for line in relay.commands)


async def test_a_message_larger_than_the_configuration_allows_is_refused(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """Where aiosmtpd's own limit is higher."""
    client = await (await start(proxy={"max_size": "70kB"})).dial()
    await client.transaction()
    long = MESSAGE + b"0123456789\r\n" * 7000
    assert (await client.message(long)).code == 552
    assert relay.messages == []
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250


@pytest.mark.parametrize("smuggled", [b"a\n.\nMAIL FROM:<x@x>\r\n", b"a\r.\rb\r\n", b"a\0.\n\r\n"])
async def test_a_second_message_cannot_be_smuggled(
    start: StartPlugin, relay: ScriptedRelay, smuggled: bytes
) -> None:
    """A bare CR or LF around a dot is refused, as the proxy does."""
    client = await (await start()).dial()
    await client.transaction()
    assert (await client.message(MESSAGE + smuggled)).code == 550
    assert relay.messages == []


async def test_a_client_that_goes_after_its_dot_has_its_message_delivered(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """Here aiosmtpd cancels the handler then; the message is at the relay already."""
    relay.script["DOT"] = Step(b"250 2.0.0 ok\r\n", delay_s=0.3)
    client = await (await start()).dial()
    await client.transaction()
    assert (await client.ask(b"DATA")).code == 354
    client.send(MESSAGE + b".\r\n")
    await client.writer.drain()
    await until(lambda: b"DATA" in relay.commands)
    await client.close()
    await until(lambda: len(relay.messages) == 1)
    await until(lambda: relay.sessions == 0)


async def test_a_client_that_goes_before_its_dot_takes_its_message_along(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """The relay gets no final dot that the client did not send."""
    client = await (await start()).dial()
    await client.transaction()
    assert (await client.ask(b"DATA")).code == 354
    client.send(MESSAGE)
    await client.writer.drain()
    await client.close()
    await until(lambda: relay.sessions == 0)
    assert relay.messages == []


async def test_many_clients_have_relay_sessions_of_their_own(
    start: StartPlugin, relay: ScriptedRelay
) -> None:
    """No recipient of one is another's."""
    served = await start()

    async def send(number: int) -> None:
        client = await served.dial()
        await client.transaction(b"<r%d@example.net>" % number, mail=b"<s%d@example.com>" % number)
        assert (await client.message(b"Subject: %d\r\n\r\n%d\r\n" % (number, number))).code == 250
        await client.ask(b"QUIT")

    await asyncio.gather(*map(send, range(20)))
    assert sorted(kept.mail for kept in relay.messages) == sorted(
        b"MAIL FROM:<s%d@example.com>" % number for number in range(20)
    )
    for kept in relay.messages:
        number = kept.data.rstrip().rpartition(b"\n")[2]
        assert kept.mail == b"MAIL FROM:<s%s@example.com>" % number
        assert kept.rcpts == [b"RCPT TO:<r%s@example.net>" % number]
