"""The report: figures of everything, of a campaign, or of what was sent within a period.

Owns: what a report consists of, and its queries of the sums.
Does not own: the figures as values (`figures`), those of a period (`period`), or that the spool was
fed before (`tracker.ingest.catch_up`).

A report of everything is read from the sums, and takes the same time however many clicks there are.
A period, even one of all times, is counted from rows. It selects messages by when they were sent,
with all clicks on them; only the figures of days go by when a click was made.
"""

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from sqlite_utils import Database

from tracker.reports import names, period
from tracker.reports.figures import (
    CampaignFigures,
    DayFigures,
    Figures,
    LinkFigures,
    Report,
)
from tracker.reports.names import Name
from tracker.reports.period import Period

TOP_LINKS = 100
"""Links in a report; it says how many there are in all."""
UNKNOWN_AFTER_S = 900.0
"""Until then the relay may still answer: it has ten minutes for that (RFC 5321 §4.5.3.2.6)."""

_SUMS = """
    messages, deliveries, clicked, clicks_human, clicks_doubtful, clicks_all,
    unique_human, unique_doubtful, unique_all, shared_messages, shared_recipients, clicks_shared
"""
_TOTALS = f"""
    SELECT {_SUMS} FROM counters WHERE day = 0 AND campaign_id = :campaign AND link_id = 0
"""  # noqa: S608 - a constant
_CAMPAIGNS = f"""
    SELECT campaign_id, {_SUMS} FROM campaigns CROSS JOIN counters
        ON day = 0 AND campaign_id = campaigns.id AND link_id = 0
    WHERE messages OR clicks_all
"""  # noqa: S608 - a constant
_FOUND_LINKS = """
    SELECT link_id, clicks_human, clicks_doubtful, clicks_all, unique_human, unique_doubtful,
        unique_all, clicks_shared
    FROM counters WHERE day = 0 AND campaign_id = :campaign AND link_id > 0 AND clicks_all > 0
"""
_LISTED_LINKS = f"""
    SELECT DISTINCT link_id FROM campaign_links WHERE campaign_id IN (
        SELECT campaign_id FROM counters WHERE day = 0 AND link_id = 0 AND messages > 0
    ) AND :campaign IN (0, campaign_id) AND {period.NOT_OWN}
"""  # noqa: S608 - a constant
_LINKS = """
    WITH found AS ({found}), listed AS ({listed}), every AS (
        SELECT * FROM found
        UNION ALL
        SELECT link_id, 0, 0, 0, 0, 0, 0, 0 FROM listed
        WHERE link_id NOT IN (SELECT link_id FROM found)
    )
    SELECT name, url, text, every.*, count(*) OVER () AS links_total
    FROM every JOIN links ON links.id = link_id ORDER BY clicks_all DESC, name LIMIT :limit
"""
_DAYS = """
    SELECT day, clicks_human, clicks_doubtful, clicks_all FROM counters
    WHERE day BETWEEN :first AND :last AND campaign_id = :campaign AND link_id = 0 AND clicks_all > 0
    ORDER BY day
"""
_UNKNOWN = """
    SELECT campaign_id, count(*) FROM messages
    WHERE unknown = 1 AND sent_at_s >= :since_s AND sent_at_s < :until_s GROUP BY campaign_id
    UNION ALL
    SELECT campaign_id, sum(messages) FROM unknown_messages
    WHERE day BETWEEN :first AND :last GROUP BY campaign_id
"""


def utc_seconds(moment: datetime) -> float:
    """Return seconds since 1970; a moment without a time zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def report(
    db: Database,
    *,
    campaign: str | None = None,
    since_s: float | None = None,
    until_s: float | None = None,
    limit: int = TOP_LINKS,
) -> Report:
    """Return figures of everything, or of one campaign, or of what was sent within a period.

    `limit`: so many links at most, -1 for all.
    """
    asked = Period.of(since_s, until_s)
    whole = since_s is None and until_s is None
    wanted = names.campaigns(db, campaign)
    scope = names.scope(db, campaign)
    links = list(_links(db, asked, scope, limit, whole=whole))
    return Report(
        _totals(db, asked, scope, whole=whole),
        tuple(_campaigns(db, asked, wanted, whole=whole)),
        tuple(link for link, _ in links),
        links[0][1] if links else 0,
        tuple(_days(db, asked, scope)),
        _unknown(db, wanted, asked),
    )


def _totals(db: Database, asked: Period, scope: int, *, whole: bool) -> Figures:
    if not whole:
        return period.figures(db, asked).get(scope, Figures())
    row = next(db.query(_TOTALS, {"campaign": scope}), None)
    return Figures(**row) if row else Figures()


def _campaigns(
    db: Database, asked: Period, named: dict[int, Name], *, whole: bool
) -> list[CampaignFigures]:
    if whole:
        found = {row.pop("campaign_id"): Figures(**row) for row in db.query(_CAMPAIGNS)}
    else:
        found = period.figures(db, asked)
    rows = [
        CampaignFigures(named[campaign].text, figures, named[campaign].purged)
        for campaign, figures in found.items()
        if campaign in named
    ]
    return sorted(rows, key=_order)


def _order(row: CampaignFigures) -> tuple[int, int, str]:
    return -row.figures.clicks_all, -row.figures.messages, row.campaign or ""


def _links(
    db: Database, asked: Period, scope: int, limit: int, *, whole: bool
) -> Iterator[tuple[LinkFigures, int]]:
    """Yield the links of a report, each with how many there are in all."""
    found, listed = (
        (_FOUND_LINKS, _LISTED_LINKS) if whole else (period.CLICKED_LINKS, period.LISTED_LINKS)
    )
    query = _LINKS.format(found=found, listed=listed)
    for row in db.query(query, {"campaign": scope, "limit": limit, **asked.values()}):
        name, url, text = Name.of(row.pop("name")), row.pop("url"), row.pop("text")
        del row["link_id"]
        total = row.pop("links_total")
        link = name.text or ""
        yield LinkFigures(link, url or link, text or "", Figures(**row), name.purged), total


def _days(db: Database, asked: Period, scope: int) -> Iterator[DayFigures]:
    for row in db.query(_DAYS, {"campaign": scope, **asked.values()}):
        yield DayFigures(row.pop("day"), Figures(**row))


def _unknown(db: Database, campaigns: Collection[int], asked: Period) -> int:
    """Count the messages of which nobody knows whether the relay took them."""
    values = asked.values()
    values["until_s"] = min(values["until_s"], time.time() - UNKNOWN_AFTER_S)
    found = db.execute(_UNKNOWN, values).fetchall()
    return sum(count for campaign, count in found if campaign in campaigns)
