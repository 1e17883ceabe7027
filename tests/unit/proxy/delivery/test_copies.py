"""A copy for each recipient: who has it, who never will, what the client is told of it all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.delivery import copies
from proxy.delivery.copies import Copies, Tally, unsent
from proxy.delivery.delivered_db import DeliveredDb
from proxy.delivery.duplicates import DuplicateSuppression, SuppressedMessage
from proxy.relay.session import DataResult, Progress
from proxy.relay.upstream import Upstream
from proxy.rewrite.submission import Submission
from proxy.smtp import replies
from proxy.smtp.envelope import Transaction
from proxy.smtp.replies import Reply
from tests.support.delivering import kept, transaction, upstream_to
from tests.support.relays.scripted_relay import ScriptedRelay, Step

pytestmark = pytest.mark.usefixtures("logged")

MESSAGE = b"From: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n"
A, B, C = b"<a@example.net>", b"<b@example.net>", b"<c@example.net>"
OK, LATER, NEVER = Step(b"250 kept\r\n"), Step(b"450 4.2.0 later\r\n"), Step(b"550 5.7.1 no\r\n")


@pytest.fixture
async def upstream(relay: ScriptedRelay) -> AsyncIterator[Upstream]:
    """Open a relay session."""
    async with upstream_to(relay) as opened:
        yield opened


@pytest.fixture
def duplicates(tmp_path: Path) -> DuplicateSuppression:
    """Return an empty record of what was delivered."""
    return DuplicateSuppression(DeliveredDb(tmp_path / "journal"))


async def taken_up(duplicates: DuplicateSuppression, handed: Transaction) -> SuppressedMessage:
    """Take the message up for the recipients of a transaction."""
    submission = Submission(handed.mail.path, handed.rcpt_to, trusted=True)
    message = await duplicates.begin("account", submission, MESSAGE)
    assert message is not None
    return message


class Sending:
    """One message to several recipients, with what was tried."""

    def __init__(self, upstream: Upstream, message: SuppressedMessage, handed: Transaction) -> None:
        self.upstream = upstream
        self.handed = handed
        self.copies = Copies(upstream, message, handed, "proxy.test")
        self.tried: list[bytes] = []

    async def send(self, index: int) -> DataResult:
        """Send the copy of one recipient, as `Delivery` does."""
        rcpt = self.handed.rcpts[index]
        self.tried.append(b"<" + rcpt.path + b">")
        refusal = await self.copies.open_transaction(rcpt)
        if refusal is not None:
            return unsent(refusal)
        return await self.upstream.data(MESSAGE, self.copies.lines(rcpt))

    async def all(self) -> Tally:
        """Send every copy that is to be sent."""
        return await self.copies.send(self.send)


@pytest.fixture
async def sending(upstream: Upstream, duplicates: DuplicateSuppression) -> Sending:
    """Return a message to three recipients of whom nobody has it yet."""
    handed = transaction(A, B, C)
    return Sending(upstream, await taken_up(duplicates, handed), handed)


def paths(tally: Tally) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Return who has it, who never will, and who is left."""
    delivered, pending = (
        [b"<" + each.path + b">" for each in side] for side in (tally.delivered, tally.pending)
    )
    return delivered, [b"<" + path + b">" for path in tally.refused], pending


# --- what the client is told

RCPT = transaction(A).rcpts[0]
KEPT, REFUSED = Reply(250, (b"kept",)), Reply(550, (b"5.7.1 no",))


@pytest.mark.parametrize(
    ("tally", "reply", "mixed"),
    [
        (Tally(delivered=[RCPT], last=KEPT), KEPT, False),
        (Tally(delivered=[RCPT]), replies.DELIVERED, False),
        (Tally(refused={b"a": REFUSED, b"b": Reply(554, (b"spam",))}), REFUSED, False),
        (Tally(delivered=[RCPT], pending=[RCPT]), replies.STILL_PENDING, False),
        (Tally(refused={b"a": REFUSED}, pending=[RCPT]), replies.STILL_PENDING, False),
        (Tally([RCPT], {b"a": REFUSED}, [RCPT]), replies.STILL_PENDING, False),
        (Tally([RCPT], {b"a": REFUSED}, [], KEPT), KEPT, True),
    ],
)
def test_the_verdict_follows_from_the_tally(tally, reply, mixed):
    """451 while it is too early to say; the relay's own words where it has any."""
    assert (tally.verdict(), tally.mixed) == (reply, mixed)


# --- sending


async def test_each_recipient_has_a_transaction(sending: Sending, relay: ScriptedRelay) -> None:
    """In the order that the client named them."""
    tally = await sending.all()
    assert paths(tally) == ([A, B, C], [], [])
    assert kept(relay) == [[A], [B], [C]]
    assert {each.mail for each in relay.messages} == {b"MAIL FROM:<sender@example.com>"}
    assert tally.verdict().wire() == b"250 2.0.0 queued as 1234\r\n"


async def test_what_was_delivered_is_remembered_at_once(
    sending: Sending, duplicates: DuplicateSuppression, relay: ScriptedRelay
) -> None:
    """The next try goes on where this one ended."""
    relay.script = {"DOT": [OK, LATER, OK]}
    assert paths(await sending.all()) == ([A, C], [], [B])
    await duplicates.end(sending.copies._message, told=False)
    again = Sending(sending.upstream, await taken_up(duplicates, sending.handed), sending.handed)
    assert paths(await again.all()) == ([A, B, C], [], [])
    assert again.tried == [B]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
async def test_a_refusal_at_any_step_is_one_recipients(
    step: str, sending: Sending, relay: ScriptedRelay
) -> None:
    """The others are tried, on the same session, and nothing of the refused transaction is left."""
    fine = Step(b"354 go on\r\n") if step == "DATA" else OK
    relay.script = {step: [fine, NEVER, fine]}
    assert paths(await sending.all()) == ([A, C], [B], [])
    assert kept(relay) == [[A], [C]]
    assert len(relay.connections) == 1


async def test_a_relay_that_is_gone_is_asked_no_more(
    sending: Sending, relay: ScriptedRelay
) -> None:
    """Whoever was not tried yet is left for the client's next try."""
    relay.script = {
        "DOT": [OK, Step(then="reset")],
        "GREETING": Step(b"421 busy\r\n", then="close"),
    }
    assert paths(await sending.all()) == ([A], [], [B, C])
    assert sending.tried == [A, B]


async def test_time_runs_out(
    sending: Sending, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is still waiting for its reply."""
    monkeypatch.setattr(copies, "COPIES_PATIENCE_S", -1.0)
    assert paths(await sending.all()) == ([], [], [A, B, C])
    assert not sending.tried
    assert not relay.messages


async def test_who_is_named_twice_is_sent_one(
    upstream: Upstream, duplicates: DuplicateSuppression, relay: ScriptedRelay
) -> None:
    """Both are told that it is delivered."""
    handed = transaction(A, B, A)
    sending = Sending(upstream, await taken_up(duplicates, handed), handed)
    assert paths(await sending.all()) == ([A, B, A], [], [])
    assert kept(relay) == [[A], [B]]


async def test_a_session_that_took_mail_is_renewed_once_where_it_takes_no_more(
    sending: Sending, relay: ScriptedRelay
) -> None:
    """A session that never took any is not: its relay would say so again."""
    fine = Step(b"250 fine\r\n")
    relay.script = {"MAIL": [fine, LATER, LATER]}
    assert paths(await sending.all()) == ([A], [], [B, C])
    assert [sum(line.startswith(b"MAIL") for line in lines) for lines in relay.connections] == [
        2,
        2,
    ]


# --- the notice


async def told(sending: Sending) -> Reply:
    """Send all copies; return what the client is told."""
    return await sending.copies.verdict(await sending.all(), MESSAGE)


async def test_the_sender_is_mailed_who_never_gets_it(
    sending: Sending, relay: ScriptedRelay
) -> None:
    """From nobody, so that no notice of the notice comes back; the client hears 250."""
    relay.script = {"DOT": [OK, NEVER, OK]}
    assert (await told(sending)).code == 250
    assert kept(relay) == [[A], [C], [b"<sender@example.com>"]]
    assert relay.messages[-1].mail == b"MAIL FROM:<>"
    assert b"b@example.net" in relay.messages[-1].data


@pytest.mark.parametrize(
    ("mail", "rcpt"),
    [
        (b"<>", B),
        (b"<sender@example.com>", B + b" NOTIFY=NEVER"),
        (b"<sender@example.com>", B + b" NOTIFY=delay"),
    ],
)
async def test_nobody_is_mailed_who_does_not_want_it(
    mail: bytes,
    rcpt: bytes,
    upstream: Upstream,
    duplicates: DuplicateSuppression,
    relay: ScriptedRelay,
) -> None:
    """The null sender, and a NOTIFY without FAILURE (RFC 3461 §4.1)."""
    relay.script = {"DOT": [OK, NEVER, OK]}
    handed = transaction(A, rcpt, mail=mail)
    assert (await told(Sending(upstream, await taken_up(duplicates, handed), handed))).code == 250
    assert kept(relay) == [[A]]


@pytest.mark.parametrize("step", ["MAIL", "DOT"])
async def test_a_notice_that_the_relay_does_not_take_is_a_reason_to_come_back(
    step: str, sending: Sending, relay: ScriptedRelay
) -> None:
    """The client's next try sends it, and no copy."""
    relay.script = {
        "RCPT": [OK, NEVER, OK],
        step: [OK, OK, LATER] if step == "DOT" else [OK, OK, OK, NEVER],
    }
    assert await told(sending) == replies.STILL_PENDING
    assert kept(relay) == [[A], [C]]


# --- a copy that was not sent


@pytest.mark.parametrize(
    ("refusal", "lost"),
    [
        (Reply(550, (b"no",)), False),
        (Reply(450, (b"later",)), False),
        (Reply(421, (b"closing",)), True),
        (replies.NO_RELAY, True),
        (replies.RELAY_UNINTELLIGIBLE, True),
        (replies.RELAY_CHANGED, True),
    ],
)
def test_a_refused_envelope_sends_nothing(refusal: Reply, lost: bool) -> None:  # noqa: FBT001
    """Whether the relay is still there for the others can be told from the reply."""
    assert unsent(refusal) == DataResult(refusal, Progress.NOTHING, lost=lost)
