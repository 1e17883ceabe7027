"""What is kept of a message beside the figures, for whoever asks what became of it.

Owns: the event that tells it.
Does not own: the log (`outcomes`), how long it is kept (`tracker.details`), or sending the event
(`tracking_events`).
"""

from collections.abc import Sequence

from proxy.delivery.outcomes import Handover
from proxy.rewrite.submission import Outgoing
from proxy.smtp.logged_address import shown
from proxy.smtp.queue_id import queue_id
from proxy.smtp.replies import Reply
from tracker.events import MessageHandled, Outcome, Recipient


def details(
    outcome: Outcome,
    reply: Reply,
    outgoing: Outgoing,
    handover: Handover,
    rcpts: Sequence[bytes] | None,
    now_s: float,
) -> MessageHandled:
    """Return what became of a copy for `rcpts`, None: of all; it was handed over at `now_s`."""
    transaction, submitter, pending = handover.transaction, handover.submitter, outgoing.pending
    paths = transaction.rcpt_to if rcpts is None else rcpts
    named = handover.named(outgoing.content)
    return MessageHandled(
        message_id=pending.message_id if pending else transaction.message_id.hex(),
        sent_s=int(now_s) if pending is None else pending.sent_s or int(pending.at_s),
        number=pending.recipients[0].number if pending else 1,
        sender=shown(transaction.mail.path),
        outcome=outcome,
        reply=str(reply),
        recipients=() if pending else _numbered(paths),
        subject=named.subject,
        header_message_id=named.message_id,
        queue_id=queue_id(reply) if outcome == "delivered" else None,
        relay=handover.relay,
        client=submitter.address_text,
        account=submitter.account,
        untouched=outgoing.untouched,
    )


def _numbered(paths: Sequence[bytes]) -> tuple[Recipient, ...]:
    return tuple(Recipient(number, shown(path)) for number, path in enumerate(paths, 1))
