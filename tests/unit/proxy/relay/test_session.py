"""One session with the relay, over real sockets against a relay that follows a script."""

import asyncio
import contextlib
import functools
from dataclasses import replace

import pytest

from config.schema import RelayConfig
from proxy.relay import session as relay_module
from proxy.relay.connection import RelayConnection
from proxy.relay.failover import dial
from proxy.relay.session import Fault, Progress, RelaySession
from proxy.smtp import replies
from tests.support.loops import Story, told_on_uvloop
from tests.support.relays.relay_actions import (
    EHLO,
    MAIL,
    RCPT,
    ActingRelay,
    Answer,
    Line,
    relay_session,
    saying,
)

CONTENT = b"Subject: hello\r\n\r\nworld\r\n"


async def test_a_transaction_arrives_as_it_was_given() -> None:
    """Raw arguments, dot-stuffed content, and the relay's own words back."""
    async with relay_session() as (opened, relay):
        answers = await opened.exchange([MAIL, RCPT])
        result = await opened.data(b".a\r\n..b\r\n.\r\nend\r\n")
        await opened.quit()
    assert [answer.wire() for answer in answers] == [
        b"250 2.1.0 sender ok\r\n",
        b"250 2.1.5 recipient ok\r\n",
    ]
    assert relay.commands == [b"EHLO waypost.test", MAIL, RCPT, b"DATA", b"QUIT"]
    assert relay.bodies == [b"..a\r\n...b\r\n..\r\nend\r\n.\r\n"]
    assert result.committed
    assert result.reply.wire() == b"250 2.0.0 queued\r\n"


async def test_a_group_is_pipelined() -> None:
    """The relay has all commands before it answers the first."""

    async def hold(line: Line) -> None:
        assert await line.reader.readexactly(len(RCPT) + 2) == RCPT + b"\r\n"
        await line.say(b"250 ok\r\n250 ok\r\n")

    async with relay_session({"MAIL": hold}) as (opened, _):
        answers = await asyncio.wait_for(opened.exchange([MAIL, RCPT, RCPT]), 5)
    assert [answer.code for answer in answers] == [250, 250, 250]


async def test_without_pipelining_one_command_waits_for_the_other() -> None:
    """RFC 2920: a relay that does not offer it gets one command at a time."""
    ahead: list[bytes] = []

    async def look(line: Line) -> None:
        await asyncio.sleep(0.02)
        ahead.append(bytes(line.reader._buffer))
        await line.say(b"250 ok\r\n")

    async with relay_session({"EHLO": b"250 relay.test\r\n", "MAIL": look}) as (opened, _):
        answers = await opened.exchange([MAIL, RCPT])
    assert [answer.code for answer in answers] == [250, 250]
    assert ahead == [b""]


async def test_252_is_a_reply_like_any_other() -> None:
    """RFC 5321 §4.2.3: 252 accepts the recipient."""
    async with relay_session({"RCPT": b"252 cannot verify\r\n"}) as (opened, _):
        answers = await opened.exchange([MAIL, RCPT])
    assert [answer.code for answer in answers] == [250, 252]


async def test_every_code_is_passed_on_or_is_451() -> None:
    """DESIGN P5: 2xx, 4xx and 5xx as they came; anything else is 451 4.5.0 and ends the session."""
    for code in (*range(200, 600, 7), 100, 199, 354, 600, 999):
        async with relay_session({"MAIL": b"%d words\r\n" % code}) as (opened, _):
            (answer,) = await opened.exchange([MAIL])
            if code // 100 in (2, 4, 5):
                assert answer.code == code
            else:
                assert answer is replies.RELAY_UNINTELLIGIBLE
                assert opened.fault is Fault.UNINTELLIGIBLE


BREAKS = {
    "reset": (Line.reset, {Fault.RESET, Fault.CLOSED}),
    "close": (Line.hang_up, {Fault.CLOSED}),
    "half-close": (Line.half_close, {Fault.CLOSED}),
    "silence": (Line.silence, {Fault.TIMED_OUT}),
    "421": (saying(b"421 4.3.2 shutting down\r\n"), {Fault.CLOSING}),
    "partial": (saying(b"250-never ends\r\n", pause_s=1), {Fault.TIMED_OUT}),
}


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
async def test_a_break_in_the_envelope(step: str, name: str) -> None:
    """What came before it is passed on; from it on there is 451 4.4.1, or the relay's own 421."""
    action, faults = BREAKS[name]
    async with relay_session({step: action}, command_timeout=0.3) as (opened, relay):
        answers = await opened.exchange([MAIL, RCPT, RCPT])
        assert relay.bodies == []
    before = 0 if step == "MAIL" else 1
    assert [answer.code for answer in answers[:before]] == [250] * before
    expected = 421 if name == "421" else 451
    assert answers[before].code == expected
    assert all(answer is replies.NO_RELAY for answer in answers[before + 1 :])
    assert opened.fault in faults


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (b"421 4.3.2 bye\r\n503 5.5.1 need MAIL\r\n503 5.5.1 need MAIL\r\n", 421),
        (b"354 what\r\n550 5.1.1 no\r\n550 5.1.1 no\r\n", 451),
    ],
)
async def test_what_follows_a_reply_that_ends_the_session_is_not_believed(
    said: bytes, heard: int
) -> None:
    """No recipient is refused for good in the last breath of a session."""
    async with relay_session({"MAIL": said}) as (opened, _):
        answers = await opened.exchange([MAIL, RCPT, RCPT])
    assert [answer.code for answer in answers] == [heard, 451, 451]


@pytest.mark.parametrize("name", BREAKS)
async def test_a_break_at_data_may_be_replayed(name: str) -> None:
    """No body went out, so nothing can be delivered."""
    action, faults = BREAKS[name]
    async with relay_session({"DATA": action}, command_timeout=0.3) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(CONTENT)
    assert result.progress is Progress.NOTHING
    assert result.lost
    assert result.reply.code == (421 if name == "421" else 451)
    assert opened.fault in faults


@pytest.mark.parametrize("name", [name for name in BREAKS if name != "421"])
async def test_a_break_after_the_final_dot_is_in_doubt(name: str) -> None:
    """RFC 1047: the relay may have taken it; the client hears 451 and retries."""
    action, _ = BREAKS[name]
    async with relay_session({"BODY": action}, data_timeout=0.3) as (opened, relay):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(CONTENT)
        assert relay.bodies == [CONTENT + b".\r\n"]
    assert result.in_doubt
    assert result.reply is replies.RELAY_LOST


async def test_the_time_for_the_verdict_runs_from_when_the_dot_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long the relay takes to read what came before it."""
    order: list[str] = []
    flushed, reply = RelayConnection.flushed, RelayConnection.reply

    async def leaving(self: RelayConnection, patience_s: float) -> bool:
        order.append("left")
        return await flushed(self, patience_s)

    async def replying(self: RelayConnection, patience_s: float) -> replies.Reply | None:
        order.append("reply")
        return await reply(self, patience_s)

    async with relay_session() as (opened, _):
        await opened.exchange([MAIL, RCPT])
        monkeypatch.setattr(RelayConnection, "flushed", leaving)
        monkeypatch.setattr(RelayConnection, "reply", replying)
        monkeypatch.setattr(RelayConnection, "is_flushed", False)
        assert (await opened.data(CONTENT)).committed
    assert order == ["reply", "left", "reply"]


async def test_421_after_the_final_dot_is_a_refusal() -> None:
    """It is a 4xx: the relay has not taken the message, and ends the session."""
    async with relay_session({"BODY": b"421 4.3.2 full\r\n"}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(CONTENT)
    assert result.reply.code == 421
    assert result.progress is Progress.NOTHING
    assert opened.fault is Fault.CLOSING


@pytest.mark.parametrize("reply", [b"451 4.3.0 later\r\n", b"554 5.7.1 no\r\n"])
async def test_a_refusal_of_the_content_leaves_the_session_usable(reply: bytes) -> None:
    """The relay's words come at the dot, and the next transaction may begin."""
    async with relay_session({"BODY": reply}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(CONTENT)
        assert not result.lost
        assert opened.fault is None
        assert [answer.code for answer in await opened.exchange([MAIL])] == [250]
    assert result.reply.wire() == reply


@pytest.mark.parametrize("reply", [b"450 4.2.0 later\r\n", b"554 5.5.1 no recipients\r\n"])
async def test_a_refusal_of_data_sends_no_body(reply: bytes) -> None:
    """The message stays with us, and the relay's words are the answer."""
    async with relay_session({"DATA": reply}) as (opened, relay):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(CONTENT)
        assert (result.lost, relay.bodies) == (False, [])
    assert result.reply.wire() == reply


@pytest.mark.parametrize(("step", "progress"), [("DATA", "nothing"), ("BODY", "in_doubt")])
async def test_an_illegal_code_in_data_is_451(step: str, progress: str) -> None:
    """Whether the message was taken is then unknown only where the relay has all of it."""
    async with relay_session(
        {step: b"299-a\r\n299 b\r\n" if step == "DATA" else b"354 more\r\n"}
    ) as (
        opened,
        _,
    ):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(CONTENT)
    assert result.reply is replies.RELAY_UNINTELLIGIBLE
    assert result.progress == progress
    assert opened.fault is Fault.UNINTELLIGIBLE


@pytest.mark.parametrize(
    ("reply", "code"),
    [(b"552 5.3.4 too big\r\n", 552), (b"421 bye\r\n", 451), (b"250 ok\r\n", 451)],
)
async def test_a_reply_amid_the_body_stops_it(reply: bytes, code: int) -> None:
    """A refusal stands as it came; no final dot follows, so nothing is delivered."""

    async def refuse(line: Line) -> None:
        await line.say(b"354 go ahead\r\n")
        await line.reader.readexactly(100)
        await line.say(reply)
        rest.append(await line.reader.read())

    rest: list[bytes] = []
    async with relay_session({"DATA": refuse}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await opened.data(b"x" * 70 + b"\r\n" + b"y" * 40_000_000)
        assert result.reply.code == code
        assert result.progress is Progress.NOTHING
        assert opened.fault is not None
        await asyncio.sleep(0.05)
    assert not any(chunk.endswith(b"\r\n.\r\n") for chunk in rest)


async def test_the_relay_has_all_but_the_final_dot_until_that_may_go() -> None:
    """What has to be done before takes its time while the message is on its way."""
    before_dot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    arrived: list[tuple[bytes, bool]] = []

    async def read_all(line: Line) -> None:
        await line.say(b"354 go\r\n")
        arrived.append((await line.reader.readexactly(len(CONTENT)), before_dot.done()))
        before_dot.set_result(None)
        arrived.append((await line.reader.readexactly(3), before_dot.done()))
        await line.say(b"250 ok\r\n")

    async with relay_session({"DATA": read_all}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await asyncio.wait_for(opened.data(CONTENT, before_dot), 5)
    assert result.committed
    assert arrived == [(CONTENT, False), (b".\r\n", True)]


async def test_a_refusal_before_the_final_dot_may_go_ends_it() -> None:
    """It stands as it came, and nothing is delivered."""
    before_dot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    rest: list[bytes] = []

    async def refuse(line: Line) -> None:
        await line.say(b"354 go\r\n")
        rest.append(await line.reader.readexactly(len(CONTENT)))
        await line.say(b"552 5.3.4 too big\r\n")
        asyncio.get_running_loop().call_later(0.05, before_dot.set_result, None)
        rest.append(await line.reader.read())

    async with relay_session({"DATA": refuse}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        result = await asyncio.wait_for(opened.data(CONTENT, before_dot), 5)
        assert (result.reply.code, result.progress) == (552, Progress.NOTHING)
        await asyncio.sleep(0.05)
    assert rest == [CONTENT, b""]


async def test_cancelled_amid_the_body_the_relay_gets_no_final_dot() -> None:
    """A client that went before its verdict leaves nothing half delivered."""
    rest: list[bytes] = []
    begun = asyncio.Event()

    async def read_all(line: Line) -> None:
        await line.say(b"354 go\r\n")
        await line.reader.read(1000)
        begun.set()
        await asyncio.sleep(0.1)
        with contextlib.suppress(ConnectionError):
            rest.append(await line.reader.read())

    async with relay_session({"DATA": read_all}) as (opened, _):
        await opened.exchange([MAIL, RCPT])
        task = asyncio.create_task(opened.data(b"y" * 40_000_000 + b"\r\n"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert opened.fault is Fault.GIVEN_UP
        await asyncio.sleep(0.3)
    assert not any(b".\r\n" in chunk for chunk in rest)


@pytest.mark.parametrize("line", [b"MAIL FROM:<a>\r\nRCPT TO:<b>", b"RSET\n", b"RSET\r"])
async def test_a_line_end_within_a_command_is_refused(line: bytes) -> None:
    """Nothing that a client said can become a second command."""
    async with relay_session() as (opened, relay):
        with pytest.raises(ValueError, match="line end"):
            await opened.exchange([line])
        with pytest.raises(ValueError, match="line end"):
            await opened.auth_line(line)
        assert len(relay.commands) == 1


async def test_auth_passes_line_by_line_and_offers_are_read_again() -> None:
    """RFC 4954: 334 asks for more, octets cross as they are, and EHLO follows 235."""
    offers = iter([b"250-relay.test\r\n250 AUTH LOGIN\r\n", EHLO])

    async def hello(line: Line) -> None:
        await line.say(next(offers))

    script: dict[str, Answer] = {
        "EHLO": hello,
        "AUTH": b"334 VXNlcm5hbWU6\r\n",
        "DXNLCG==": b"334 UGFzc3dvcmQ6\r\n",
        "C2VJCMV0": b"235 2.7.0 welcome\r\n",
    }
    async with relay_session(script) as (opened, relay):
        assert opened.capabilities == {"AUTH": "LOGIN"}
        first = await opened.auth_line(b"AUTH LOGIN")
        second = await opened.auth_line(b"dXNlcg==")
        third = await opened.auth_line(b"c2VjcmV0")
        assert (first.code, second.code, third.code) == (334, 334, 235)
        assert opened.capabilities == {"PIPELINING": "", "8BITMIME": "", "SIZE": "1000000"}
    assert relay.commands[1:] == [b"AUTH LOGIN", b"dXNlcg==", b"c2VjcmV0", b"EHLO waypost.test"]


@pytest.mark.parametrize("safe_by", ["", "tls", "loopback", "allow_plain_auth"])
async def test_passwords_never_cross_an_unencrypted_hop(safe_by: str) -> None:
    """Beyond the loopback AUTH needs TLS, or `allow_plain_auth`; else it is hidden and refused."""
    async with ActingRelay({"EHLO": b"250-relay.test\r\n250 AUTH PLAIN\r\n"}).serving() as relay:
        allowed = safe_by == "allow_plain_auth"
        config = RelayConfig(port=relay.port, tls="none", allow_plain_auth=allowed)
        contact = await dial(config, "waypost.test")
        contact = replace(contact, tls=safe_by == "tls", loopback=safe_by == "loopback")
        opened = RelaySession(config, "waypost.test", contact)
        assert ("AUTH" in opened.capabilities) is bool(safe_by)
        answer = await opened.auth_line(b"AUTH PLAIN c2VjcmV0")
        opened.abort()
    assert (answer is replies.TLS_NEEDED_FOR_AUTH) is not bool(safe_by)
    assert (b"AUTH PLAIN c2VjcmV0" in relay.commands) is bool(safe_by)


async def test_a_very_long_auth_line_crosses(  # an OAuth token has no size limit of ours
) -> None:
    """There is no cap of 512 octets."""
    token = b"x" * 50_000
    async with relay_session({"AUTH": b"535 5.7.8 no\r\n"}) as (opened, relay):
        answer = await opened.auth_line(b"AUTH XOAUTH2 " + token)
        assert relay.commands[-1].endswith(token)
    assert answer.code == 535


async def test_quit_is_polite_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that does not answer QUIT does not keep us."""
    monkeypatch.setattr(relay_module, "QUIT_PATIENCE_S", 0.1)
    async with relay_session({"QUIT": Line.silence}) as (opened, relay):
        await asyncio.wait_for(opened.quit(), 10)
        assert relay.commands[-1] == b"QUIT"


ON_UVLOOP = [
    test_a_transaction_arrives_as_it_was_given,
    test_a_group_is_pipelined,
    test_cancelled_amid_the_body_the_relay_gets_no_final_dot,
    functools.partial(test_a_break_after_the_final_dot_is_in_doubt, "reset"),
    functools.partial(test_a_break_in_the_envelope, "RCPT", "half-close"),
    functools.partial(test_a_break_at_data_may_be_replayed, "close"),
    functools.partial(test_a_reply_amid_the_body_stops_it, b"552 5.3.4 too big\r\n", 552),
]


@pytest.mark.parametrize("story", ON_UVLOOP, ids=range(len(ON_UVLOOP)))
def test_the_same_on_the_loop_of_the_proxy(story: Story) -> None:
    """Uvloop's transports have their own flow control and their own ways to end."""
    assert told_on_uvloop(story) == "uvloop"
