"""What log and metrics are told of each message: how it was made, and what the relay said.

Owns: which event and which counter belongs to which outcome.
Does not own: the events and counters themselves (`config.telemetry.observe`), or deciding anything
(`delivery`).
"""

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
    log,
)
from proxy.relay.session import DataResult
from proxy.rewrite.submission import Outgoing
from proxy.smtp import replies
from proxy.smtp.envelope import Transaction
from proxy.smtp.replies import Reply

_CHANGED = "changed"
"""The outcome of a copy that was not left alone."""


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
        log(MESSAGE_LEFT, reason=outgoing.untouched, links=findings.links, skipped=skipped)


def count_made(outgoing: Outgoing) -> None:
    """Count what became of a copy."""
    findings = outgoing.findings
    if findings is None:
        return
    PLANNED_MESSAGES.labels(outgoing.untouched or _CHANGED).inc()
    CLIPPED_MESSAGES.inc(len(findings.clipped))
    for reason, links in findings.skipped.items():
        LINKS.labels(reason).inc(links)
    if outgoing.untouched is None:
        LINKS.labels("tracked").inc(findings.links)


def tell_refused(outgoing: Outgoing, transaction: Transaction) -> None:
    """Log and count a message that we refuse."""
    MESSAGES.labels("refused").inc()
    facts = _facts(replies.NOT_ITS_ACCOUNT, outgoing, transaction)
    log(MESSAGE_REFUSED, **facts, reason=outgoing.untouched)


def tell_sent(result: DataResult, outgoing: Outgoing, transaction: Transaction) -> None:
    """Log and count what the relay made of a copy."""
    if result.committed:
        outcome, event = "delivered", MESSAGE_DELIVERED
    elif result.in_doubt:
        outcome, event = "in_doubt", DELIVERY_IN_DOUBT
    else:
        outcome, event = "refused", MESSAGE_REFUSED
    MESSAGES.labels(outcome).inc()
    log(event, **_facts(result.reply, outgoing, transaction))


def tell_failed(error: Exception) -> None:
    """Log and count a message that did not get as far as the relay, by a fault of ours."""
    MESSAGES.labels("failed").inc()
    log(DELIVERY_FAILED, exc_info=error)


def _facts(reply: Reply, outgoing: Outgoing, transaction: Transaction) -> dict[str, object]:
    return {
        "message": outgoing.pending.message_id if outgoing.pending else None,
        "sender": transaction.mail.path.decode("utf-8", "backslashreplace"),
        "recipients": len(transaction.rcpts),
        "size_octets": len(outgoing.content),
        "reply": str(reply),
    }
