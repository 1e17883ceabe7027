"""Reply fidelity: what the relay says at every step, and what the client hears (DESIGN P5)."""

import pytest

from proxy.smtp.replies import ALREADY_AUTHENTICATED, Reply
from tests.support.checks import fidelity
from tests.support.clients.smtp_client import Dialogue
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy

CODES = range(200, 600)
WORDS = (b"5.7.1 the relay's own words, first line", b"and the last: \xc3\xa9")
MESSAGE = b"From: a@example.com\r\n\r\nbody\r\n"
CLOSING = 421


def said(code: int) -> Step:
    """Have the relay say `code` in two lines."""
    return Step(Reply(code, WORDS).wire())


def expected(code: int) -> bytes:
    """Return what a client must hear: the relay's words where legal, else 451 4.5.0."""
    if code // 100 in (2, 4, 5):
        return Reply(code, WORDS).wire()
    return b"451 4.5.0 The relay gave an answer that makes no sense\r\n"


async def heard_at(step: str, client: Dialogue) -> Reply:
    """Bring a session to `step` and give the reply to it."""
    if step == "MAIL":
        return await client.ask(b"MAIL FROM:<a@example.com>")
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 250
    if step == "RCPT":
        return await client.ask(b"RCPT TO:<b@example.net>")
    assert (await client.ask(b"RCPT TO:<b@example.net>")).code == 250
    if step == "RSET":
        return await client.ask(b"RSET")
    return await client.message(MESSAGE)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "RSET", "DATA", "DOT"])
async def test_every_code_at_every_step(step: str, proxy: Proxy, relay: ScriptedRelay) -> None:
    """Legal codes arrive as they came, all lines of them; the others become 451 4.5.0.

    At DATA only 4xx and 5xx are legal besides 354, and they arrive at the dot.
    """
    for code in CODES:
        if step == "DATA" and code == 354:
            continue
        relay.script = {step: said(code)}
        client = await proxy.dial()
        reply = await heard_at(step, client)
        legal = expected(code) if step != "DATA" or code >= 400 else expected(354)
        assert reply.wire() == legal, code
        assert (code == CLOSING) == await hung_up(client), code
        kept = 1 if step == "DOT" and code // 100 == 2 else 0
        assert len(relay.messages) == kept, code
        relay.messages.clear()
        await client.close()


async def hung_up(client: Dialogue) -> bool:
    """Tell whether the proxy closed the session; where not, it must go on."""
    try:
        assert (await client.ask(b"HELP")).code == 214
    except (EOFError, ConnectionError):
        return True
    return False


@pytest.mark.parametrize("step", ["GREETING", "EHLO"])
async def test_a_relay_that_does_not_begin_is_a_421(
    step: str, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """Whatever keeps the relay from beginning, the client hears 421 4.4.1 and no cause."""
    for code in {*CODES} - {220 if step == "GREETING" else 250}:
        relay.script = {step: said(code), "HELO": said(502)}
        client = await proxy.dial(greet=False)
        await client.reply()
        reply = await client.ask(b"EHLO client.test")
        assert reply.wire() == b"421 4.4.1 The relay cannot be reached, try again later\r\n", code
        assert await client.at_end()
        await client.close()


@pytest.mark.parametrize("step", ["AUTH", "RESPONSE"])
async def test_every_code_at_a_login(
    step: str, start_proxy: StartProxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the command and amid the exchange; 334 alone asks for more, and 235 alone lets in."""
    monkeypatch.setattr("proxy.client.login_limits.MAX_FAILED_LOGINS_OF_ADDRESS", len(CODES))
    proxy = await start_proxy()
    relay.extensions = (*relay.extensions, "AUTH PLAIN LOGIN")
    for code in {*CODES} - {334}:
        relay.script = {"AUTH": said(334), step: said(code)}
        client = await proxy.dial()
        reply = await client.ask(b"AUTH LOGIN")
        if step == "RESPONSE":
            assert reply.wire() == said(334).reply
            reply = await client.ask(b"dXNlcg==")
        assert reply.wire() == expected(code), code
        if code == CLOSING:
            assert await client.at_end()
        else:
            again = await client.ask(b"AUTH LOGIN")
            assert (again.wire() == ALREADY_AUTHENTICATED.wire()) == (code == 235), code
        await client.close()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("fate", ["close", "reset", "half-close"])
@pytest.mark.parametrize("words", [b"", b"250-half a rep"])
async def test_a_relay_that_breaks_off_is_a_451(
    step: str, fate: str, words: bytes, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """The client may try again; nothing was half delivered, and the session goes on."""
    relay.script = {step: Step(words, then=fate)}
    client = await proxy.dial()
    reply = await heard_at(step, client)
    assert reply.code == 451
    relay.script = {}
    relay.messages.clear()
    assert (await client.ask(b"RSET")).code == 250
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert len(relay.messages) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_a_relay_session_lost_once_is_replaced_once(
    step: str, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """What was not committed is put to a fresh session, and the client notices nothing."""
    usual = {"MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "DATA": b"354 go\r\n"}[step]
    relay.script = {step: [Step(then="reset"), Step(usual)]}
    client = await proxy.dial()
    await client.transaction(b"<b@example.net>", b"<c@example.net>")
    assert (await client.message(MESSAGE)).code == 250
    (kept,) = relay.messages
    assert kept.rcpts == [b"RCPT TO:<b@example.net>", b"RCPT TO:<c@example.net>"]


async def test_a_replay_that_gets_other_answers_is_a_451(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """A recipient that the client was told is fine must not be dropped in silence."""
    relay.script = {
        "RCPT": [Step(b"250 ok\r\n"), Step(b"250 ok\r\n"), Step(b"550 no\r\n")],
        "DATA": Step(then="reset"),
    }
    client = await proxy.dial()
    await client.transaction(b"<b@example.net>", b"<c@example.net>")
    reply = await client.message(MESSAGE)
    assert reply.code == 451
    assert not relay.messages


async def test_an_idle_relay_that_hangs_up_is_replaced(proxy: Proxy, relay: ScriptedRelay) -> None:
    """A 421 that nobody asked for, between transactions, does not reach the client."""
    relay.script = {
        "DOT": [Step(b"250 ok\r\n421 4.4.2 idle\r\n", then="close"), Step(b"250 ok\r\n")]
    }
    client = await proxy.dial()
    for _ in range(2):
        await client.transaction()
        assert (await client.message(MESSAGE)).code == 250
    assert (await client.ask(b"NOOP")).code == 250
    assert len(relay.connections) == 2


async def test_slow_replies_are_waited_for(proxy: Proxy, relay: ScriptedRelay) -> None:
    """Octet by octet, a reply is still one reply."""
    relay.script = {"RCPT": Step(b"250-2.1.5 a\r\n250 2.1.5 b\r\n", slowly=True)}
    client = await proxy.dial()
    await client.ask(b"MAIL FROM:<a@example.com>")
    assert (await client.ask(b"RCPT TO:<b@example.net>")).lines == (b"2.1.5 a", b"2.1.5 b")


async def test_no_accepted_recipient_means_no_354(proxy: Proxy, relay: ScriptedRelay) -> None:
    """RFC 5321 §3.3: 503 without RCPT, 554 when none was accepted."""
    client = await proxy.dial()
    assert (await client.ask(b"DATA")).code == 503
    assert (await client.ask(b"MAIL FROM:<a@example.com>")).code == 250
    assert (await client.ask(b"DATA")).code == 503
    relay.script = {"RCPT": Step(b"550 5.1.1 nobody\r\n")}
    assert (await client.ask(b"RCPT TO:<b@example.net>")).lines == (b"5.1.1 nobody",)
    assert (await client.ask(b"DATA")).code == 554
    assert b"DATA" not in relay.commands


async def test_no_relay_is_a_421_at_ehlo(proxy: Proxy, relay: ScriptedRelay) -> None:
    """The cause stands in our log only, and HELO gets the same."""
    relay.script = {"GREETING": Step(then="close")}
    for hello in (b"EHLO client.test", b"HELO client.test"):
        client = await proxy.dial(greet=False)
        await client.reply()
        reply = await client.ask(hello)
        assert reply.wire() == b"421 4.4.1 The relay cannot be reached, try again later\r\n"


async def test_a_pipelined_group_reaches_the_relay_as_one(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """Each command gets its own answer, in order, whoever gives it."""
    relay.script = {"RCPT": [Step(b"250 one\r\n"), Step(b"550 two\r\n"), Step(b"250 three\r\n")]}
    client = await proxy.dial()
    client.send(
        b"MAIL FROM:<a@example.com>\r\nRCPT TO:<1@example.net>\r\nRCPT TO:<2@example.net>\r\n"
        b"RCPT TO:<bad address>\r\nRCPT TO:<3@example.net>\r\nDATA\r\n"
    )
    codes = [(await client.reply()).code for _ in range(6)]
    assert codes == [250, 250, 550, 501, 250, 354]
    client.send(MESSAGE + b".\r\nQUIT\r\n")
    assert [(await client.reply()).code for _ in range(2)] == [250, 221]
    assert relay.messages[0].rcpts == [b"RCPT TO:<1@example.net>", b"RCPT TO:<3@example.net>"]


async def test_nothing_follows_a_421_amid_a_group(proxy: Proxy, relay: ScriptedRelay) -> None:
    """It ends the session, whoever says it: what was pipelined behind it has no answer."""
    relay.script = {"RCPT": [Step(b"250 ok\r\n"), Step(b"421 4.7.0 enough\r\n", then="close")]}
    client = await proxy.dial()
    client.send(b"MAIL FROM:<a@example.com>\r\n" + b"RCPT TO:<b@example.net>\r\n" * 4)
    assert [(await client.reply()).code for _ in range(3)] == [250, 250, 421]
    assert await client.at_end()
    client = await proxy.dial()
    client.send(b"RCPT TO:<b@example.net>\r\n" * 30)
    assert [(await client.reply()).code for _ in range(21)] == [503] * 20 + [421]
    assert await client.at_end()


async def test_the_page_tells_what_clients_hear(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """docs/relay.md is what these sessions come to: `make docs` writes it."""
    assert await fidelity.page(start_proxy, relay) == fidelity.PAGE.read_text(encoding="utf-8")


NONSENSE = {
    "MAIL": b"354 go on\r\n",
    "RCPT": b"250-one\r\n550 two\r\n",
    "RSET": b"nonsense\r\n",
    "DATA": b"250 what?\r\n",
    "DOT": b"250 kept\r\n250 kept again\r\n",
}


@pytest.mark.parametrize("step", NONSENSE)
async def test_nonsense_of_the_relay_ends_its_session_and_not_the_clients(
    step: str, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """The next transaction of the same client gets a fresh relay session."""
    relay.script = {step: Step(NONSENSE[step])}
    client = await proxy.dial()
    assert (await heard_at(step, client)).code == (250 if step == "DOT" else 451)
    relay.script = {}
    relay.messages.clear()
    assert (await client.ask(b"RSET")).code == 250
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert len(relay.messages) == 1
    assert len(relay.connections) == 2


async def test_a_reply_too_many_before_data_costs_a_relay_session_and_no_message(
    proxy: Proxy, relay: ScriptedRelay
) -> None:
    """Nothing was committed: the transaction is put to a fresh session."""
    relay.script = {"RCPT": [Step(b"250 ok\r\n550 and no\r\n"), Step(b"250 ok\r\n")]}
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE)).code == 250
    assert len(relay.messages) == 1
