"""Opens: which copies carried a pixel, and how often it was fetched.

Owns: what is written to the tables of opens. Off by default, and apart from clicks: no figure of
clicks ever counts an open.
Does not own: the pixel in a message (`proxy.rewrite.pixel`), its answer
(`tracker.redirect.redirector`), what people ask (`tracker.reports.opens`), or when old rows go
(`tracker.store.retention`).

An open belongs to a copy of a message, never to a person: nothing here names anybody. Events may
come in any order and more than once; attribution happens when a report asks.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlite_utils import Database

from tracker.counting.rows import Row
from tracker.events import Event, MessageAccepted, MessagePending, MessageRefused, Opened
from tracker.store import named_rows
from tracker.store.reserved import NO_CAMPAIGN

_SENT = """
    INSERT INTO pixels (message_id, number, sent_at_s, campaign_id, personal, accepted)
    VALUES (:message_id, :number, :sent_at_s, :campaign_id, :personal, 0)
    ON CONFLICT DO UPDATE SET sent_at_s = excluded.sent_at_s,
        campaign_id = excluded.campaign_id, personal = excluded.personal
"""
_ACCEPTED = """
    INSERT INTO pixels (message_id, number, sent_at_s, campaign_id, personal, accepted)
    VALUES (:message_id, :number, :sent_at_s, :campaign_id, 0, 1)
    ON CONFLICT DO UPDATE SET accepted = 1
"""
_OPENED = """
    INSERT OR IGNORE INTO opens (event_id, message_id, number, sent_at_s, at_s, human)
    VALUES (:event_id, :message_id, :number, :sent_at_s, :at_s, :human)
"""


def alone(event: Event) -> bool:
    """Return whether an event concerns opens alone, neither links nor clicks."""
    match event:
        case Opened():
            return True
        case MessagePending() | MessageAccepted() | MessageRefused():
            return not event.links
    return False


def feed(db: Database, events: Sequence[Event], horizon_s: float) -> None:
    """Write down what `events` say of opens, within the caller's transaction.

    What was sent before `horizon_s` is purged, and stays so.
    """
    sent = [e for e in events if isinstance(e, MessagePending) and e.opens and e.at_s >= horizon_s]
    accepted = [
        e for e in events if isinstance(e, MessageAccepted) and e.opens and e.at_s >= horizon_s
    ]
    opened = [e for e in events if isinstance(e, Opened) and e.sent_at_s >= horizon_s]
    db.conn.executemany(_SENT, _sent_rows(db, sent))
    db.conn.executemany(_ACCEPTED, _accepted_rows(accepted))
    db.conn.executemany(_OPENED, map(_opened_row, opened))


def _sent_rows(db: Database, sent: Sequence[MessagePending]) -> Iterator[Row]:
    campaigns = named_rows.ids(db, "campaigns", {each.campaign for each in sent if each.campaign})
    for each in sent:
        for recipient in each.recipients:
            yield {
                "message_id": each.message_id,
                "number": recipient.number,
                "sent_at_s": each.at_s,
                "campaign_id": campaigns[each.campaign] if each.campaign else NO_CAMPAIGN,
                "personal": not each.shared,
            }


def _accepted_rows(accepted: Iterable[MessageAccepted]) -> Iterator[Row]:
    for each in accepted:
        for number in each.recipients:
            yield {
                "message_id": each.message_id,
                "number": number,
                "sent_at_s": each.at_s,
                "campaign_id": NO_CAMPAIGN,
            }


def _opened_row(event: Opened) -> Row:
    return {
        "event_id": event.event_id,
        "message_id": event.message_id,
        "number": event.recipient,
        "sent_at_s": event.sent_at_s,
        "at_s": event.at_s,
        "human": event.human,
    }
