"""What became of messages, as tests tell it."""

from tracker.events import MessageHandled, Recipient

SENT_S = 1_790_000_000


def handled(number: int = 1, *recipients: Recipient) -> MessageHandled:
    """Return what became of a message; recipients are those that no other event tells of."""
    return MessageHandled(
        message_id="00000000000000aa",
        sent_s=SENT_S,
        number=number,
        sender="app@example.com",
        outcome="delivered",
        reply="250 2.0.0 Ok: queued as 4Fk2",
        recipients=recipients,
        subject="Your order",
        header_message_id="<1@example.com>",
        queue_id="4Fk2",
        relay="relay.example.com:25",
        client="192.0.2.7",
        account="shop",
    )
