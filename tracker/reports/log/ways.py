"""Ways to the clicks that fit a filter: few are looked at, or it is said how far was looked.

Owns: choosing the way, by sums that the store keeps, and what each way looks at.
Does not own: what a filter means (`filters`), or the page that comes of it (`page`).

The clicks on a message, on a person's copies, or on what was sent on the days of a campaign, of a link or of a period are
looked at all together, where they are few enough. Else so many that arrived next to the cursor are.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tracker.reports.log.filters import Wanted
from tracker.sql.db import Db
from tracker.sql.spelling import ascii_lower, listed
from tracker.store.reserved import DAY_S, day_of

LOOKED_AT = 30_000
"""Clicks that are looked at by the order of arrival: some 3 µs each."""
PASSED_OVER = 300_000
"""Arrivals of clicks on what was sent at another time, which are not looked at: 0.2 µs each."""
SCANNED = 400_000
"""Clicks on what was sent on some days, which stand together: 0.15 µs each."""
OF_A_PERSON = 20_000
"""Clicks on a person's copies."""
CAMPAIGNS_OF_A_LINK = 50

_DAYS = "SELECT day FROM cohorts WHERE campaign_id = :campaign AND link_id = 0 AND clicks_all > 0"
_CAMPAIGNS = f"""
    SELECT campaign_id FROM counters INDEXED BY counters_link
    WHERE link_id = :link AND link_id > 0 AND day = 0 AND campaign_id > 0 AND clicks_all > 0
    LIMIT {CAMPAIGNS_OF_A_LINK + 1}
"""  # noqa: S608 - a constant
_DAYS_OF_LINK = """
    SELECT every.day FROM cohorts AS every CROSS JOIN cohorts AS own
        ON own.day = every.day AND own.campaign_id = every.campaign_id AND own.link_id = :link
    WHERE every.campaign_id = :campaign AND every.link_id = 0 AND own.clicks_all > 0
"""
_CLICKS_OF_DAYS = """
    SELECT coalesce(sum(clicks_all), 0) FROM cohorts
    WHERE day IN (:days) AND campaign_id = 0 AND link_id = 0
"""
_CLICKS_OF_MESSAGE = """
    SELECT coalesce(sum(clicks), 0) FROM deliveries
    WHERE sent_s = :sent_s AND message_id = :message_id
"""
_COPIES = f"""
    SELECT sent_s, message_id, number, clicks FROM deliveries
    WHERE person_id IN (:persons) AND clicks > 0 AND sent_s >= :since_s AND sent_s < :until_s
    UNION SELECT sent_s, message_id, number, clicks FROM deliveries INDEXED BY deliveries_address
    WHERE address COLLATE NOCASE IN (:in_lower_case) AND address IN (:names)
        AND address IS NOT NULL AND clicks > 0 AND sent_s >= :since_s AND sent_s < :until_s
    LIMIT {OF_A_PERSON}
"""  # noqa: S608 - a constant
_OF_COPIES = """
    {copies} AS copy CROSS JOIN clicks ON clicks.sent_s = copy.sent_s
        AND clicks.message_id = copy.message_id AND recipient = copy.number
"""
_OF_DAYS = """
    {runs} AS run CROSS JOIN clicks ON clicks.sent_s >= run.since_s AND clicks.sent_s < run.until_s
"""
_ARRIVED = """
    arrivals CROSS JOIN clicks ON clicks.sent_s = arrivals.sent_s
        AND clicks.message_id = arrivals.message_id AND clicks.arrival = arrivals.arrival
"""
_BY_ARRIVAL = """
    arrivals.arrival BETWEEN :first AND :last
    AND arrivals.sent_s >= :since_s AND arrivals.sent_s < :until_s
"""
_SPAN = """
    SELECT count(*), {end}(arrival) FROM (
        SELECT arrival FROM arrivals WHERE arrival {beyond} :cursor ORDER BY arrival {order} LIMIT :most
    ) AS span
"""
_SENT_THEN = """
    SELECT count(*), {end}(arrival) FROM (
        SELECT arrival FROM arrivals WHERE arrival BETWEEN :first AND :last
            AND sent_s >= :since_s AND sent_s < :until_s ORDER BY arrival {order} LIMIT :most
    ) AS sent
"""
_BEYOND = "SELECT EXISTS (SELECT 1 FROM arrivals WHERE arrival {beyond} :end)"


@dataclass(frozen=True, slots=True)
class Direction:
    """The order in which clicks are told, as SQL has it."""

    beyond: str
    order: str
    end: str

    def sql(self, text: str) -> str:
        """Return a query in this direction."""
        return text.format(beyond=self.beyond, order=self.order, end=self.end)


OLDEST_FIRST = Direction(">", "ASC", "max")
NEWEST_FIRST = Direction("<", "DESC", "min")


@dataclass(frozen=True, slots=True)
class Way:
    """Where clicks come from: a source, what it is asked with, and the order of those found.

    `end` is the last arrival that is looked at, None where all clicks there are: what lies beyond fits no filter.
    """

    source: str
    values: dict[str, Any]
    condition: str = "TRUE"
    arrival: str = "clicks.arrival"
    end: int | None = None


def way(db: Db, wanted: Wanted, cursor: int, direction: Direction) -> Way:
    """Return the way on which few clicks are looked at."""
    return (
        _of_message(db, wanted)
        or _of_person(db, wanted)
        or _last(db, wanted, cursor, direction)
        or _of_days(db, wanted)
        or _arrived(db, wanted, cursor, direction)
    )


def is_more(db: Db, end: int, direction: Direction) -> bool:
    """Return whether there are clicks beyond an arrival."""
    return bool(db.execute(direction.sql(_BEYOND), {"end": end}).fetchone()[0])


def _of_message(db: Db, wanted: Wanted) -> Way | None:
    if wanted.message is None:
        return None
    total = db.execute(_CLICKS_OF_MESSAGE, wanted.message._asdict()).fetchone()[0]
    return Way("clicks", {}) if total <= SCANNED else None


def _of_person(db: Db, wanted: Wanted) -> Way | None:
    if not wanted.names:
        return None
    asked = {
        "persons": list(wanted.persons),
        "names": list(wanted.names),
        "in_lower_case": [ascii_lower(each) for each in wanted.names],
    }
    copies = db.execute(_COPIES, {**asked, **_bounds(wanted)}).fetchall()
    if len(copies) == OF_A_PERSON or sum(copy[3] for copy in copies) > OF_A_PERSON:
        return None
    source = _OF_COPIES.format(copies=listed(db.engine, "copies", "sent_s", "message_id", "number"))
    return Way(source, {"copies": json.dumps([copy[:3] for copy in copies])})


def _of_days(db: Db, wanted: Wanted) -> Way | None:
    days = _days(db, wanted)
    if days is None:
        return None
    total = db.execute(_CLICKS_OF_DAYS, {"days": days}).fetchone()[0]
    if total > SCANNED:
        return None
    since_s, until_s = _bounds(wanted).values()
    runs = [(max(begin, since_s), min(end, until_s)) for begin, end in _runs(days)]
    source = _OF_DAYS.format(runs=listed(db.engine, "runs", "since_s", "until_s"))
    return Way(source, {"runs": json.dumps(runs)})


def _days(db: Db, wanted: Wanted) -> list[int] | None:
    """Return the days of sending of what may fit, None where nothing narrows them down."""
    since_s, until_s = wanted.period.since_s, wanted.period.until_s
    first, last = day_of(since_s), int(-(-until_s // DAY_S)) - 1
    if wanted.link is not None:
        found = _days_of_link(db, wanted.link, wanted.campaign)
    else:
        found = {day for (day,) in db.execute(_DAYS, {"campaign": wanted.campaign or 0})}
    return None if found is None else sorted(day for day in found if first <= day <= last)


def _days_of_link(db: Db, link: int, campaign: int | None) -> set[int] | None:
    """Return the days on which messages were sent in which a link was clicked; None: too many campaigns."""
    every = [campaign] if campaign else [each for (each,) in db.execute(_CAMPAIGNS, {"link": link})]
    if len(every) > CAMPAIGNS_OF_A_LINK:
        return None
    return {
        day
        for each in every
        for (day,) in db.execute(_DAYS_OF_LINK, {"link": link, "campaign": each})
    }


def _runs(days: Iterable[int]) -> list[tuple[int, int]]:
    """Return days, in order, as spans of seconds; days in a row are one."""
    runs: list[tuple[int, int]] = []
    for day in days:
        begin, end = (0 if day == 1 else day * DAY_S), (day + 1) * DAY_S
        if runs and runs[-1][1] == begin:
            runs[-1] = runs[-1][0], end
        else:
            runs.append((begin, end))
    return runs


def _last(db: Db, wanted: Wanted, cursor: int, direction: Direction) -> Way | None:
    """Look at all that arrived beyond the cursor, where they are few, or there is nothing to look for."""
    count, end = _span(db, cursor, direction, LOOKED_AT)
    is_all = wanted == Wanted(wanted.period) and not wanted.period.narrows
    return _by_arrival(wanted, cursor, end) if count < LOOKED_AT or is_all else None


def _arrived(db: Db, wanted: Wanted, cursor: int, direction: Direction) -> Way:
    """Look at those that arrived next to the cursor, as many as are allowed."""
    if not wanted.period.narrows:
        return _by_arrival(wanted, cursor, _span(db, cursor, direction, LOOKED_AT)[1])
    _, end = _span(db, cursor, direction, PASSED_OVER)
    asked = {**_bounds(wanted), **_between(cursor, end), "most": LOOKED_AT}
    count, last = db.execute(direction.sql(_SENT_THEN), asked).fetchone()
    return _by_arrival(wanted, cursor, int(last) if count == LOOKED_AT else end)


def _span(db: Db, cursor: int, direction: Direction, most: int) -> tuple[int, int]:
    """Return how many clicks are beyond the cursor, `most` at most, and the arrival of the last of these."""
    asked = {"cursor": cursor, "most": most}
    count, end = db.execute(direction.sql(_SPAN), asked).fetchone()
    return count, cursor if end is None else end


def _by_arrival(wanted: Wanted, cursor: int, end: int) -> Way:
    values = {**_bounds(wanted), **_between(cursor, end)}
    return Way(_ARRIVED, values, _BY_ARRIVAL, "arrivals.arrival", end)


def _between(cursor: int, end: int) -> dict[str, int]:
    return {"first": min(cursor, end), "last": max(cursor, end)}


def _bounds(wanted: Wanted) -> dict[str, int]:
    asked = wanted.period.values()
    return {"since_s": asked["since_s"], "until_s": asked["until_s"]}
