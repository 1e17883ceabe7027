"""All campaigns with their figures, by number: of everything, or of what was sent within a period.

Owns: these questions, and their queries.
Does not own: figures (`tracker.reports.figures`), those of a period (`tracker.reports.period`), or
campaigns in another order (`tracker.reports.campaigns`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tracker.reports import period
from tracker.reports.campaigns.listing import day_date
from tracker.reports.figures import CampaignFigures, Figures, Json
from tracker.reports.lists.part import Part, cut
from tracker.reports.names import Name
from tracker.reports.period import Period
from tracker.reports.summary import SUMS
from tracker.sql.db import Db

_NUMBERS = """
    SELECT id FROM campaigns WHERE id > :after AND ({has_any}) ORDER BY id LIMIT :most
"""
_HAS_ANY = """EXISTS (
    SELECT 1 FROM counters WHERE day = 0 AND campaign_id = campaigns.id AND link_id = 0
        AND (messages > 0 OR clicks_all > 0)
)"""
_HAS_ANY_THEN = """EXISTS (
    SELECT 1 FROM counters INDEXED BY counters_days
    WHERE campaign_id = campaigns.id AND link_id = 0 AND day BETWEEN :first AND :last AND messages > 0
) OR EXISTS (
    SELECT 1 FROM cohorts INDEXED BY cohorts_campaign
    WHERE campaign_id = campaigns.id AND link_id = 0 AND day BETWEEN :first AND :last AND clicks_all > 0
)"""
_OF_EVERYTHING = f"""
    SELECT campaign_id, {SUMS} FROM counters
    WHERE day = 0 AND campaign_id IN (:ids) AND link_id = 0
"""  # noqa: S608 - a constant
_ABOUT = """
    SELECT id, name, {first} AS first, {last} AS last FROM campaigns WHERE id IN (:ids) ORDER BY id
"""
_CAMPAIGN = "SELECT 1 FROM campaigns WHERE id = :campaign"
_DAY = """(
    SELECT day FROM counters INDEXED BY counters_days WHERE campaign_id = campaigns.id AND link_id = 0
        AND day > 0 AND messages > 0 ORDER BY day {order} LIMIT 1
)"""
_ABOUT = _ABOUT.format(first=_DAY.format(order="ASC"), last=_DAY.format(order="DESC"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign with its figures, and the first and the last day on which it was sent."""

    figures: CampaignFigures
    first_sent: str | None
    last_sent: str | None

    def json(self) -> Json:
        """Return it as JSON."""
        days = {"first_sent": self.first_sent, "last_sent": self.last_sent}
        named = self.figures.names_json()
        return {"id": self.figures.id, **named, **days, **self.figures.figures.json()}


def campaigns(db: Db, asked: Period | None, *, after: int = 0, limit: int) -> Part[Listed]:
    """Return campaigns that have figures: of all times (None), or of a period."""
    days = {} if asked is None else asked.days()
    sql = _NUMBERS.format(has_any=_HAS_ANY if asked is None else _HAS_ANY_THEN)
    found = db.execute(sql, {"after": after, "most": limit + 1, **days}).fetchall()
    part = cut([number for (number,) in found], limit)
    return Part(_listed(db, asked, part.rows), part.next)


def campaign(db: Db, number: int, asked: Period | None) -> Listed | None:
    """Return one campaign, with figures of all times or of a period; None where there is none."""
    return next(iter(_listed(db, asked, [number])), None)


def is_known(db: Db, number: int) -> bool:
    """Return whether there is a campaign of this number."""
    return db.execute(_CAMPAIGN, {"campaign": number}).fetchone() is not None


def _listed(db: Db, asked: Period | None, numbers: Collection[int]) -> list[Listed]:
    figures = _figures(db, asked, numbers)
    rows = db.query(_ABOUT, {"ids": list(numbers)})
    return [_row(row, figures.get(row["id"], Figures())) for row in rows]


def _figures(db: Db, asked: Period | None, numbers: Collection[int]) -> Mapping[int, Figures]:
    if asked is None:
        rows = db.query(_OF_EVERYTHING, {"ids": list(numbers)})
        return {row.pop("campaign_id"): Figures(**row) for row in rows}
    if len(numbers) == 1:
        return {number: period.of_campaign(db, asked, number) for number in numbers}
    return period.figures(db, asked, set(numbers))


def _row(row: Json, figures: Figures) -> Listed:
    name = Name.of(row["name"])
    first, last = (
        None if row[each] is None else day_date(row[each]).isoformat() for each in ("first", "last")
    )
    return Listed(CampaignFigures(name.text, figures, name.purged, row["id"]), first, last)
