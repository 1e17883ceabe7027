"""The report: figures of everything, of a campaign, or of what was sent within a period.

Owns: what a report consists of, and its queries of the sums.
Does not own: the figures as values (`figures`), those of a period (`period`), its links (`links`), or
that the spool was fed before (`tracker.ingest.catch_up`).

A report is read from sums, and takes the same time however many clicks there are. A period selects
messages by the days on which they were sent, with all clicks on them; only the figures of days go by
when a click was made.
"""

import math
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from tracker.reports import names, period
from tracker.reports.figures import (
    CampaignFigures,
    DayFigures,
    Figures,
    Report,
)
from tracker.reports.links import Links
from tracker.reports.names import Name
from tracker.reports.period import Period
from tracker.sql.db import Db

TOP_LINKS = 100
"""Links in a report; it says how many there are in all."""
UNKNOWN_AFTER_S = 900.0
"""Until then the relay may still answer: it has ten minutes for that (RFC 5321 §4.5.3.2.6)."""

SUMS = """
    messages, deliveries, clicked, clicks_human, clicks_doubtful, clicks_all,
    unique_human, unique_doubtful, unique_all, shared_messages, shared_recipients, clicks_shared
"""
_TOTALS = f"""
    SELECT {SUMS} FROM counters WHERE day = 0 AND campaign_id = :campaign AND link_id = 0
"""  # noqa: S608 - a constant
_CAMPAIGNS = f"""
    SELECT campaign_id, {SUMS} FROM campaigns CROSS JOIN counters
        ON day = 0 AND campaign_id = campaigns.id AND link_id = 0
    WHERE messages > 0 OR clicks_all > 0
"""  # noqa: S608 - a constant
_DAYS = """
    SELECT day, clicks_human, clicks_doubtful, clicks_all FROM counters
    WHERE day BETWEEN :first AND :last AND campaign_id = :campaign AND link_id = 0 AND clicks_all > 0
    ORDER BY day
"""
_UNKNOWN = """
    SELECT campaign_id, count(*) FROM messages
    WHERE unknown = 1 AND sent_s >= :since_s AND sent_s < :until_s GROUP BY campaign_id
    UNION ALL
    SELECT campaign_id, sum(messages) FROM unknown_messages
    WHERE day BETWEEN :first AND :last GROUP BY campaign_id
"""


def utc_seconds(moment: datetime) -> float:
    """Return seconds since 1970; a moment without a time zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def report(
    db: Db,
    *,
    campaign: str | None = None,
    since_s: float | None = None,
    until_s: float | None = None,
) -> Report:
    """Return figures of everything, or of one campaign, or of what was sent within a period of days."""
    asked = Period.of_days(since_s, until_s)
    whole = since_s is None and until_s is None
    wanted = names.campaigns(db, campaign)
    scope = names.scope(db, campaign)
    links = Links(db, scope, None if whole else asked)
    found = _everything(db, scope) if whole else period.figures(db, asked, {*wanted, scope})
    return Report(
        found.get(scope, Figures()),
        tuple(_campaigns(found, wanted)),
        tuple(links.top(TOP_LINKS)),
        links.how_many(),
        tuple(days(db, asked, scope)),
        unknown_messages(db, asked, wanted),
    )


def totals(db: Db, campaign: int = 0) -> Figures:
    """Return figures of all that was ever sent, of all campaigns (0) or of one, by its row."""
    row = next(db.query(_TOTALS, {"campaign": campaign}), None)
    return Figures(**row) if row else Figures()


def _everything(db: Db, scope: int) -> dict[int, Figures]:
    """Return figures of each campaign, and of all that is asked for."""
    found = {row.pop("campaign_id"): Figures(**row) for row in db.query(_CAMPAIGNS)}
    return found | {scope: totals(db, scope)}


def _campaigns(found: Mapping[int, Figures], named: Mapping[int, Name]) -> list[CampaignFigures]:
    rows = [
        CampaignFigures(named[campaign].text, figures, named[campaign].purged, campaign)
        for campaign, figures in found.items()
        if campaign in named
    ]
    return sorted(rows, key=_order)


def _order(row: CampaignFigures) -> tuple[int, int, str]:
    return -row.figures.clicks_all, -row.figures.messages, row.campaign or ""


def days(db: Db, asked: Period, scope: int) -> Iterator[DayFigures]:
    """Yield the clicks that were made on each day of a period, of all campaigns (0) or of one."""
    for row in db.query(_DAYS, {"campaign": scope, **asked.values()}):
        yield DayFigures(row.pop("day"), Figures(**row))


def unknown_messages(db: Db, asked: Period, campaigns: Collection[int] | None = None) -> int:
    """Count the messages, of some campaigns or all, of which nobody knows whether the relay took them."""
    values = asked.values()
    values["until_s"] = min(values["until_s"], math.ceil(time.time() - UNKNOWN_AFTER_S))
    found = db.execute(_UNKNOWN, values).fetchall()
    return sum(count for campaign, count in found if campaigns is None or campaign in campaigns)
