"""What log and metrics are told of each message."""

import pytest

from config.telemetry.observe import REGISTRY
from proxy.delivery.outcomes import count_made, tell_failed, tell_made, tell_sent
from proxy.policy.reasons import Untouched
from proxy.relay.session import DataResult, Progress
from proxy.rewrite.submission import Findings, Outgoing
from proxy.smtp.envelope import Transaction, parse_mail
from proxy.smtp.replies import Reply

FOUND = Findings(3, {"unsubscribe": 2}, clipped=((101_000, 103_000),), odd_headers=("x-odd",))


def counted(name: str, **labels: str) -> float:
    """Return a counter's value."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def gained(name: str, outgoing: Outgoing, **labels: str) -> float:
    """Return what telling of a copy adds to a counter."""
    before = counted(name, **labels)
    tell_made(outgoing)
    return counted(name, **labels) - before


def test_of_a_copy_that_was_changed_log_and_metrics_tell_its_links(logged):
    """Those that are tracked, and those that are not by their reason."""
    outgoing = Outgoing(b"", None, None, FOUND)
    assert gained("waypost_links_total", outgoing, decision="tracked") == 3
    assert gained("waypost_links_total", outgoing, decision="unsubscribe") == 2
    assert gained("waypost_planned_messages_total", outgoing, outcome="changed") == 1
    assert gained("waypost_clipped_messages_total", outgoing) == 1
    lines = {line["event"]: line for line in logged}
    assert (lines["message_tracked"]["links"], lines["message_tracked"]["skipped"]) == (3, 2)
    assert lines["header_odd"]["header"] == "x-odd"
    assert lines["message_clipped"]["without_tracking"] == 101_000


def test_of_a_copy_that_was_left_alone_they_tell_why(logged):
    """Its links are not tracked, whatever was planned."""
    outgoing = Outgoing(b"", None, Untouched.TOO_LARGE, FOUND)
    assert gained("waypost_links_total", outgoing, decision="tracked") == 0
    assert gained("waypost_planned_messages_total", outgoing, outcome="too_large") == 1
    assert {"event": "message_left", "reason": "too_large"}.items() <= logged[-1].items()


def test_after_a_fault_a_copy_is_counted_and_no_second_line_is_written(logged):
    """The fault was logged where it was caught."""
    before = counted("waypost_planned_messages_total", outcome="plan_failed")
    count_made(Outgoing(b"", None, Untouched.PLAN_FAILED, Findings()))
    assert counted("waypost_planned_messages_total", outcome="plan_failed") == before + 1
    assert not logged


def test_of_what_nobody_looked_at_nothing_is_told(logged):
    """A message of an untrusted client."""
    tell_made(Outgoing(b"", None, Untouched.UNTRUSTED))
    assert not logged


@pytest.mark.parametrize(
    ("result", "outcome", "event"),
    [
        (
            DataResult(Reply(250, (b"ok",)), Progress.COMMITTED, lost=False),
            "delivered",
            "message_delivered",
        ),
        (
            DataResult(Reply(550, (b"no",)), Progress.NOTHING, lost=False),
            "refused",
            "message_refused",
        ),
    ],
)
def test_what_the_relay_says_is_told_in_its_words(result, outcome, event, logged):
    """With who sent it, and to how many."""
    transaction = Transaction(parse_mail(b"FROM:<a@example.com>", ()), b"")
    before = counted("waypost_messages_total", outcome=outcome)
    tell_sent(result, Outgoing(b"octets", None), transaction)
    assert counted("waypost_messages_total", outcome=outcome) == before + 1
    assert (logged[-1]["event"], logged[-1]["sender"]) == (event, "a@example.com")
    assert logged[-1]["reply"] == str(result.reply)


def test_a_message_that_failed_is_told_with_its_cause(logged):
    """For whoever has to mend it."""
    tell_failed(ZeroDivisionError())
    assert logged[-1]["event"] == "delivery_failed"
    assert isinstance(logged[-1]["exc_info"], ZeroDivisionError)
