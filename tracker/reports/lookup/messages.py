"""Messages: the latest, or those that a name leads to, a line each.

Owns: the question, its bounds, and its cursor.
Does not own: finding a message by a name (`tracker.details.lookup`), or all that is known of one
(`tracker.reports.story`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tracker.details import lookup
from tracker.reports.figures import Json
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.store import named_rows, persons
from tracker.store.keys import MessageKey

LIMIT = 1000
COLUMNS = (
    *("message", "sent_s", "campaign_id", "campaign", "subject", "recipients", "address"),
    *("accepted", "refused", "outcome", "clicks", "clicks_human"),
)
"""`recipients` is how many there are, `address` the first one's; of these so many were `accepted` by the
relay, or `refused`. `outcome` is that of the first copy, while details are kept, and of mail without
tracking all there is."""

_CURSOR = re.compile(r"(\d{1,12})-([0-9a-f]{16})", re.ASCII)
_LATEST = """
    SELECT sent_s, message_id FROM messages
    WHERE (sent_s, message_id) < (:sent_s, :message_id) ORDER BY sent_s DESC, message_id DESC LIMIT :limit
"""
_LATEST_KEPT = """
    SELECT DISTINCT sent_s, message_id FROM details
    WHERE (sent_s, message_id) < (:sent_s, :message_id) ORDER BY sent_s DESC, message_id DESC LIMIT :limit
"""
_ABOUT = """
    SELECT campaigns.id AS campaign_id, name AS campaign
    FROM messages CROSS JOIN campaigns ON campaigns.id = campaign_id
    WHERE sent_s = :sent_s AND message_id = :message_id
"""
_COPIES = """
    SELECT count(*) FILTER (WHERE number != 0) AS recipients, coalesce(sum(accepted), 0) AS accepted,
        coalesce(sum(refused), 0) AS refused, coalesce(sum(clicks), 0) AS clicks,
        coalesce(sum(clicks_human), 0) AS clicks_human
    FROM deliveries WHERE sent_s = :sent_s AND message_id = :message_id
"""
_FIRST = """
    SELECT coalesce(address, name) FROM deliveries LEFT JOIN persons ON persons.id = person_id
    WHERE sent_s = :sent_s AND message_id = :message_id AND number != 0 ORDER BY number LIMIT 1
"""
_DETAILS = """
    SELECT subject.text AS subject, outcome.text AS outcome
    FROM details LEFT JOIN detail_texts AS subject ON subject.id = subject_id
    LEFT JOIN detail_texts AS outcome ON outcome.id = outcome_id
    WHERE sent_s = :sent_s AND message_id = :message_id ORDER BY number LIMIT 1
"""
_FIRST_KEPT = """
    SELECT count(*), min(address) FROM detail_recipients WHERE sent_s = :sent_s AND message_id = :message_id
"""
_EVER = MessageKey(10**12, 0)


@dataclass(frozen=True, slots=True)
class Messages:
    """Rows of COLUMNS, the latest first; the next page is behind `cursor`, None where there is none."""

    rows: list[Json]
    cursor: str | None = None


def found(db: Db, name: str) -> Messages:
    """Return the messages that a name leads to, `tracker.details.lookup.MOST_FOUND` at most.

    A name is a message's id, a Message-ID, the relay's queue id, an address or a person's own id.
    """
    alike = persons.written_alike(db, name)
    rows = named_rows.find(db, "persons", alike).values()
    return Messages(told(db, lookup.find(db, name, rows)))


def latest(db: Db, *, after: str = "", limit: int = LIMIT) -> Messages:
    """Return the messages that were sent last, or before a cursor; raises ValueError."""
    begin = _place(after)
    asked = {**begin._asdict(), "limit": limit}
    keys = {MessageKey(*row) for sql in (_LATEST, _LATEST_KEPT) for row in db.execute(sql, asked)}
    page = sorted(keys, reverse=True)[:limit]
    cursor = f"{page[-1].sent_s}-{page[-1].text}" if len(page) == limit else None
    return Messages(told(db, page), cursor)


def _place(cursor: str) -> MessageKey:
    if not cursor:
        return _EVER
    written = _CURSOR.fullmatch(cursor)
    if written is None:
        raise ValueError(cursor)
    return MessageKey.of(int(written[1]), written[2])


def told(db: Db, keys: Iterable[MessageKey]) -> list[Json]:
    """Return a row for each of these messages."""
    return [_row(db, key) for key in keys]


def _row(db: Db, key: MessageKey) -> Json:
    asked = key._asdict()
    about = next(db.query(_ABOUT, asked), {"campaign_id": None, "campaign": None})
    copies = next(db.query(_COPIES, asked))
    kept = next(db.query(_DETAILS, asked), {"subject": None, "outcome": None})
    (first,) = db.execute(_FIRST, asked).fetchone() or (None,)
    if not copies["recipients"]:
        copies["recipients"], first = db.execute(_FIRST_KEPT, asked).fetchone()
    row = {
        "message": key.text,
        "sent_s": key.sent_s,
        "campaign_id": about["campaign_id"],
        "campaign": Name.of(about["campaign"]) if about["campaign_id"] else None,
        "address": first,
        **copies,
        **kept,
    }
    return {name: row[name] for name in COLUMNS}
