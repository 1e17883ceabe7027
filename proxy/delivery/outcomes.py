"""What log and metrics are told of each message: how it was made, and what the relay said.

Owns: which event and which counter belongs to which outcome.
Does not own: the events and counters themselves (`config.telemetry.observe`), or deciding anything
(`delivery`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from prometheus_client import Counter

from config.schema import LogRecipients
from config.telemetry.observe import (
    CLIPPED_MESSAGES,
    DELIVERY_FAILED,
    DELIVERY_IN_DOUBT,
    HEADER_ODD,
    LINKS,
    MESSAGE_CLIPPED,
    MESSAGE_DELIVERED,
    MESSAGE_LEFT,
    MESSAGE_REFUSED,
    MESSAGE_TRACKED,
    MESSAGES,
    PLANNED_MESSAGES,
    RELAY_ALTERATIONS,
    is_written,
    log,
)
from proxy.delivery.refusals import refusal_of
from proxy.message.named_fields import NamedFields
from proxy.policy.accounts import Submitter
from proxy.policy.reasons import CURES, Untouched
from proxy.relay.session import DataResult
from proxy.rewrite.diagnosis import Diagnosis
from proxy.rewrite.submission import Findings, Outgoing
from proxy.smtp.envelope import Transaction
from proxy.smtp.logged_address import recipients, shown
from proxy.smtp.queue_id import queue_id
from proxy.smtp.replies import Reply
from tracker.events import Outcome

_KNOWN_HEADERS = frozenset(
    {
        *("from", "sender", "reply-to", "to", "cc", "date", "message-id", "subject"),
        *("references", "in-reply-to", "list-unsubscribe", "content-type"),
    }
)
_CHANGED = "changed"
"""The outcome of a copy that was not left alone."""


@cache
def _of(counter: Counter, label: str) -> Counter:
    """Return what counts for this label; looking it up takes longer than counting."""
    return counter.labels(label)


def tell_made(outgoing: Outgoing) -> None:
    """Log and count what became of a copy; nothing is told of one that nobody looked at."""
    count_made(outgoing)
    findings = outgoing.findings
    if findings is None or outgoing.refused:
        return
    for name in findings.odd_headers:
        log(HEADER_ODD, header=name)
    for before, after in findings.clipped:
        log(MESSAGE_CLIPPED, html_octets=after, without_tracking=before)
    skipped = sum(findings.skipped.values())
    if outgoing.untouched is None:
        log(MESSAGE_TRACKED, links=findings.links, skipped=skipped)
    else:
        facts = {
            "links": findings.links,
            "skipped": skipped,
            **_diagnosed(outgoing.untouched, findings),
        }
        log(MESSAGE_LEFT, reason=outgoing.untouched, **facts)


def count_made(outgoing: Outgoing) -> None:
    """Count what became of a copy."""
    findings = outgoing.findings
    if findings is None:
        return
    _of(PLANNED_MESSAGES, outgoing.untouched or _CHANGED).inc()
    if findings.clipped:
        CLIPPED_MESSAGES.inc(len(findings.clipped))
    for reason, links in findings.skipped.items():
        _of(LINKS, reason).inc(links)
    if outgoing.untouched is None:
        _of(LINKS, "tracked").inc(findings.links)
    elif outgoing.untouched is Untouched.RELAY_WOULD_ALTER and findings.diagnosis is not None:
        header = findings.diagnosis.header
        RELAY_ALTERATIONS.labels(findings.diagnosis.what, _in_metrics(header)).inc()


def _diagnosed(untouched: Untouched, findings: Findings) -> dict[str, str]:
    """Return what is known of why, where and the cure."""
    diagnosis = findings.diagnosis or Diagnosis(cure=CURES.get(untouched, ""))
    told = {"what": diagnosis.what, "where": diagnosis.where, "cure": diagnosis.cure}
    return {name: text for name, text in told.items() if text}


def _in_metrics(header: str) -> str:
    """Return a header's name, if it is none that somebody made up."""
    return header if header in _KNOWN_HEADERS or not header else "other"


@dataclass(slots=True)
class Handover:
    """Whose message goes to whom: the envelope, the client with its account, and the relay."""

    transaction: Transaction
    submitter: Submitter
    relay: str | None
    log_recipients: LogRecipients
    _named: tuple[bytes, NamedFields] | None = field(default=None, init=False, compare=False)

    def named(self, content: bytes) -> NamedFields:
        """Return the fields by which people know a copy; log and details ask both, and of the same."""
        if self._named is None or self._named[0] is not content:
            self._named = content, NamedFields(content)
        return self._named[1]


def tell_refused(outgoing: Outgoing, handover: Handover) -> None:
    """Log and count a message that we refuse."""
    MESSAGES.labels("refused").inc()
    facts = _facts(refusal_of(outgoing), outgoing, handover)
    diagnosis = outgoing.findings.diagnosis if outgoing.findings else None
    told = (
        {"what": diagnosis.what, "where": diagnosis.where, "cure": diagnosis.cure}
        if diagnosis
        else {}
    )
    facts |= {name: text for name, text in told.items() if text}
    log(MESSAGE_REFUSED, **facts, reason=outgoing.untouched)


_TOLD = {
    "delivered": MESSAGE_DELIVERED,
    "in_doubt": DELIVERY_IN_DOUBT,
    "refused": MESSAGE_REFUSED,
}


def outcome_of(result: DataResult) -> Outcome:
    """Return what the relay made of a message."""
    if result.committed:
        return "delivered"
    return "in_doubt" if result.in_doubt else "refused"


def tell_sent(
    result: DataResult, outgoing: Outgoing, handover: Handover, rcpts: Sequence[bytes] | None = None
) -> None:
    """Log and count what the relay made of a copy; `rcpts` are those of the copy, None: all."""
    outcome = outcome_of(result)
    event = _TOLD[outcome]
    _of(MESSAGES, outcome).inc()
    if not is_written(event):
        return
    facts = _facts(result.reply, outgoing, handover, rcpts)
    if result.committed:
        facts["queue_id"] = queue_id(result.reply)
    log(event, **facts)


def tell_failed(error: Exception) -> None:
    """Log and count a message that did not get as far as the relay, by a fault of ours."""
    MESSAGES.labels("failed").inc()
    log(DELIVERY_FAILED, exc_info=error)


def _facts(
    reply: Reply, outgoing: Outgoing, handover: Handover, rcpts: Sequence[bytes] | None = None
) -> dict[str, object]:
    transaction, submitter = handover.transaction, handover.submitter
    rcpts = transaction.rcpt_to if rcpts is None else rcpts
    named = recipients(rcpts, handover.log_recipients)
    pending = outgoing.pending
    return {
        "message": pending.message_id if pending else transaction.message_id.hex(),
        "client": submitter.address_text or "unknown",
        "account": submitter.account,
        "sender": shown(transaction.mail.path),
        "recipients": len(rcpts),
        **({"to": named} if named is not None else {}),
        "message_id": handover.named(outgoing.content).message_id,
        "campaign": pending.campaign if pending else None,
        "size_octets": len(outgoing.content),
        "relay": handover.relay,
        "reply": str(reply),
    }
