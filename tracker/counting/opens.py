"""Opens: which copies carried a pixel, and how often it was fetched.

Owns: what is written to the tables of opens. Off by default, and apart from clicks: no figure of
clicks ever counts an open.
Does not own: the pixel in a message (`proxy.rewrite.pixel`), its answer
(`tracker.redirect.redirector`), what people ask (`tracker.reports.opens`), or when old rows go
(`tracker.retention.retention`).

An open belongs to a copy of a message, never to a person: nothing here names anybody. Events may
come in any order and more than once; attribution happens when a report asks.
"""

from collections.abc import Iterable, Iterator, Sequence

from tracker.counting.model import key_of
from tracker.counting.rows import Row
from tracker.events import Event, MessageAccepted, MessagePending, MessageRefused, Opened
from tracker.sql.db import Db
from tracker.store.keys import event_octets
from tracker.store.reserved import NO_CAMPAIGN
from tracker.store.rows import named_rows

_SENT = """
    INSERT INTO pixels (sent_s, message_id, number, campaign_id, personal, accepted)
    VALUES (:sent_s, :message_id, :number, :campaign_id, :personal, 0)
    ON CONFLICT (sent_s, message_id, number) DO UPDATE SET campaign_id = excluded.campaign_id, personal = excluded.personal
"""
_ACCEPTED = """
    INSERT INTO pixels (sent_s, message_id, number, campaign_id, personal, accepted)
    VALUES (:sent_s, :message_id, :number, :campaign_id, 0, 1)
    ON CONFLICT (sent_s, message_id, number) DO UPDATE SET accepted = 1
"""
_OPENED = """
    INSERT INTO opens (sent_s, message_id, event_id, number, human)
    VALUES (:sent_s, :message_id, :event_id, :number, :human)
    ON CONFLICT DO NOTHING
"""


def alone(event: Event) -> bool:
    """Return whether an event concerns opens alone, neither links nor clicks."""
    match event:
        case Opened():
            return True
        case MessagePending() | MessageAccepted() | MessageRefused():
            return not event.links
    return False


def feed(db: Db, events: Sequence[Event], horizon_s: float) -> None:
    """Write down what `events` say of opens, within the caller's transaction.

    Where tokens tell another second than events do, reports look there as well. What was sent before `horizon_s` is purged, and stays so.
    """
    about_opens = [event for event in events if isinstance(event, Opened) or _has_pixel(event)]
    if not about_opens:
        return
    kept = [event for event in about_opens if key_of(event).sent_s >= horizon_s]
    sent = [event for event in kept if isinstance(event, MessagePending)]
    accepted = [event for event in kept if isinstance(event, MessageAccepted)]
    opened = [event for event in kept if isinstance(event, Opened)]
    db.executemany(_SENT, _sent_rows(db, sent))
    db.executemany(_ACCEPTED, _accepted_rows(accepted))
    db.executemany(_OPENED, map(_opened_row, opened))


def _has_pixel(event: Event) -> bool:
    return isinstance(event, MessagePending | MessageAccepted) and event.opens


def _sent_rows(db: Db, sent: Sequence[MessagePending]) -> Iterator[Row]:
    campaigns = named_rows.ids(db, "campaigns", {each.campaign for each in sent if each.campaign})
    for each in sent:
        for recipient in each.recipients:
            yield {
                **key_of(each)._asdict(),
                "number": recipient.number,
                "campaign_id": campaigns[each.campaign] if each.campaign else NO_CAMPAIGN,
                "personal": not each.shared,
            }


def _accepted_rows(accepted: Iterable[MessageAccepted]) -> Iterator[Row]:
    for each in accepted:
        for number in each.recipients:
            yield {
                **key_of(each)._asdict(),
                "number": number,
                "campaign_id": NO_CAMPAIGN,
            }


def _opened_row(event: Opened) -> Row:
    return {
        **key_of(event)._asdict(),
        "event_id": event_octets(event.event_id, event.at_s),
        "number": event.recipient,
        "human": event.human,
    }
