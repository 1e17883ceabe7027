"""`copies = "per-recipient"`: a copy each, no loss, and no duplicate on an identical retry."""

import asyncio
import email
import re
from pathlib import Path

import pytest

from config.schema import Config, StoreConfig
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.session_fixtures import Proxy, StartProxy, configuration
from tests.support.waiting_in_loop import until
from tracker.ingest.catch_up import catch_up
from tracker.reports import summary
from tracker.reports.figures import Figures
from tracker.store import database

MESSAGE = (
    b"From: a@example.com\r\nSubject: hello\r\nMessage-ID: <1@example.com>\r\n"
    b'Content-Type: text/html\r\n\r\n<a href="https://example.net/">read</a>\r\n'
)
TOKEN = re.compile(rb"/c/([A-Za-z0-9_-]+)")
RCPTS = (b"<1@example.net>", b"<2@example.net>", b"<3@example.net>")
OK, LATER, NEVER = Step(b"250 kept\r\n"), Step(b"450 4.2.0 later\r\n"), Step(b"550 5.7.1 no\r\n")


@pytest.fixture
async def personal(start_proxy: StartProxy) -> Proxy:
    """Run a proxy that makes a copy for each recipient."""
    return await start_proxy(proxy={"copies": "per-recipient", "max_copies": 5})


async def send(proxy: Proxy, message: bytes = MESSAGE, rcpts: tuple[bytes, ...] = RCPTS) -> bytes:
    """Send one message; return the start of the reply to its dot."""
    client = await proxy.dial()
    await client.transaction(*rcpts)
    reply = await client.message(message)
    await client.ask(b"QUIT")
    return reply.wire()


def kept(relay: ScriptedRelay) -> list[list[bytes]]:
    """Return the recipients of each message at the relay."""
    return [[rcpt.removeprefix(b"RCPT TO:") for rcpt in each.rcpts] for each in relay.messages]


async def test_each_recipient_gets_links_of_their_own(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """One transaction a recipient, and as many different tokens."""
    assert (await send(personal)).startswith(b"250")
    assert kept(relay) == [[rcpt] for rcpt in RCPTS]
    assert len({TOKEN.search(each.data)[1] for each in relay.messages}) == 3


async def test_nothing_to_track_is_one_message(personal: Proxy, relay: ScriptedRelay) -> None:
    """Copies that would be the same are not made."""
    plain = MESSAGE.replace(b"text/html", b"text/plain")
    assert (await send(personal, plain)).startswith(b"250")
    assert kept(relay) == [list(RCPTS)]


async def test_an_identical_retry_goes_on_where_the_last_ended(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """451 while one is pending; nobody gets it twice, and nobody is left out."""
    relay.script = {"DOT": [OK, LATER, OK]}
    assert (await send(personal)).startswith(b"451")
    assert kept(relay) == [[RCPTS[0]], [RCPTS[2]]]
    assert (await send(personal)).startswith(b"250")
    assert kept(relay) == [[RCPTS[0]], [RCPTS[2]], [RCPTS[1]]]


async def test_a_retry_counts_as_the_same_message(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """Whoever of its recipients is left; each keeps the number that tells clicks apart."""
    store = {"url": f"sqlite:///{tmp_path}/shared.db"}
    relay.script = {"DOT": [OK, LATER, LATER, OK, LATER, OK]}
    for _ in range(3):  # each by a proxy of its own
        proxy = await start_proxy(proxy={"copies": "per-recipient"}, store=store)
        reply = await send(proxy)
        await proxy.server.stop()
    assert reply.startswith(b"250")
    config = Config(store=StoreConfig(**store))
    assert catch_up(config).octets == 0
    with database.reading(config.store) as db:
        assert summary.report(db).totals == Figures(messages=1, deliveries=3)


async def test_the_journal_outlives_the_process(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: object
) -> None:
    """Another proxy on the same store goes on."""
    store = {"url": f"sqlite:///{tmp_path}/shared.db"}
    relay.script = {"DOT": [OK, Step(then="reset"), OK]}
    first = await start_proxy(proxy={"copies": "per-recipient"}, store=store)
    assert (await send(first)).startswith(b"451")
    await first.server.stop()
    relay.script = {}
    second = await start_proxy(proxy={"copies": "per-recipient"}, store=store)
    assert (await send(second)).startswith(b"250")
    assert kept(relay) == [[rcpt] for rcpt in RCPTS]


async def test_a_retry_that_is_tracked_no_more_is_as_others_are_then(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: object
) -> None:
    """Who did not get it yet gets it without the headers that were meant for us."""
    store = {"url": f"sqlite:///{tmp_path}/shared.db"}
    message = b"X-Track-Links: yes\r\n" + MESSAGE
    relay.script = {"DOT": [OK, LATER, OK]}
    first = await start_proxy(proxy={"copies": "per-recipient"}, store=store)
    assert (await send(first, message)).startswith(b"451")
    off = {"enabled": False}
    second = await start_proxy(proxy={"copies": "per-recipient"}, store=store, tracking=off)
    assert (await send(second, message)).startswith(b"250")
    assert relay.messages[-1].data == MESSAGE
    assert kept(relay) == [[RCPTS[0]], [RCPTS[2]], [RCPTS[1]]]


async def test_the_same_message_sent_twice_on_purpose_arrives_twice(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """Once its client has heard 250, a message is forgotten."""
    for _ in range(2):
        assert (await send(personal)).startswith(b"250")
    assert len(relay.messages) == 6


async def test_the_same_message_sent_twice_at_once_arrives_twice(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """The second is asked to come back while the first is at work."""
    is_over = asyncio.Event()
    relay.script = {"DOT": Step(b"250 kept\r\n", once=is_over)}
    both = [asyncio.create_task(send(personal)) for _ in range(2)]
    (second,), (first,) = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert (await second).startswith(b"451")
    is_over.set()
    assert (await first).startswith(b"250")
    assert (await send(personal)).startswith(b"250")
    assert len(relay.messages) == 6


async def test_a_client_gone_after_its_dot_may_try_again(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """It did not hear the 250: its retry gets that, and nobody a second copy."""
    is_gone = asyncio.Event()
    relay.script = {"DOT": Step(b"250 kept\r\n", once=is_gone)}
    client = await personal.dial()
    await client.transaction(*RCPTS)
    await client.ask(b"DATA")
    client.send(MESSAGE + b".\r\n")
    await until(lambda: b"DATA" in relay.commands)
    client.reset()
    is_gone.set()
    await until(lambda: not personal.server._tasks)
    assert len(relay.messages) == 3
    assert (await send(personal)).startswith(b"250")
    assert len(relay.messages) == 3


async def test_batches_of_one_message_do_not_disturb_each_other(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """A mailer splits a long list: what one batch still has to do, no other forgets."""
    relay.script = {"DOT": [OK, LATER, OK]}
    assert (await send(personal, rcpts=RCPTS[:2])).startswith(b"451")
    assert (await send(personal, rcpts=(b"<4@example.net>", b"<5@example.net>"))).startswith(b"250")
    relay.messages.clear()
    assert (await send(personal, rcpts=RCPTS[:2])).startswith(b"250")
    assert kept(relay) == [[RCPTS[1]]]


async def test_batches_at_once_do_not_wait_for_each_other(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """Only a recipient of both could get a copy twice."""
    both_there = asyncio.Event()
    relay.script = {"DOT": Step(b"250 kept\r\n", once=both_there)}
    batches = RCPTS[:2], (b"<4@example.net>", b"<5@example.net>")
    sending = [asyncio.create_task(send(personal, rcpts=batch)) for batch in batches]
    await until(lambda: relay.commands.count(b"DATA") == 2)
    both_there.set()
    assert [(await each)[:3] for each in sending] == [b"250", b"250"]
    assert len(relay.messages) == 4


async def test_a_retry_whose_other_recipients_are_refused_by_now_is_still_a_retry(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """It names the same recipients; that one of them is left does not make it another message."""
    relay.script = {"DOT": [OK, LATER]}
    assert (await send(personal, rcpts=RCPTS[:2])).startswith(b"451")
    relay.script = {"RCPT": [Step(b"250 ok\r\n"), NEVER]}
    client = await personal.dial()
    await client.transaction(RCPTS[0])
    assert (await client.ask(b"RCPT TO:" + RCPTS[1])).code == 550
    assert (await client.message(MESSAGE)).code == 250
    assert kept(relay) == [[RCPTS[0]]]


async def test_who_is_named_twice_gets_one_copy(personal: Proxy, relay: ScriptedRelay) -> None:
    """As of one message with two such RCPT."""
    assert (await send(personal, rcpts=(RCPTS[0], RCPTS[1], RCPTS[0]))).startswith(b"250")
    assert kept(relay) == [[RCPTS[0]], [RCPTS[1]]]


async def test_a_reload_does_not_change_the_store(
    personal: Proxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """What is known of copies, consents and events stays in one place until a restart."""
    before = personal.server.services
    (tmp_path / "new").mkdir()
    changed = configuration(tmp_path / "new", relay.port, proxy={"copies": "per-recipient"})
    personal.server.reload(lambda: changed)
    after = personal.server.services
    assert after is not before
    assert (after.delivered_db, after.spool) == (before.delivered_db, before.spool)
    assert after.consents is before.consents
    assert after.config.store == before.config.store


async def test_a_reload_does_not_forget_what_is_at_work(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """Sessions before and after it know of one another's messages."""
    settings = {
        "proxy": {"copies": "per-recipient"},
        "store": {"url": f"sqlite:///{tmp_path}/shared.db"},
    }
    proxy = await start_proxy(**settings)
    is_told = asyncio.Event()
    relay.script = {"DOT": Step(b"250 kept\r\n", once=is_told)}
    first = asyncio.create_task(send(proxy))
    await until(lambda: b"DATA" in relay.commands)
    (tmp_path / "new").mkdir()
    proxy.server.reload(lambda: configuration(tmp_path / "new", relay.port, **settings))
    assert (await send(proxy)).startswith(b"451")
    is_told.set()
    assert (await first).startswith(b"250")
    assert len(relay.messages) == 3


async def test_refused_by_all_is_a_refusal(personal: Proxy, relay: ScriptedRelay) -> None:
    """In the relay's own words."""
    relay.script = {"DOT": NEVER}
    assert (await send(personal)) == b"550 5.7.1 no\r\n"


async def test_refused_by_some_is_a_notice(personal: Proxy, relay: ScriptedRelay) -> None:
    """RFC 3464: the sender is told by mail who will never get it, and the client 250."""
    relay.script = {"DOT": [OK, NEVER, OK]}
    assert (await send(personal)).startswith(b"250")
    assert kept(relay) == [[RCPTS[0]], [RCPTS[2]], [b"<sender@example.com>"]]
    assert relay.messages[-1].mail == b"MAIL FROM:<>"
    notice = email.message_from_bytes(relay.messages[-1].data)
    assert notice.get_content_type() == "multipart/report"
    text, status, header = notice.get_payload()
    assert "2@example.net" in text.get_payload(decode=True).decode()
    (_, rcpt) = status.get_payload()
    assert rcpt["Final-Recipient"] == "rfc822; 2@example.net"
    assert (rcpt["Action"], rcpt["Status"]) == ("failed", "5.7.1")
    assert rcpt["Diagnostic-Code"] == "smtp; 550 5.7.1 no"
    assert "Message-ID: <1@example.com>" in header.get_payload()


@pytest.mark.parametrize("notify", [b"NEVER", b"SUCCESS", b"success,delay"])
async def test_who_does_not_ask_for_failures_gets_no_notice(
    notify: bytes, personal: Proxy, relay: ScriptedRelay
) -> None:
    """RFC 3461 §4.1."""
    relay.script = {"DOT": [OK, NEVER]}
    rcpts = (RCPTS[0], RCPTS[1] + b" NOTIFY=" + notify)
    assert (await send(personal, rcpts=rcpts)).startswith(b"250")
    assert kept(relay) == [[RCPTS[0]]]


@pytest.mark.parametrize("declared", [" SMTPUTF8", ""])
async def test_a_notice_beyond_ascii_says_so_where_the_message_did(
    declared: str, personal: Proxy, relay: ScriptedRelay
) -> None:
    """Otherwise the relay might not take it, and the client would try for ever."""
    relay.script = {"DOT": [OK, NEVER, OK]}
    client = await personal.dial()
    await client.transaction(*RCPTS[:2], mail=f"<é@example.com>{declared}".encode())
    assert (await client.message(MESSAGE)).code == 250
    assert relay.messages[-1].mail == f"MAIL FROM:<>{declared}".encode()


async def test_a_notice_that_cannot_be_sent_is_tried_again(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """Until then the client hears 451, and nobody gets a second copy."""
    relay.script = {"DOT": [OK, NEVER, OK, LATER]}
    assert (await send(personal)).startswith(b"451")
    relay.script = {"DOT": [NEVER, OK]}
    assert (await send(personal)).startswith(b"250")
    assert kept(relay) == [[RCPTS[0]], [RCPTS[2]], [b"<sender@example.com>"]]


async def test_a_verdict_at_rcpt_is_the_relays_own(personal: Proxy, relay: ScriptedRelay) -> None:
    """RCPT is asked live, and those refused there are not tried again."""
    relay.script = {"RCPT": [OK, NEVER, OK]}
    client = await personal.dial()
    client.send(
        b"MAIL FROM:<a@example.com>\r\n" + b"".join(b"RCPT TO:" + r + b"\r\n" for r in RCPTS)
    )
    assert [(await client.reply()).code for _ in range(4)] == [250, 250, 550, 250]
    assert (await client.message(MESSAGE)).code == 250
    assert kept(relay) == [[RCPTS[0]], [RCPTS[2]]]


async def test_copies_are_bounded(personal: Proxy) -> None:
    """452 at RCPT beyond max_copies: the client makes another transaction of the rest."""
    client = await personal.dial()
    await client.transaction(*(b"<%d@example.net>" % number for number in range(5)))
    assert (await client.ask(b"RCPT TO:<6@example.net>")).wire().startswith(b"452 4.5.3")


async def test_a_group_is_bounded_as_one_after_the_other_is(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """Pipelining is no way around max_copies."""
    client = await personal.dial()
    rcpts = b"".join(b"RCPT TO:<%d@example.net>\r\n" % number for number in range(8))
    client.send(b"MAIL FROM:<a@example.com>\r\n" + rcpts)
    codes = [(await client.reply()).code for _ in range(9)]
    assert codes == [250] * 6 + [452] * 3
    assert (await client.message(MESSAGE)).code == 250
    assert len(relay.messages) == 5


@pytest.mark.parametrize("enough", [b"451 4.7.0 enough\r\n", b"421 4.7.0 enough\r\n"])
async def test_a_relay_that_takes_a_few_messages_from_each_session_gets_them_all(
    enough: bytes, personal: Proxy, relay: ScriptedRelay
) -> None:
    """The client made one message of them: it need not come back for the rest."""
    fine, refused = Step(b"250 ok\r\n"), Step(enough)
    relay.script = {"MAIL": [fine, fine, fine, refused, fine]}
    assert (await send(personal)).startswith(b"250")
    assert kept(relay) == [[rcpt] for rcpt in RCPTS]
    assert len(relay.connections) == 2


async def test_a_relay_that_puts_off_the_sender_is_asked_twice_at_most(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """Once on the session that has taken mail, once on a fresh one."""
    fine, refused = Step(b"250 ok\r\n"), Step(b"451 4.7.0 enough\r\n")
    relay.script = {"MAIL": [fine, fine, refused]}
    assert (await send(personal)).startswith(b"451")
    assert kept(relay) == [[RCPTS[0]]]
    assert len(relay.connections) == 2


async def test_without_a_message_id_nothing_is_remembered(
    personal: Proxy, relay: ScriptedRelay
) -> None:
    """A message without a name of its own is no retry of another."""
    anonymous = MESSAGE.replace(b"Message-ID: <1@example.com>\r\n", b"")
    relay.script = {"DOT": [OK, LATER, OK]}
    assert (await send(personal, anonymous)).startswith(b"451")
    assert (await send(personal, anonymous)).startswith(b"250")
    assert len(relay.messages) == 5


async def test_a_broken_journal_does_not_hold_mail(
    start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """At worst a retry delivers twice."""
    proxy = await start_proxy(
        proxy={"copies": "per-recipient"}, store={"url": "sqlite:////proc/nowhere/waypost.db"}
    )
    assert (await send(proxy)).startswith(b"250")
    assert kept(relay) == [[rcpt] for rcpt in RCPTS]
