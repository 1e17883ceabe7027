"""Clicks that fit a filter, a page at a time: in the order of arrival, or the newest first.

Owns: the question, its bounds, and where the next page begins.
Does not own: what a filter means (`filters`), which clicks are looked at for it (`ways`), or what is
told of each (`tracker.reports.clicks`).

A cursor is the arrival of a click: the number under which it was counted, which no other click ever has.
Clicks that are counted later arrive later, so that nothing is told twice, or missed. Where a filter
fits few of very many clicks, a page says how far it has looked, with fewer rows than asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.reports.clicks import CLICK, CLICKS, shown, told
from tracker.reports.figures import Json
from tracker.reports.log import ways
from tracker.reports.log.filters import Filter, Wanted
from tracker.reports.log.ways import Direction
from tracker.sql.db import Db
from tracker.store.keys import moment_s

LIMIT = 1000
"""Rows of a page at most."""
COLUMNS = (*CLICKS, "campaign_id", "link_id", "sent_s")
"""What each row tells: all that is kept of a click, the numbers of its campaign and link, and the second in
which its message was sent."""

_FOUND = """
    ({keys}) AS found CROSS JOIN clicks ON clicks.sent_s = found.sent_s
        AND clicks.message_id = found.message_id AND clicks.event_id = found.event_id
"""
_IDS = ", messages.campaign_id, clicks.link_id, clicks.sent_s"
_LATEST = "SELECT coalesce(max(arrival), 0) FROM arrivals"
_MOMENT = """
    SELECT event_id FROM arrivals CROSS JOIN clicks ON clicks.sent_s = arrivals.sent_s
        AND clicks.message_id = arrivals.message_id AND clicks.arrival = arrivals.arrival
    WHERE arrivals.arrival = :arrival
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of COLUMNS; the next page goes on from `cursor`, where there may be `more`.

    `looked_to_s` is the moment of the last click that was looked at, where a page ends before it is full.
    """

    rows: list[Json]
    cursor: int
    more: bool
    looked_to_s: float | None = None


def page(
    db: Db,
    asked: Filter,
    *,
    cursor: int | None = None,
    limit: int = LIMIT,
    newest_first: bool = False,
) -> Page:
    """Return clicks that fit a filter, those behind a cursor in the order of arrival, or before it.

    None stands for the beginning, or the end. Raises `tracker.reports.known.Unknown` where the store
    knows no such campaign, link, person or rule.
    """
    wanted = Wanted.of(db, asked)
    newest = latest(db)
    direction = ways.NEWEST_FIRST if newest_first else ways.OLDEST_FIRST
    if cursor is None:
        cursor = newest + 1 if newest_first else 0
    way = ways.way(db, wanted, cursor, direction)
    rows = _rows(db, wanted, way, {"cursor": cursor, "limit": limit}, direction)
    if len(rows) == limit:
        end = int(rows[-1]["cursor"])
        return Page(rows, end, ways.is_more(db, end, direction))
    if way.end is None or not ways.is_more(db, way.end, direction):
        return Page(rows, 0 if newest_first else max(cursor, newest), more=False)
    return Page(rows, way.end, more=True, looked_to_s=_moment_s(db, way.end))


def _rows(db: Db, wanted: Wanted, way: ways.Way, values: Json, direction: Direction) -> list[Json]:
    conditions = [
        f"{way.arrival} {direction.beyond} :cursor",
        way.condition,
        *_conditions(wanted),
    ]
    keys = f"""
        SELECT clicks.sent_s, clicks.message_id, event_id, {way.arrival} AS arrived
        FROM {way.source} WHERE {" AND ".join(conditions)}
        ORDER BY arrived {direction.order} LIMIT :limit
    """  # noqa: S608 - constants
    found = CLICK.format(_FOUND.format(keys=keys), more=_IDS)
    asked = {**_values(wanted), **way.values, **values, "campaign": 0}
    rows = db.query(f"{found} ORDER BY arrived {direction.order}", asked)
    return [shown(told(row)) for row in rows]


_OF_MESSAGE = "clicks.sent_s = :of_sent_s AND clicks.message_id = :of_message_id"
_OF_VERDICTS = "verdict_id IN (:verdicts)"
_OF_LINK = "clicks.link_id = :of_link"
_OF_CAMPAIGN = """:of_campaign = (
    SELECT campaign_id FROM messages WHERE messages.sent_s = clicks.sent_s
    AND messages.message_id = clicks.message_id
)"""
_OF_PERSON = """EXISTS (
    SELECT 1 FROM deliveries WHERE deliveries.sent_s = clicks.sent_s
    AND deliveries.message_id = clicks.message_id AND deliveries.number = recipient
    AND person_id IS NOT NULL AND (person_id IN (:persons) OR address IN (:names))
) AND 0 = (
    SELECT shared FROM messages WHERE messages.sent_s = clicks.sent_s
    AND messages.message_id = clicks.message_id
)"""
"""The cheaper ones first, as they are tried."""


def _conditions(wanted: Wanted) -> Iterator[str]:
    """Yield what is asked of each click."""
    if wanted.message is not None:
        yield _OF_MESSAGE
    if wanted.verdicts is not None:
        yield _OF_VERDICTS
    if wanted.link is not None:
        yield _OF_LINK
    if wanted.campaign is not None:
        yield _OF_CAMPAIGN
    if wanted.names:
        yield _OF_PERSON


def _values(wanted: Wanted) -> Json:
    return {
        "verdicts": list(wanted.verdicts or ()),
        "of_sent_s": wanted.message and wanted.message.sent_s,
        "of_message_id": wanted.message and wanted.message.message_id,
        "of_link": wanted.link,
        "of_campaign": wanted.campaign,
        "persons": list(wanted.persons),
        "names": list(wanted.names),
    }


def latest(db: Db) -> int:
    """Return the arrival of the click that was counted last; 0 where there is none."""
    return int(db.execute(_LATEST).fetchone()[0])


def _moment_s(db: Db, arrival: int) -> float | None:
    """Return when a click was made; None where it is gone."""
    found = db.execute(_MOMENT, {"arrival": arrival}).fetchone()
    return moment_s(found[0]) if found else None
