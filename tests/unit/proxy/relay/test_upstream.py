"""The relay for one client's session: when it is lost, replaced, or lost for good."""

import asyncio
from collections.abc import Callable

import pytest

from config.schema import RelayConfig
from proxy.relay import upstream as upstream_module
from proxy.relay.relay import Relay
from proxy.relay.session import Progress
from proxy.relay.upstream import Upstream
from proxy.smtp import replies
from tests.support.relays.relay_actions import MAIL, RCPT
from tests.support.relays.scripted_relay import EXTENSIONS, ScriptedRelay, Step
from tests.support.waiting_in_loop import until

EHLO = b"EHLO waypost.test"
CONTENT = b"Subject: hello\r\n\r\nworld\r\n"
LOGIN = b"AUTH PLAIN AGEAYg=="

NewUpstream = Callable[..., Upstream]


@pytest.fixture
def new_upstream(relay: ScriptedRelay) -> NewUpstream:
    """Return a function that makes the way to `relay`; arguments are keys of `[relay]`."""

    def new(**settings: object) -> Upstream:
        tables = {"host": "127.0.0.1", "port": relay.port, "tls": "none", **settings}
        config = RelayConfig.model_validate(tables)
        return Upstream(Relay(config, "waypost.test"))

    return new


@pytest.fixture
def upstream(new_upstream: NewUpstream) -> Upstream:
    """Return the way to `relay`, with no session yet."""
    return new_upstream()


async def logged_in(upstream: Upstream, relay: ScriptedRelay) -> None:
    """Open a session that cannot be replaced."""
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    assert await upstream.open()
    assert (await upstream.auth_line(LOGIN)).code == replies.AUTHENTICATED_CODE


async def lose(upstream: Upstream, relay: ScriptedRelay) -> None:
    """Have the relay hang up after NOOP."""
    relay.script["NOOP"] = Step(b"250 ok\r\n", then="close")
    await upstream.ask(b"NOOP")
    del relay.script["NOOP"]
    await until(lambda: not upstream.usable)


# Opening


async def test_a_session_is_opened_once(upstream: Upstream, relay: ScriptedRelay) -> None:
    """EHLO may come again and again; nothing is offered before the first."""
    assert not upstream.capabilities
    assert await upstream.open()
    assert await upstream.open()
    assert "SIZE" in upstream.capabilities
    assert relay.connections == [[EHLO]]


async def test_a_relay_that_cannot_be_reached_is_a_451(new_upstream: NewUpstream) -> None:
    """To every command of a group; nothing is raised."""
    upstream = new_upstream(port=1)
    assert not await upstream.open()
    assert await upstream.exchange([MAIL, RCPT]) == [replies.NO_RELAY] * 2


async def test_the_first_need_of_a_relay_that_is_not_there_is_goodbye(
    new_upstream: NewUpstream, relay: ScriptedRelay
) -> None:
    """Later it is a 451: the client has a session with us that may be worth keeping."""
    upstream = new_upstream()
    assert upstream.no_relay is replies.NO_RELAY_AT_HELLO
    await upstream.open()
    upstream.drop()
    assert upstream.no_relay is replies.NO_RELAY


async def test_where_there_are_other_relays_it_is_a_451_from_the_first(
    new_upstream: NewUpstream,
) -> None:
    """The next message may be for one of them."""
    upstream = new_upstream(port=1)
    assert await upstream.ready(own_login=False) is replies.NO_RELAY_AT_HELLO
    assert await upstream.ready(own_login=False, relay=upstream._home) is replies.NO_RELAY


# What it offers


async def test_offers_are_known_without_a_session(upstream: Upstream, relay: ScriptedRelay) -> None:
    """Those that the relay was last seen to make."""
    remembered = await upstream.offers(connect=False)
    assert not upstream.usable
    assert await upstream.offers(connect=True) == remembered
    assert upstream.usable


async def test_a_session_that_is_open_knows_better_than_any_memory(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """It may be logged in, or with another address of the relay."""
    await upstream.open()
    upstream._relay.capability_cache.note({"DSN": ""})
    assert "SIZE" in (await upstream.offers(connect=False) or {})


@pytest.mark.parametrize("connect", [True, False])
async def test_a_relay_that_cannot_be_reached_offers_nothing(
    connect: int, new_upstream: NewUpstream
) -> None:
    """Asked by this client, or by a probe."""
    assert await new_upstream(port=1).offers(connect=bool(connect)) is None


async def test_a_relay_that_cannot_be_reached_is_not_remembered(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """Whoever says EHLO next is told so."""
    await upstream.open()
    relay.script = {"GREETING": Step(b"554 no\r\n")}
    upstream.drop()
    assert not await upstream.open()
    assert await upstream.offers(connect=False) is None


async def test_what_a_session_lacks_is_known_once_it_is_open(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """What it was offered before a login counts as well: many a relay offers AUTH no more then."""
    assert not upstream.lacks_any({"NONSENSE"})
    relay.extensions = (*EXTENSIONS, "AUTH PLAIN")
    await upstream.open()
    relay.extensions = ("DELIVERBY 240",)
    assert upstream.lacks_any({"DSN", "DELIVERBY"})
    assert (await upstream.auth_line(LOGIN)).code == replies.AUTHENTICATED_CODE
    assert not upstream.lacks_any({"AUTH", "DSN", "DELIVERBY"})


# Replacing


async def test_a_lost_relay_is_replaced_with_what_it_had_accepted(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """The client hears the new relay session's answer to its command, and of no loss."""
    relay.script = {"RCPT": [Step(then="reset"), Step(b"250 2.1.5 fine\r\n")]}
    await upstream.open()
    upstream.begin()
    await upstream.exchange([MAIL])
    (answer,) = await upstream.exchange([RCPT], [MAIL])
    assert answer.wire() == b"250 2.1.5 fine\r\n"
    assert relay.connections == [[EHLO, MAIL, RCPT], [EHLO, MAIL, RCPT]]


async def test_a_final_dot_that_has_to_wait_waits_on_a_fresh_session_too(
    upstream: Upstream, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its relay session was lost before the message could go."""
    loop, step, seen = asyncio.get_running_loop(), relay.step, list[tuple[str, bool]]()
    before_dot: asyncio.Future[None] = loop.create_future()

    def noted(name: str, usual: bytes) -> Step:
        if name in ("DATA", "DOT"):
            seen.append((name, before_dot.done()))
        if name == "DATA":
            loop.call_later(0.05, before_dot.set_result, None)
        return step(name, usual)

    monkeypatch.setattr(relay, "step", noted)
    await upstream.open()
    upstream.begin()
    await upstream.exchange([MAIL, RCPT])
    await lose(upstream, relay)
    assert (await upstream.data(CONTENT, [MAIL, RCPT], before_dot)).committed
    assert seen == [("DATA", False), ("DOT", True)]
    assert len(relay.connections) == 2


async def test_a_relay_that_is_lost_while_the_final_dot_waits_is_replaced(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """It cannot have delivered anything: the message goes to it once."""
    relay.script = {"DATA": [Step(b"354 go\r\n", then="close"), Step(b"354 go\r\n")]}
    before_dot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    await upstream.open()
    upstream.begin()
    await upstream.exchange([MAIL, RCPT])
    sending = asyncio.create_task(upstream.data(CONTENT, [MAIL, RCPT], before_dot))
    await until(lambda: not upstream.usable)
    before_dot.set_result(None)
    assert (await sending).committed
    assert [kept.data for kept in relay.messages] == [CONTENT]
    assert len(relay.connections) == 2


async def test_a_relay_that_is_lost_again_is_a_451(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """A transaction is replayed once."""
    relay.script = {"RCPT": Step(then="reset")}
    await upstream.open()
    upstream.begin()
    await upstream.exchange([MAIL])
    assert await upstream.exchange([RCPT], [MAIL]) == [replies.NO_RELAY]
    assert await upstream.exchange([RCPT], [MAIL]) == [replies.NO_RELAY]
    assert len(relay.connections) == 2


async def test_each_transaction_may_be_replayed_once(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """A relay that hangs up after every message costs no message."""
    await upstream.open()
    for _ in range(3):
        await lose(upstream, relay)
        upstream.begin()
        assert (await upstream.exchange([MAIL]))[0].positive
    assert len(relay.connections) == 4


async def test_a_replay_with_other_answers_is_given_up(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """The client was told yes to what the new relay session refuses: it must start over."""
    relay.script = {
        "MAIL": [Step(b"250 ok\r\n"), Step(b"550 no\r\n")],
        "RCPT": Step(then="reset"),
    }
    await upstream.open()
    upstream.begin()
    await upstream.exchange([MAIL])
    assert await upstream.exchange([RCPT], [MAIL]) == [replies.RELAY_CHANGED]
    assert not upstream.usable


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        (Step(b"hello\r\n"), replies.RELAY_UNINTELLIGIBLE),
        (Step(b"250 ok\r\n", delay_s=5), replies.NO_RELAY),
    ],
    ids=["nonsense", "silence"],
)
async def test_a_fault_that_would_come_again_is_not_tried_again(
    step: Step, reply: replies.Reply, new_upstream: NewUpstream, relay: ScriptedRelay
) -> None:
    """Another session would only take the same time."""
    relay.script = {"MAIL": step}
    upstream = new_upstream(command_timeout="0.2s")
    await upstream.open()
    upstream.begin()
    assert await upstream.exchange([MAIL]) == [reply]
    assert len(relay.connections) == 1


async def test_a_client_may_ask_for_a_fresh_session(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """Relays limit the messages of one session."""
    await upstream.open()
    assert await upstream.renew()
    upstream.begin()
    assert (await upstream.exchange([MAIL]))[0].positive
    assert relay.connections == [[EHLO, b"QUIT"], [EHLO, MAIL]]


# What the relay still holds


async def test_a_forgotten_transaction_is_reset_before_the_next_command(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """Once, and the answer to that RSET is nobody's."""
    await upstream.open()
    await upstream.exchange([MAIL, RCPT])
    upstream.forget_transaction()
    assert len(await upstream.exchange([MAIL])) == 1
    await upstream.exchange([RCPT])
    assert relay.commands == [EHLO, MAIL, RCPT, b"RSET", MAIL, RCPT]


async def test_a_relay_that_does_not_forget_is_replaced(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """Recipients of one message must not get the next."""
    relay.script = {"RSET": Step(b"500 what?\r\n")}
    await upstream.open()
    await upstream.exchange([MAIL, RCPT])
    upstream.forget_transaction()
    upstream.begin()
    assert (await upstream.exchange([MAIL]))[0].positive
    assert relay.connections[1] == [EHLO, MAIL]


# NOOP and RSET


@pytest.mark.parametrize("command", [b"NOOP", b"RSET"])
async def test_the_loss_of_a_relay_that_can_be_replaced_is_not_told(
    command: bytes, upstream: Upstream, relay: ScriptedRelay
) -> None:
    """There is nothing on it that the client would miss."""
    await upstream.open()
    await lose(upstream, relay)
    assert await upstream.ask(command) is replies.OK


async def test_a_relay_hears_of_a_slow_upload(
    upstream: Upstream, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NOOP, once it has heard nothing for KEEP_ALIVE_S."""
    await upstream.open()
    await upstream.keep_alive()
    assert relay.commands == [EHLO]
    monkeypatch.setattr(upstream_module, "KEEP_ALIVE_S", 0.01)
    await asyncio.sleep(0.02)
    await upstream.keep_alive()
    assert relay.commands == [EHLO, b"NOOP"]


# Logins


async def test_a_session_that_was_logged_in_to_is_lost_for_good(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """We have no credentials to log in again with: nothing opens another session."""
    lost = asyncio.Event()
    upstream.on_lost = lost.set
    await logged_in(upstream, relay)
    assert not upstream.lost_for_good
    await lose(upstream, relay)
    await asyncio.wait_for(lost.wait(), 5)
    assert upstream.lost_for_good
    assert not await upstream.open()
    upstream.begin()
    assert await upstream.exchange([MAIL]) == [replies.NO_RELAY]
    assert await upstream.ask(b"NOOP") is replies.NO_RELAY_AT_HELLO
    assert len(relay.connections) == 1


async def test_the_loss_of_a_session_without_a_login_is_told_to_nobody(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """The next command opens another."""
    lost = asyncio.Event()
    upstream.on_lost = lost.set
    await upstream.open()
    await lose(upstream, relay)
    assert not lost.is_set()
    assert not upstream.lost_for_good


async def test_a_session_with_a_login_is_not_renewed(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """It stays, too."""
    await logged_in(upstream, relay)
    assert not await upstream.renew()
    assert upstream.usable


async def test_a_login_without_a_session_is_a_451(upstream: Upstream) -> None:
    """The relay was lost after EHLO: the client may try again."""
    assert await upstream.auth_line(LOGIN) is replies.NO_RELAY
    assert not upstream.authenticated


# Messages


async def test_a_message_whose_relay_is_lost_at_data_goes_to_another(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """Nothing of it had left us."""
    relay.script = {"DATA": [Step(then="reset"), Step(b"354 go\r\n")]}
    await upstream.open()
    upstream.begin()
    await upstream.exchange([MAIL, RCPT])
    result = await upstream.data(CONTENT, [MAIL, RCPT])
    assert result.committed
    assert [message.data for message in relay.messages] == [CONTENT]
    assert relay.connections[1] == [EHLO, MAIL, RCPT, b"DATA"]


async def test_a_message_that_may_have_arrived_is_never_sent_again(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """RFC 1047: the client decides."""
    relay.script = {"DOT": Step(then="reset")}
    await upstream.open()
    upstream.begin()
    await upstream.exchange([MAIL, RCPT])
    result = await upstream.data(CONTENT, [MAIL, RCPT])
    assert result.in_doubt
    assert len(relay.connections) == 1


async def test_a_message_without_a_session_is_not_sent(upstream: Upstream) -> None:
    """There is no transaction that it could belong to."""
    result = await upstream.data(CONTENT, [MAIL, RCPT])
    assert (result.reply, result.progress, result.lost) == (
        replies.NO_RELAY,
        Progress.NOTHING,
        True,
    )


# The end


async def test_a_session_ends_with_quit(upstream: Upstream, relay: ScriptedRelay) -> None:
    """Where there is one."""
    await upstream.quit()
    await upstream.open()
    await upstream.quit()
    assert relay.connections == [[EHLO, b"QUIT"]]


async def test_a_session_that_is_let_go_ends_with_quit_at_once(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """The next command opens another."""
    upstream.let_go()
    await upstream.open()
    upstream.let_go()
    assert not upstream.usable
    await until(lambda: not relay.sessions)
    upstream.begin()
    assert await upstream.open()
    assert (await upstream.exchange([MAIL]))[0].positive
    assert relay.connections == [[EHLO, b"QUIT"], [EHLO, MAIL]]


async def test_a_session_that_is_dropped_hears_nothing_more(
    upstream: Upstream, relay: ScriptedRelay
) -> None:
    """What it had not accepted is lost with it, as it must be."""
    await upstream.open()
    await upstream.exchange([MAIL, RCPT])
    upstream.drop()
    assert not upstream.usable
    await asyncio.sleep(0.05)
    assert relay.connections == [[EHLO, MAIL, RCPT]]
