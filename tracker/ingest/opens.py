"""Opens: which copies carried a pixel, and how often it was fetched.

Owns: what is written to the tables of opens. Off by default, and apart from clicks: no figure of
clicks ever counts an open.
Does not own: the pixel in a message (`proxy.rewrite.pixel`), its answer
(`tracker.redirect.redirector`), what people ask (`tracker.reports.opens`), or when old rows go
(`tracker.store.retention`).

An open belongs to a copy of a message, never to a person: nothing here names anybody. Events may
come in any order and more than once; attribution happens when a report asks.
"""

from collections.abc import Iterator, Sequence

from sqlite_utils import Database

from tracker.events import Event, MessageAccepted, MessagePending, Opened
from tracker.store import named_rows
from tracker.store.reserved import NO_CAMPAIGN

_SENT = """
    INSERT INTO pixels VALUES (?, ?, ?, ?, ?, 0)
    ON CONFLICT DO UPDATE SET sent_at_s = excluded.sent_at_s,
        campaign_id = excluded.campaign_id, personal = excluded.personal
"""
_ACCEPTED = """
    INSERT INTO pixels VALUES (?, ?, ?, ?, 0, 1) ON CONFLICT DO UPDATE SET accepted = 1
"""
_OPENED = "INSERT OR IGNORE INTO opens VALUES (?, ?, ?, ?, ?, ?)"


def alone(event: Event) -> bool:
    """Tell whether an event concerns opens alone: then it says nothing of links and clicks."""
    match event:
        case Opened():
            return True
        case MessagePending() | MessageAccepted():
            return not event.links
    return False


def feed(db: Database, events: Sequence[Event], horizon_s: float) -> None:
    """Keep what `events` say of opens, within the caller's transaction.

    What was sent before `horizon_s` is purged, and stays so.
    """
    sent = [each for each in events if isinstance(each, MessagePending) and each.opens]
    accepted = [each for each in events if isinstance(each, MessageAccepted) and each.opens]
    opened = [each for each in events if isinstance(each, Opened)]
    db.conn.executemany(_SENT, _sent(db, [each for each in sent if each.at_s >= horizon_s]))
    db.conn.executemany(
        _ACCEPTED,
        [
            (each.message_id, number, each.at_s, NO_CAMPAIGN)
            for each in accepted
            for number in each.recipients
            if each.at_s >= horizon_s
        ],
    )
    db.conn.executemany(
        _OPENED,
        [
            (e.event_id, e.message_id, e.recipient, e.sent_at_s, e.at_s, e.human)
            for e in opened
            if e.sent_at_s >= horizon_s
        ],
    )


def _sent(db: Database, sent: Sequence[MessagePending]) -> Iterator[tuple[object, ...]]:
    campaigns = named_rows.ids(db, "campaigns", {each.campaign for each in sent if each.campaign})
    for each in sent:
        campaign = campaigns[each.campaign] if each.campaign else NO_CAMPAIGN
        for recipient in each.recipients:
            yield each.message_id, recipient.number, each.at_s, campaign, not each.shared
