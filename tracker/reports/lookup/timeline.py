"""What a person was sent and clicked, the latest first, a page at a time.

Owns: the question, its bounds, and its cursor.
Does not own: the same for a command, in one piece (`tracker.reports.activity`), finding the person
(`persons`, `tracker.reports.known`), or the reasons in words (`why`).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tracker.reports.clicks import CLICK, shown, told
from tracker.reports.figures import Json
from tracker.reports.lookup import why
from tracker.reports.lookup.why import Which
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.sql.spelling import listed, unindexed
from tracker.store.keys import MessageKey, first_of, message_text
from tracker.store.rows import named_rows

LIMIT = 1000
FAR_S = 1e11
"""Later than anything."""
COPIES = 20_000
"""Copies of a person that are looked at for clicks, the latest."""
AT_ONCE = 50
"""What happens at one moment is on one page, up to so many."""
SKEW_S = 86400.0
"""By how much the clock of a click may be behind that of its message."""

_OF_PERSON = "person_id = :whose AND person_id IS NOT NULL"
_OF_ADDRESS = "address = :whose COLLATE NOCASE AND address = :whose AND address IS NOT NULL"
_COPIES = """
    SELECT sent_s, message_id, number, accepted, clicks
    FROM deliveries INDEXED BY {index} WHERE {whose} AND sent_s < :before_s
    ORDER BY {moment} DESC, message_id DESC, number DESC
"""
_SENT = """
    SELECT copies.sent_s, copies.message_id, copies.number, campaigns.id AS campaign_id,
        campaigns.name AS campaign, (
            SELECT text FROM details JOIN detail_texts ON detail_texts.id = subject_id
            WHERE details.sent_s = copies.sent_s AND details.message_id = copies.message_id
                AND details.number <= copies.number ORDER BY details.number DESC LIMIT 1
        ) AS subject
    FROM ({copies}) AS copies CROSS JOIN messages ON messages.sent_s = copies.sent_s
        AND messages.message_id = copies.message_id
    CROSS JOIN campaigns ON campaigns.id = campaign_id
    WHERE accepted = 1 OR clicks > 0 OR (shared = 1 AND counted = 1)
    ORDER BY copies.sent_s DESC, copies.message_id DESC, copies.number DESC LIMIT :limit
"""
_CLICKED = f"""
    SELECT copies.sent_s, copies.message_id, copies.number
    FROM ({{copies}} LIMIT {COPIES}) AS copies CROSS JOIN messages
        ON messages.sent_s = copies.sent_s AND messages.message_id = copies.message_id AND shared = 0
    WHERE clicks > 0
"""  # noqa: S608 - constants
_KEYS = """
    SELECT clicks.sent_s, clicks.message_id, event_id
    FROM {copies} AS copies CROSS JOIN clicks ON clicks.sent_s = at_s
        AND clicks.message_id = of_message AND recipient = of_recipient AND event_id < :before
    ORDER BY event_id DESC LIMIT :limit
"""
_FOUND = CLICK.format(
    f"""({_KEYS}) AS found CROSS JOIN clicks ON clicks.sent_s = found.sent_s
        AND clicks.message_id = found.message_id AND clicks.event_id = found.event_id
    """,
    more=", messages.campaign_id, clicks.link_id, clicks.sent_s",
)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, the latest first: rows with `event`, `sent` or `clicked`.

    The next page is of what was before `cursor_s`, seconds since 1970; None where there is none.
    """

    rows: list[Json]
    cursor_s: float | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Copies by whose: a person's row or an address, with the SQL that finds these; and until when."""

    db: Db
    whose: tuple[tuple[str, object], ...]
    before_s: float
    limit: int

    @classmethod
    def of(cls, db: Db, names: Sequence[str], before_s: float, limit: int) -> "_Asked":
        """Ask for all of a person's names and addresses, as they stand in the store."""
        copies = partial(_COPIES.format, moment=unindexed(db.engine, "sent_s"))
        by_person = copies(index="deliveries_person", whose=_OF_PERSON)
        by_address = copies(index="deliveries_address", whose=_OF_ADDRESS)
        persons = named_rows.find(db, "persons", names).values()
        whose = (*((by_person, each) for each in persons), *((by_address, each) for each in names))
        return cls(db, whose, before_s, limit)

    def rows(self, sql: str, before_s: float) -> list[Json]:
        """Return what a query tells of all of these copies, each once."""
        found: dict[tuple[int, int, int], Json] = {}
        for copies, whose in self.whose:
            values = {"whose": whose, "before_s": math.ceil(before_s), "limit": self.limit}
            for row in self.db.query(sql.replace("{copies}", copies), values):
                found[row["sent_s"], row["message_id"], row["number"]] = row
        return list(found.values())


def timeline(db: Db, *names: str, before_s: float = FAR_S, limit: int = LIMIT) -> Timeline:
    """Return what happened before a moment: what a person was sent and clicked.

    `names` are names and addresses as they stand in the store (`known.person`).
    """
    asked = _Asked.of(db, names, before_s, limit + AT_ONCE)
    rows = [*_sent(asked), *_clicked(asked)]
    rows.sort(key=lambda row: row["at_s"], reverse=True)
    shown_now = rows[: _cut([row["at_s"] for row in rows], limit)]
    more = len(rows) > limit
    return Timeline(_with_reasons(db, shown_now), shown_now[-1]["at_s"] if more else None)


def _cut(moments: Sequence[float], limit: int) -> int:
    """Return how many rows make a page: none that the next, of what was before the last, would miss."""
    if len(moments) <= limit:
        return len(moments)
    first_left = moments[limit]
    earlier = sum(each > first_left for each in moments[:limit])
    return earlier or sum(each == first_left for each in moments)


def _sent(asked: _Asked) -> list[Json]:
    return [
        {
            "at_s": float(row["sent_s"]),
            "event": "sent",
            "message_id": message_text(row["message_id"]),
            "campaign": Name.of(row["campaign"]),
            "campaign_id": row["campaign_id"],
            "subject": row["subject"],
        }
        for row in asked.rows(_SENT, asked.before_s)
    ]


def _clicked(asked: _Asked) -> list[Json]:
    """Return the latest clicks on all of the copies."""
    db, before = asked.db, first_of(min(asked.before_s, FAR_S))
    copies = [tuple(row.values()) for row in asked.rows(_CLICKED, asked.before_s + SKEW_S)]
    source = listed(db.engine, "copies", "at_s", "of_message", "of_recipient")
    values = {"copies": json.dumps(copies), "before": before, "limit": asked.limit, "campaign": 0}
    found = db.query(_FOUND.replace("{copies}", source), values)
    clicks = [_click(told(row)) for row in found]
    return sorted(clicks, key=lambda row: row["event_id"], reverse=True)


def _click(row: Json) -> Json:
    return {**shown(row), "at_s": row["at_s"], "event": "clicked"}


def _with_reasons(db: Db, rows: list[Json]) -> list[Json]:
    clicks = [row for row in rows if row["event"] == "clicked"]
    words = why.in_words_of(db, [which(row) for row in clicks])
    return [{**row, "why": words.get(row.get("event_id", ""), "")} for row in rows]


def which(row: Json) -> Which:
    """Return which click a row of the log is."""
    message = MessageKey.of(row["sent_s"], row["message_id"])
    return Which(message, row["recipient"], row["event_id"])
