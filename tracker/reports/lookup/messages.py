"""Messages: the latest, or those that a name leads to, a line each.

Owns: the question, its bounds, and its cursor.
Does not own: finding a message by a name (`tracker.details.lookup`), or all that is known of one
(`tracker.reports.story`).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tracker.details import lookup
from tracker.reports.figures import Json
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.sql.spelling import listed
from tracker.store.keys import MessageKey
from tracker.store.rows import named_rows, persons

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
    SELECT asked.sent_s, asked.message_id, campaigns.id AS campaign_id, name AS campaign
    FROM {asked} AS asked CROSS JOIN messages ON messages.sent_s = asked.sent_s
        AND messages.message_id = asked.message_id
    CROSS JOIN campaigns ON campaigns.id = campaign_id
"""
_COPIES = """
    SELECT asked.sent_s, asked.message_id, count(*) FILTER (WHERE number != 0) AS recipients,
        sum(accepted) AS accepted, sum(refused) AS refused, sum(clicks) AS clicks,
        sum(clicks_human) AS clicks_human
    FROM {asked} AS asked CROSS JOIN deliveries ON deliveries.sent_s = asked.sent_s
        AND deliveries.message_id = asked.message_id
    GROUP BY asked.sent_s, asked.message_id
"""
_FIRST = """
    SELECT asked.sent_s, asked.message_id, (
        SELECT coalesce(address, name) FROM deliveries LEFT JOIN persons ON persons.id = person_id
        WHERE deliveries.sent_s = asked.sent_s AND deliveries.message_id = asked.message_id
            AND number != 0 ORDER BY number LIMIT 1
    ) AS address
    FROM {asked} AS asked
"""
_DETAILS = """
    SELECT asked.sent_s, asked.message_id, subject.text AS subject, outcome.text AS outcome
    FROM {asked} AS asked CROSS JOIN details ON details.sent_s = asked.sent_s
        AND details.message_id = asked.message_id AND number = (
            SELECT min(number) FROM details AS every
            WHERE every.sent_s = asked.sent_s AND every.message_id = asked.message_id
        )
    LEFT JOIN detail_texts AS subject ON subject.id = subject_id
    LEFT JOIN detail_texts AS outcome ON outcome.id = outcome_id
"""
_KEPT = """
    SELECT asked.sent_s, asked.message_id, count(*) AS recipients, min(address) AS address
    FROM {asked} AS asked CROSS JOIN detail_recipients ON detail_recipients.sent_s = asked.sent_s
        AND detail_recipients.message_id = asked.message_id
    GROUP BY asked.sent_s, asked.message_id
"""
"""Of messages that are in no other table."""
_NOTHING = {
    **dict.fromkeys(("campaign_id", "campaign", "subject", "outcome", "address")),
    **dict.fromkeys(("recipients", "accepted", "refused", "clicks", "clicks_human"), 0),
}
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
    """Return a row for each of these messages, by as many questions for a thousand as for one."""
    wanted = list(keys)
    rows = {key: dict(_NOTHING) for key in wanted}
    for sql in (_ABOUT, _COPIES, _FIRST, _DETAILS):
        _add(db, rows, sql, wanted)
    _add(db, rows, _KEPT, [key for key in wanted if not rows[key]["recipients"]])
    return [_row(key, rows[key]) for key in wanted]


def _add(db: Db, rows: dict[MessageKey, Json], sql: str, keys: list[MessageKey]) -> None:
    """Add what a question tells of some messages to their rows."""
    asked = listed(db.engine, "keys", "sent_s", "message_id")
    for row in db.query(sql.replace("{asked}", asked), {"keys": json.dumps(keys)}):
        rows[MessageKey(row.pop("sent_s"), row.pop("message_id"))] |= row


def _row(key: MessageKey, told_of_it: Json) -> Json:
    row = {"message": key.text, "sent_s": key.sent_s, **told_of_it}
    row["campaign"] = Name.of(row["campaign"]) if row["campaign_id"] else None
    return {name: row[name] for name in COLUMNS}
