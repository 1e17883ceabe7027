"""One campaign, by its row: its name, when it was sent, and clicks by hour.

Owns: these questions.
Does not own: its figures (`tracker.reports.summary`, `tracker.reports.period`), its links
(`tracker.reports.links`), or domains of recipients (`domains`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tracker.reports.campaigns.listing import day_date
from tracker.reports.known import Unknown
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.store.reserved import HOURS_A_DAY

_NAME = "SELECT name FROM campaigns WHERE id = :campaign"
_LATEST = """
    SELECT id, name FROM campaigns
    WHERE id > (SELECT max(id) FROM campaigns) - :most AND id != :but AND EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND campaign_id = campaigns.id AND link_id = 0
        AND (messages > 0 OR clicks_all > 0)
    ) ORDER BY id DESC
"""
_DAYS = """
    SELECT min(day), max(day) FROM counters INDEXED BY counters_days
    WHERE link_id = 0 AND campaign_id = :campaign AND day > 0 AND messages > 0
"""
_HOURS = """
    SELECT hour, clicks_human, clicks_all - clicks_human FROM hours
    WHERE hour IN (:hours) AND campaign_id = :campaign
"""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign; `first` and `last` are the days on which it was sent, None where that is not kept."""

    id: int
    name: Name
    first: date | None
    last: date | None

    @property
    def first_hour(self) -> int | None:
        """The hour, counted from 1970, in which the first day begins."""
        return None if self.first is None else (self.first - date(1970, 1, 1)).days * HOURS_A_DAY


def find(db: Db, campaign: int) -> Campaign:
    """Return the campaign of a row; raises Unknown where there is none."""
    asked = {"campaign": campaign}
    row = db.execute(_NAME, asked).fetchone()
    if row is None:
        raise Unknown("campaign", str(campaign), ())
    days = (day and day_date(day) for day in db.execute(_DAYS, asked).fetchone())
    return Campaign(campaign, Name.of(row[0]), *days)


def latest(db: Db, most: int, but: int = 0) -> list[tuple[int, Name]]:
    """Return the campaigns that were first heard of last, `but` one, the latest first.

    Those of our own, for mail without a campaign and for what was purged, are among them if they have any.
    """
    rows = db.execute(_LATEST, {"most": most, "but": but})
    return [(row, Name.of(name)) for row, name in rows]


def by_hour(db: Db, campaign: int, first: int, count: int) -> Mapping[int, tuple[int, int]]:
    """Return the clicks of people and of machines in some hours, counted from 1970."""
    asked = {"campaign": campaign, "hours": list(range(first, first + count))}
    return {hour: (people, machines) for hour, people, machines in db.execute(_HOURS, asked)}
