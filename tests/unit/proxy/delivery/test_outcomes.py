"""What log and metrics are told of a message."""

import pytest

from config.addresses import parse_ip
from proxy.delivery.outcomes import (
    Handover,
    count_made,
    tell_failed,
    tell_made,
    tell_refused,
    tell_sent,
)
from proxy.policy.accounts import Submitter
from proxy.policy.reasons import Skip, Untouched
from proxy.relay.session import DataResult, Progress
from proxy.rewrite.diagnosis import Diagnosis
from proxy.rewrite.submission import Findings, Outgoing
from proxy.smtp import replies
from proxy.smtp.envelope import Transaction
from proxy.smtp.replies import Reply
from tests.support.checks.facts import pending
from tests.support.delivering import transaction
from tests.support.feeding import metric

FINDINGS = Findings(
    links=3,
    skipped={Skip.SENSITIVE: 2, Skip.OWN_HOST: 1},
    clipped=((101_000, 103_000),),
    odd_headers=("x-track-links",),
)


def handover(handed: Transaction) -> Handover:
    """Return one between a client that is logged in and a relay."""
    submitter = Submitter(parse_ip("192.0.2.1"), logged_in=True, account="shop")
    return Handover(handed, submitter, "relay:25", "full")


def counted() -> dict[str, float]:
    """Return what metrics say now of messages and links."""
    links = {
        each: metric("waypost_links_total", decision=each)
        for each in ("tracked", "sensitive", "own_host")
    }
    messages = {
        each: metric("waypost_planned_messages_total", outcome=each)
        for each in ("changed", "too_large")
    }
    return {**links, **messages, "clipped": metric("waypost_clipped_messages_total")}


def added(before: dict[str, float]) -> dict[str, float]:
    """Return what was added since, where anything was."""
    return {name: now - before[name] for name, now in counted().items() if now != before[name]}


def test_a_tracked_copy_is_logged_and_counted(logged):
    """Its links by decision; parts that are clipped and headers that are odd each have a line."""
    before = counted()
    tell_made(Outgoing(b"", None, None, FINDINGS))
    assert logged == [
        {"event": "header_odd", "header": "x-track-links", "log_level": "warning"},
        {"event": "message_clipped", "html_octets": 103_000, "without_tracking": 101_000, "log_level": "warning"},
        {"event": "message_tracked", "links": 3, "skipped": 3, "log_level": "debug"},
    ]  # fmt: skip
    assert added(before) == {
        "tracked": 3,
        "sensitive": 2,
        "own_host": 1,
        "changed": 1,
        "clipped": 1,
    }


def test_a_copy_that_was_left_alone_has_its_reason(logged):
    """Its links are not counted as tracked, whatever was planned."""
    before = counted()
    tell_made(Outgoing(b"", None, Untouched.TOO_LARGE, Findings(3, {Skip.SENSITIVE: 1})))
    assert logged == [
        {
            "event": "message_left",
            "reason": "too_large",
            "links": 3,
            "skipped": 1,
            "cure": "make the message smaller",
            "log_level": "info",
        }
    ]
    assert added(before) == {"too_large": 1, "sensitive": 1}


@pytest.mark.parametrize(("header", "counted_as"), [("to", "to"), ("x-made-up", "other"), ("", "")])
def test_what_a_relay_would_alter_is_logged_and_counted(header, counted_as, logged):
    """With its place and the cure; metrics name no header that somebody made up."""
    labels = {"alteration": "line_too_long", "header": counted_as}
    before = metric("waypost_relay_alterations_total", **labels)
    findings = Findings(diagnosis=Diagnosis("line_too_long", header, 7, "break it"))
    tell_made(Outgoing(b"", None, Untouched.RELAY_WOULD_ALTER, findings))
    (line,) = logged
    assert (line["what"], line["cure"]) == ("line_too_long", "break it")
    assert line["where"].endswith("line 7")
    assert metric("waypost_relay_alterations_total", **labels) == before + 1


def test_a_copy_that_nobody_looked_at_is_not_told_of(logged):
    """A message of a client that is not trusted goes on as it is."""
    before = counted()
    tell_made(Outgoing(b"", None, Untouched.UNTRUSTED))
    assert (logged, added(before)) == ([], {})


def test_a_copy_can_be_counted_without_a_line(logged):
    """After a fault, of which the log was told before."""
    before = counted()
    count_made(Outgoing(b"", None, Untouched.TOO_LARGE, Findings()))
    assert (logged, added(before)) == ([], {"too_large": 1})


@pytest.mark.parametrize(
    ("result", "event", "outcome"),
    [
        (DataResult(Reply(250, (b"kept",)), Progress.COMMITTED, lost=False), "message_delivered", "delivered"),
        (DataResult(Reply(550, (b"no",)), Progress.NOTHING, lost=False), "message_refused", "refused"),
        (DataResult(replies.RELAY_LOST, Progress.IN_DOUBT, lost=True), "delivery_in_doubt", "in_doubt"),
    ],
)  # fmt: skip
def test_what_the_relay_made_of_a_copy_is_logged_and_counted(result, event, outcome, logged):
    """With what is needed to find it again at the relay."""
    before = metric("waypost_messages_total", outcome=outcome)
    handed = transaction(b"<b@example.net>", b"<c@example.net>", mail="<é@example.com>".encode())
    tell_sent(result, Outgoing(b"12345", pending("m7")), handover(handed))
    (line,) = logged
    assert line["event"] == event
    assert (line["client"], line["account"], line["relay"]) == ("192.0.2.1", "shop", "relay:25")
    assert line["to"] == ["b@example.net", "c@example.net"]
    assert (line["message"], line["sender"], line["recipients"]) == ("m7", "é@example.com", 2)
    assert (line["size_octets"], line["reply"]) == (5, str(result.reply))
    assert metric("waypost_messages_total", outcome=outcome) == before + 1


def test_a_sender_that_is_no_text_is_told_all_the_same(logged):
    """No octets of a client break the log; a message without tracked links has an id as well."""
    handed = transaction(b"<b@example.net>")
    handed.mail = type(handed.mail)(b"\xff", {}, b"", 0)
    result = DataResult(replies.OK, Progress.COMMITTED, lost=False)
    tell_sent(result, Outgoing(b"", None), handover(handed))
    assert (logged[0]["sender"], logged[0]["message"]) == ("\\xff", handed.message_id.hex())


def test_a_message_that_did_not_get_to_the_relay_is_a_failure(logged):
    """The log has the fault."""
    before = metric("waypost_messages_total", outcome="failed")
    tell_failed(error := ValueError("odd"))
    assert [(line["event"], line["exc_info"]) for line in logged] == [("delivery_failed", error)]
    assert metric("waypost_messages_total", outcome="failed") == before + 1


def test_a_message_that_we_refuse_is_logged_once(logged):
    """With our reply, and why."""
    refused = Outgoing(b"12345", None, Untouched.NOT_ITS_ACCOUNT, Findings(), refused=True)
    before = metric("waypost_messages_total", outcome="refused")
    tell_made(refused)
    handed = transaction(b"<a@example.net>")
    tell_refused(refused, handover(handed))
    assert logged == [
        {
            "event": "message_refused",
            "log_level": "info",
            "message": handed.message_id.hex(),
            "client": "192.0.2.1",
            "account": "shop",
            "sender": "sender@example.com",
            "recipients": 1,
            "to": ["a@example.net"],
            "message_id": None,
            "campaign": None,
            "size_octets": 5,
            "relay": "relay:25",
            "reply": "550 5.7.1 You may not send as the domain in From",
            "reason": "not_its_account",
        }
    ]
    assert metric("waypost_messages_total", outcome="refused") == before + 1


def test_the_fields_of_another_copy_are_its_own():
    """However often those of one are asked for."""
    handed = handover(transaction())
    one, another = (b"Message-ID: <%s@example.com>\r\n\r\n" % name for name in (b"a", b"b"))
    assert handed.named(one) is handed.named(one)
    assert handed.named(one).message_id == "<a@example.com>"
    assert handed.named(another).message_id == "<b@example.com>"
