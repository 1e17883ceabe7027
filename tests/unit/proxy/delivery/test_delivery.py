"""From the final dot to the verdict: no fault of ours loses a message or becomes a 5xx."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from config.keys.dkim_keys import write_dkim_key
from proxy.delivery import delivery as delivering
from proxy.delivery.delivery import Delivery, Verdict
from proxy.policy.accounts import NOBODY, Submitter
from proxy.policy.reasons import Untouched
from proxy.relay.upstream import Upstream
from proxy.rewrite.render import Rendering
from proxy.rewrite.submission import Fault
from proxy.scheduling.dispatch import Dispatcher
from proxy.session.services import Services
from proxy.signing.signer import Signer
from proxy.smtp import replies
from proxy.smtp.replies import Reply
from tests.support.delivering import accept, kept, transaction, upstream_to
from tests.support.feeding import spooled
from tests.support.mail import html_message, link
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import configuration
from tracker.events import Event, MessageAccepted, MessageHandled, MessagePending, MessageRefused
from tracker.spool import segments, turns
from tracker.spool.open_segment import OpenSegment
from tracker.spool.parcel import Parcel, SpoolError
from tracker.spool.writer import Spool

pytestmark = pytest.mark.usefixtures("logged")

PLAIN = html_message(link("https://example.net/"))
MESSAGE = html_message(link("https://example.net/"), "X-Track-Campaign: launch")
"""Tracked, it differs; left alone, it is `PLAIN`."""
A, B = b"<a@example.net>", b"<b@example.net>"
LATER, NEVER = Step(b"450 4.2.0 later\r\n"), Step(b"550 5.7.1 no\r\n")
PERSONAL = {"proxy": {"copies": "per-recipient"}}

At = Callable[..., Awaitable["Sender"]]


class Sender:
    """One client's delivery under one configuration."""

    def __init__(self, services: Services, upstream: Upstream) -> None:
        self.services = services
        self.upstream = upstream
        self.delivery = Delivery(
            services.dispatcher,
            services.awaited_spool,
            services.delivered_db,
            "proxy.test",
            upstream,
            services.config.privacy,
        )

    async def deliver(
        self,
        *rcpts: bytes,
        content: bytes = MESSAGE,
        trusted: bool = True,
        submitter: Submitter = NOBODY,
    ) -> Verdict:
        """Deliver one message, whose envelope the relay accepts."""
        handed = transaction(*(rcpts or (A,)))
        await accept(self.upstream, handed)
        verdict = await self.delivery.deliver(
            content, handed, trusted=trusted, account="me", submitter=submitter
        )
        await asyncio.sleep(0)  # what nobody waits for goes to the spool at the end of the turn
        return verdict

    def events(self) -> list[Event]:
        """Return what is in the spool, once all of it is on disk; of details nothing."""
        return [event for event in self._spooled() if not isinstance(event, MessageHandled)]

    def details(self) -> list[MessageHandled]:
        """Return what is told of messages beside the figures."""
        return [event for event in self._spooled() if isinstance(event, MessageHandled)]

    def _spooled(self) -> list[Event]:
        self.services.spool.close()
        return spooled(self.services.config.store.spool_dir)


@pytest.fixture
async def at(tmp_path: Path, relay: ScriptedRelay) -> AsyncIterator[At]:
    """Yield a function that returns a client's delivery; its arguments are tables of Config."""
    started: list[Services] = []
    async with upstream_to(relay) as upstream:

        async def start(**tables: Any) -> Sender:
            started.append(Services.start(configuration(tmp_path, relay.port, **tables)))
            return Sender(started[-1], upstream)

        yield start
    for services in started:
        services.stop()


def signing_always(folder: Path) -> dict[str, Any]:
    """Return the tables of a sender whose mail must not go out unsigned."""
    write_dkim_key(folder / "dkim.pem")
    key = {"selector": "s1", "key_file": str(folder / "dkim.pem")}
    return {"sender": [{"domain": "example.com", "sign": "always", "dkim": [key]}]}


def broken(*_args: object, **_kwargs: object) -> None:
    """Fail as nobody foresaw."""
    raise RuntimeError("broken")


# --- one message


async def test_a_message_is_tracked_and_its_verdict_is_the_relays(
    at: At, relay: ScriptedRelay
) -> None:
    """The event is there before the message, and confirmed after it."""
    sender = await at()
    verdict = await sender.deliver(A, B)
    assert verdict == Verdict(verdict.reply, delivered=True)
    assert verdict.reply.wire() == b"250 2.0.0 queued as 1234\r\n"
    assert kept(relay) == [[A, B]]
    assert b"/c/" in relay.messages[0].data
    pending, accepted = sender.events()
    assert isinstance(pending, MessagePending)
    assert isinstance(accepted, MessageAccepted)
    assert (pending.campaign, accepted.message_id) == ("launch", pending.message_id)
    assert (accepted.recipients, accepted.links) == ((1, 2), True)
    assert accepted.at_s == pending.at_s  # however long the relay took: both are purged at once


@pytest.mark.parametrize(
    ("step", "wire"), [(NEVER, b"550 5.7.1 no\r\n"), (LATER, b"450 4.2.0 later\r\n")]
)
async def test_a_refusal_is_the_relays_own(
    step: Step, wire: bytes, at: At, relay: ScriptedRelay
) -> None:
    """The tracker is told, so that no figure counts the message, and it is not in doubt."""
    relay.script = {"DOT": step}
    sender = await at()
    verdict = await sender.deliver()
    assert (verdict.reply.wire(), verdict.delivered) == (wire, False)
    pending, refused = sender.events()
    assert isinstance(pending, MessagePending)
    about = (pending.message_id, pending.at_s, (1,))
    assert refused == MessageRefused(*about, sent_s=pending.sent_s)


async def test_a_message_in_doubt_is_neither_taken_nor_refused(
    at: At, relay: ScriptedRelay
) -> None:
    """The relay had all of it, and did not answer: nobody knows."""
    relay.script = {"DOT": Step(then="reset")}
    sender = await at()
    assert not (await sender.deliver()).delivered
    assert [type(event) for event in sender.events()] == [MessagePending]


async def test_a_message_of_nobody_we_trust_goes_as_it_came(at: At, relay: ScriptedRelay) -> None:
    """Headers of ours included; nothing is told of it, and no copy is made."""
    sender = await at(**PERSONAL)
    verdict = await sender.deliver(A, B, trusted=False)
    assert (verdict.delivered, verdict.suppressed) == (True, None)
    assert [each.data for each in relay.messages] == [MESSAGE]
    assert sender.events() == []


async def test_what_the_relay_can_do_is_known(at: At, relay: ScriptedRelay) -> None:
    """Its size limit: what would exceed it by our doing goes out as it came."""
    relay.extensions = ("PIPELINING", f"SIZE {len(PLAIN) + 50}")
    sender = await at()
    assert await sender.upstream.renew()
    assert (await sender.deliver()).delivered
    assert relay.messages[0].data == PLAIN


# --- several recipients


async def test_each_recipient_gets_a_copy_and_the_verdict_is_one(
    at: At, relay: ScriptedRelay
) -> None:
    """Each copy has events of its own."""
    sender = await at(**PERSONAL)
    verdict = await sender.deliver(A, B)
    assert (verdict.reply.code, verdict.delivered) == (250, True)
    assert kept(relay) == [[A], [B]]
    assert [type(event) for event in sender.events()] == [MessagePending, MessageAccepted] * 2


async def test_a_retry_goes_on_until_the_client_has_heard(at: At, relay: ScriptedRelay) -> None:
    """Once it has, the same message is another one."""
    sender = await at(**PERSONAL)
    for told, copies in ((False, 2), (True, 2), (True, 4)):
        verdict = await sender.deliver(A, B)
        assert verdict.reply.code == 250
        await sender.delivery.settle(verdict, told=told)
        assert len(relay.messages) == copies


async def test_a_retry_is_the_same_message_to_the_tracker(at: At, relay: ScriptedRelay) -> None:
    """Each copy by the same id and number; sent again on purpose, it is another."""
    relay.script = {"DOT": [Step(b"250 kept\r\n"), LATER]}
    sender = await at(**PERSONAL)
    for _ in range(2):
        await sender.delivery.settle(await sender.deliver(A, B), told=True)
        relay.script = {}
    await sender.deliver(A, B)
    told = [
        (event.message_id, event.recipients[0].number)
        for event in sender.events()
        if isinstance(event, MessagePending)
    ]
    first, other = told[0][0], told[-1][0]
    assert told == [(first, 1), (first, 2), (first, 2), (other, 1), (other, 2)]
    assert first != other


async def test_only_a_250_is_the_end_of_it(at: At, relay: ScriptedRelay) -> None:
    """A client that heard 451 comes back, and nobody gets a second copy."""
    relay.script = {"DOT": [Step(b"250 kept\r\n"), LATER]}
    sender = await at(**PERSONAL)
    verdict = await sender.deliver(A, B)
    assert verdict.reply == replies.STILL_PENDING
    await sender.delivery.settle(verdict, told=True)
    relay.script = {}
    assert (await sender.deliver(A, B)).reply.code == 250
    assert kept(relay) == [[A], [B]]


async def test_a_message_that_is_at_work_elsewhere_is_put_off(at: At, relay: ScriptedRelay) -> None:
    """Its client is asked to come back, and the relay hears nothing."""
    sender = await at(**PERSONAL)
    assert (await sender.deliver(A, B)).delivered  # never settled: still at work
    assert await sender.deliver(A, B) == Verdict(replies.STILL_PENDING)
    assert len(relay.messages) == 2


async def test_where_all_may_have_the_same_it_is_one_message(at: At, relay: ScriptedRelay) -> None:
    """A message without links has no copies that differ."""
    sender = await at(**PERSONAL)
    verdict = await sender.deliver(A, B, content=html_message("<p>text</p>"))
    assert kept(relay) == [[A, B]]
    assert verdict.suppressed is not None


# --- faults of ours, before the relay's final dot


async def test_a_fault_in_the_work_sends_the_original(
    at: At, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    """As it came, where it is not the message that is to blame."""
    monkeypatch.setattr(Dispatcher, "shared", broken)
    assert (await (await at()).deliver()).delivered
    assert [each.data for each in relay.messages] == [MESSAGE]
    assert [line["reason"] for line in logged if line["event"] == "message_untouched"] == [
        Untouched.REWRITE_FAILED
    ]


@pytest.mark.parametrize("rcpts", [(A,), (A, B)])
async def test_a_message_that_cannot_be_worked_on_loses_our_headers(
    rcpts: tuple[bytes, ...], at: At, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message or copies; all recipients have what is left."""
    monkeypatch.setattr("proxy.rewrite.senders.plan_message", broken)
    assert (await (await at(**PERSONAL)).deliver(*rcpts)).delivered
    assert {each.data for each in relay.messages} == {PLAIN}
    assert sorted(rcpt for each in kept(relay) for rcpt in each) == sorted(rcpts)


async def test_a_copy_that_cannot_be_made_is_the_original_for_that_one(
    at: At, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others have theirs."""
    sender = await at(**PERSONAL)
    rewritten = Rendering._rewritten

    def first_fails(rendering: Rendering, copy: Any) -> object:
        if copy.number == 1:
            broken()
        return rewritten(rendering, copy)

    monkeypatch.setattr(Rendering, "_rewritten", first_fails)
    assert (await sender.deliver(A, B)).reply.code == 250
    assert [b"/c/" in each.data for each in relay.messages] == [False, True]
    assert relay.messages[0].data == PLAIN


@pytest.mark.parametrize("sign", ["rewritten", "always"])
async def test_what_was_told_of_a_copy_that_could_not_be_signed_is_taken_back(
    sign: str, at: At, relay: ScriptedRelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is not tracked, whether it goes out or not."""
    tables = signing_always(tmp_path)
    tables["sender"][0]["sign"] = sign
    sender = await at(**tables)
    monkeypatch.setattr(Signer, "signature", broken)
    verdict = await sender.deliver()
    assert verdict.delivered == (sign != "always")
    assert len(relay.messages) == verdict.delivered
    pending, refused = sender.events()
    assert isinstance(pending, MessagePending)
    assert isinstance(refused, MessageRefused)
    assert refused.message_id == pending.message_id


@pytest.mark.parametrize("where", ["shared", "left_alone"])
async def test_mail_that_must_be_signed_is_not_sent_unsigned(
    where: str, at: At, relay: ScriptedRelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is asked to come back, and the relay can go on."""

    async def fails(*_: object) -> None:
        raise Fault(Untouched.PLAN_FAILED) if where == "left_alone" else RuntimeError("broken")

    monkeypatch.setattr(Dispatcher, "shared", fails)
    if where == "left_alone":
        monkeypatch.setattr(Dispatcher, "left_alone", broken)
    sender = await at(**signing_always(tmp_path))
    assert await sender.deliver() == Verdict(replies.CANNOT_SIGN)
    assert not relay.messages
    assert sender.upstream.usable


async def test_whatever_else_fails_is_a_451_and_no_half_message(
    at: At, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    """The relay session goes: nobody knows what state it is in."""
    sender = await at()
    monkeypatch.setattr(Upstream, "data", broken)
    assert await sender.deliver() == Verdict(replies.OUR_FAULT)
    assert not sender.upstream.usable
    assert not relay.messages
    assert "delivery_failed" in [line["event"] for line in logged]


async def test_a_fault_while_copies_are_sent_lets_go_of_the_message(
    at: At, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's next try is not told that it is at work elsewhere."""
    sender = await at(**PERSONAL)
    with monkeypatch.context() as patch:
        patch.setattr(Upstream, "data", broken)
        assert (await sender.deliver(A, B)).reply == replies.OUR_FAULT
    assert await sender.upstream.open()
    assert (await sender.deliver(A, B)).reply.code == 250
    assert kept(relay) == [[A], [B]]


# --- the spool


def never_written(_spool: Spool, _parcels: Sequence[Parcel]) -> None:
    """Do as a disk does that does not answer."""


def not_written(_spool: Spool, parcels: Sequence[Parcel]) -> None:
    """Answer as a disk does that is full."""
    for parcel in parcels:
        parcel.tell(SpoolError("full"))


@pytest.mark.parametrize("hand_over", [never_written, not_written])
async def test_mail_does_not_wait_for_its_event(
    hand_over: Callable[[Spool, Sequence[Parcel]], None],
    at: At,
    relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[dict[str, Any]],
) -> None:
    """A click is worth less than the mail, which is tracked all the same; the log says so."""
    monkeypatch.setattr(Spool, "hand_over", hand_over)
    async with asyncio.timeout(30):
        assert (await (await at()).deliver()).delivered
    assert b"/c/" in relay.messages[0].data
    assert "event_not_durable" in [line["event"] for line in logged]


@pytest.mark.parametrize(("tables", "copies"), [({}, 1), (PERSONAL, 2)], ids=["shared", "personal"])
async def test_the_relay_gets_no_final_dot_before_its_event_is_durable(
    tables: dict[str, Any],
    copies: int,
    at: At,
    relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until then nobody can read the message: a click must find whose it is."""
    order: list[str] = []
    held: list[Parcel] = []
    step, loop = relay.step, asyncio.get_running_loop()

    def durable() -> None:
        order.append("durable")
        for parcel in held:
            parcel.tell(None)
        held.clear()

    def hand_over(_spool: Spool, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            if parcel.early:
                parcel.tell(None)
            else:
                held.append(parcel)

    def noted(name: str, usual: bytes) -> Step:
        if name in ("DATA", "DOT"):
            order.append(name)
        if name == "DATA":
            loop.call_later(0.05, durable)
        return step(name, usual)

    monkeypatch.setattr(turns, "Turns", partial(turns.Turns, patience_s=60))
    monkeypatch.setattr(Spool, "hand_over", hand_over)
    monkeypatch.setattr(relay, "step", noted)
    async with asyncio.timeout(60):
        assert (await (await at(**tables)).deliver(A, B)).delivered
    assert order == ["DATA", "durable", "DOT"] * copies


async def test_what_the_relay_took_is_written_before_the_client_hears_so(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the spool is: a process that is killed then has told of it."""
    plain = OpenSegment.write

    def slow(segment: OpenSegment, octets: bytes) -> None:
        time.sleep(0.1)
        plain(segment, octets)

    monkeypatch.setattr(OpenSegment, "write", slow)
    sender = await at()
    verdict = await sender.deliver(A)
    assert verdict.delivered
    (path,) = segments.listing(sender.services.config.store.spool_dir)
    told = [line.rpartition(b'"kind":')[2] for line in path.read_bytes().rstrip().splitlines()]
    assert told == [b'"pending"}', b'"handled"}', b'"accepted"}']


@pytest.mark.parametrize("hand_over", [never_written, not_written])
async def test_a_verdict_does_not_wait_long_for_the_spool(
    hand_over: Callable[[Spool, Sequence[Parcel]], None],
    at: At,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[dict[str, Any]],
) -> None:
    """The relay has the message; the event is kept, and the log says that it is not safe yet."""

    def impatient(spool: Spool, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            if parcel.early:  # what the relay took
                hand_over(spool, [parcel])
            else:
                parcel.tell(None)

    monkeypatch.setattr(Spool, "hand_over", impatient)
    async with asyncio.timeout(30):
        verdict = await (await at()).deliver()
    assert (verdict.reply.code, verdict.delivered) == (250, True)
    assert [line["event"] for line in logged].count("event_not_durable") == 1


async def test_after_the_relays_250_nothing_else_is_said(
    at: At, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with log, metrics or spool."""
    monkeypatch.setattr(delivering, "tell_sent", broken)
    verdict = await (await at()).deliver()
    assert (verdict.reply.code, verdict.delivered) == (250, True)
    assert len(relay.messages) == 1


@pytest.mark.parametrize("copies", ["shared", "per-recipient"])
async def test_mail_of_others_is_refused_for_good_where_all_is_signed(
    copies: str, at: At, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """And none of it is at the relay, nor in the spool, nor remembered as at work."""
    tables = signing_always(tmp_path)
    tables["sender"][0]["accounts"] = ["alice"]
    sender = await at(proxy={"copies": copies}, **tables)
    for _ in range(2):
        verdict = await sender.deliver(A, B, submitter=Submitter(logged_in=True, account="mallory"))
        assert verdict.reply is replies.NOT_ITS_ACCOUNT
        assert not verdict.delivered
        await sender.delivery.settle(verdict, told=True)
        sender.upstream.forget_transaction()
    alice = Submitter(logged_in=True, account="alice")
    assert (await sender.deliver(A, B, submitter=alice)).delivered
    assert all(b"DKIM-Signature" in message.data for message in relay.messages)


@pytest.mark.parametrize("copies", ["shared", "per-recipient"])
@pytest.mark.parametrize(
    ("content", "reply"),
    [
        (b"From: a@example.com\r\n\r\na\nb\r\n", replies.BARE_NEWLINE),
        (b"From: a@example.com, b@example.com\r\n\r\nx\r\n", replies.ONE_FROM_WANTED),
        (b"Subject: x\r\n\r\nx\r\n", replies.ONE_FROM_WANTED),
        (b"From: a@example.com\r\nno field\r\n\r\nx\r\n", replies.UNSIGNABLE),
    ],
)
async def test_what_cannot_be_signed_is_refused_for_good_where_all_is_signed(
    copies: str, content: bytes, reply: Reply, at: At, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """To try again would change nothing."""
    sender = await at(proxy={"copies": copies}, **signing_always(tmp_path))
    verdict = await sender.deliver(A, B, content=content)
    assert verdict.reply is reply
    assert relay.messages == []


# --- what is kept beside the figures


async def test_what_became_of_a_message_is_told(at: At) -> None:
    """By all that people may look for; its recipients as its links know them."""
    sender = await at()
    content = MESSAGE.replace(b"Subject: ", b"Message-ID: <1@example.com>\r\nSubject: ", 1)
    await sender.deliver(A, B, content=content)
    pending, _ = sender.events()
    assert isinstance(pending, MessagePending)
    (told,) = sender.details()
    assert (told.message_id, told.sent_s) == (pending.message_id, int(pending.at_s))
    assert (told.number, told.recipients) == (1, ())
    assert (told.outcome, told.reply) == ("delivered", "250 2.0.0 queued as 1234")
    assert (told.header_message_id, told.queue_id) == ("<1@example.com>", "1234")
    assert told.subject
    assert told.untouched is None


async def test_what_became_of_mail_left_untouched_is_told(at: At) -> None:
    """With the reason; there is no other event of it."""
    sender = await at()
    await sender.deliver(A, trusted=False)
    assert not sender.events()
    (told,) = sender.details()
    assert [to.address for to in told.recipients] == ["a@example.net"]
    assert (told.outcome, told.untouched) == ("delivered", Untouched.UNTRUSTED)


async def test_what_was_refused_is_told(at: At, relay: ScriptedRelay) -> None:
    """With the relay's words."""
    relay.script = {"DOT": NEVER}
    sender = await at()
    await sender.deliver(A)
    (told,) = sender.details()
    assert (told.outcome, told.reply, told.queue_id) == ("refused", "550 5.7.1 no", None)


async def test_each_copy_is_told_of(at: At) -> None:
    """With its one recipient."""
    sender = await at(**PERSONAL)
    await sender.deliver(A, B)
    assert [told.number for told in sender.details()] == [1, 2]


async def test_nothing_is_told_where_nothing_is_kept(at: At) -> None:
    """`[privacy] details = "0s"`; figures are as ever."""
    sender = await at(privacy={"details": "0s"})
    await sender.deliver(A)
    assert len(sender.events()) == 2
    assert not sender.details()
