"""Figures of what was sent within a period: of some days, with all clicks on it whenever they were made.

Owns: the period as a value, and its queries.
Does not own: figures of all times (`summary`), how many people clicked (`people`), or links (`links`).

They are sums by the day of sending, so a period is of whole days, in UTC.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tracker.reports import people
from tracker.reports.figures import Figures
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S, day_of
from tracker.store.rows.clicked_by import Counts

_EVER_S = 1e11


@dataclass(frozen=True, slots=True)
class Period:
    """Messages sent from one moment on and before another, in seconds since 1970."""

    since_s: float = 0.0
    until_s: float = _EVER_S

    @classmethod
    def of(cls, since_s: float | None, until_s: float | None) -> "Period":
        """Return the period between moments, of which None is no bound."""
        return cls(since_s or 0.0, _EVER_S if until_s is None else until_s)

    @classmethod
    def of_days(cls, since_s: float | None, until_s: float | None) -> "Period":
        """Return the days between moments; one within a day stands for where that day begins."""
        asked = cls.of(since_s, until_s)
        return cls(asked.since_s // DAY_S * DAY_S, asked.until_s // DAY_S * DAY_S)

    @property
    def narrows(self) -> bool:
        """Whether it leaves out anything."""
        return self != Period()

    def days(self) -> dict[str, int]:
        """Return its `first` and `last` day, in days since 1970."""
        return {"first": day_of(self.since_s), "last": int(self.until_s // DAY_S) - 1}

    def values(self) -> dict[str, int]:
        """Return what queries are asked with: whole seconds, as those in which messages are sent."""
        return {
            "since_s": math.ceil(self.since_s),
            "until_s": math.ceil(self.until_s),
            **self.days(),
        }


_SENT = """
    SELECT campaign_id, sum(messages) AS messages, sum(deliveries) AS deliveries,
        sum(clicked) AS clicked, sum(shared_messages) AS shared_messages,
        sum(shared_recipients) AS shared_recipients
    FROM counters WHERE day BETWEEN :first AND :last AND link_id = 0
    GROUP BY campaign_id HAVING sum(messages) > 0
"""
_CLICKED = """
    SELECT campaign_id, sum(clicks_human) AS clicks_human, sum(clicks_doubtful) AS clicks_doubtful,
        sum(clicks_all) AS clicks_all, sum(clicks_shared) AS clicks_shared
    FROM cohorts WHERE day BETWEEN :first AND :last AND link_id = 0
    GROUP BY campaign_id HAVING sum(clicks_all) > 0
"""
_OF_CAMPAIGN = (
    """
    SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(deliveries), 0) AS deliveries,
        coalesce(sum(clicked), 0) AS clicked, coalesce(sum(shared_messages), 0) AS shared_messages,
        coalesce(sum(shared_recipients), 0) AS shared_recipients
    FROM counters INDEXED BY counters_days
    WHERE link_id = 0 AND campaign_id = :campaign AND day BETWEEN :first AND :last
    """,
    """
    SELECT coalesce(sum(clicks_human), 0) AS clicks_human,
        coalesce(sum(clicks_doubtful), 0) AS clicks_doubtful,
        coalesce(sum(clicks_all), 0) AS clicks_all, coalesce(sum(clicks_shared), 0) AS clicks_shared
    FROM cohorts INDEXED BY cohorts_campaign
    WHERE link_id = 0 AND campaign_id = :campaign AND day BETWEEN :first AND :last
    """,
)


def figures(db: Db, period: Period, wanted: Collection[int]) -> dict[int, Figures]:
    """Return figures of those of these campaigns that have any; 0 stands for all."""
    found = {row: each for row, each in sums(db, period).items() if row in wanted}
    return with_people(db, period, found)


def sums(db: Db, period: Period) -> dict[int, Figures]:
    """Return figures of all campaigns that have any, and of all of them (0), without people."""
    found: dict[int, Figures] = {}
    for query in (_SENT, _CLICKED):
        for row in db.query(query, period.days()):
            campaign = row.pop("campaign_id")
            found[campaign] = found.get(campaign, Figures()) + Figures(**row)
    return found


def with_people(db: Db, period: Period, found: Mapping[int, Figures]) -> dict[int, Figures]:
    """Return these figures of campaigns, with how many people clicked."""
    uniques = people.by_campaign(db, found, period.days())
    return {
        campaign: each.of_people(uniques.get(campaign, Counts()))
        for campaign, each in found.items()
    }


def of_campaign(db: Db, period: Period, campaign: int) -> Figures:
    """Return figures of one campaign, by its row, or of all (0)."""
    values = {"campaign": campaign, **period.days()}
    found = Figures()
    for query in _OF_CAMPAIGN:
        found += Figures(**next(db.query(query, values)))
    return with_people(db, period, {campaign: found})[campaign]
