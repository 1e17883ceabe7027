"""One link, by its row: its figures, the campaigns that have it, its clicks by day, where it led.

Owns: these questions.
Does not own: who clicked it (`tracker.reports.clicks`), or lists of links (`listing`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tracker.reports.campaigns.listing import day_date
from tracker.reports.figures import CampaignFigures, Figures, Json, LinkFigures
from tracker.reports.known import Unknown
from tracker.reports.link.listing import link_of
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

CAMPAIGNS = 100
"""That are named, those with the most clicks."""
LOOKED_AT = 20_000
"""Clicks on messages of the latest days on which it was clicked, among which its own are looked for."""
_DAYS_LOOKED_AT = 3

_LINK = "SELECT id, name, url, text FROM links WHERE id = :link"
_LEADS_TO = "SELECT leads_to FROM link_aliases WHERE link_id = :link"
_SUMS = """
    clicks_human, clicks_doubtful, clicks_all, clicks_shared, unique_human, unique_doubtful, unique_all
"""
_IN_CAMPAIGN = f"""
    SELECT {_SUMS} FROM counters WHERE day = 0 AND campaign_id = :campaign AND link_id = :link
"""  # noqa: S608 - a constant
_CAMPAIGNS = f"""
    SELECT campaigns.id, name, {_SUMS} FROM (
        SELECT campaign_id, {_SUMS} FROM counters INDEXED BY counters_link
        WHERE link_id = :link AND link_id > 0 AND day = 0 AND campaign_id > 0
        ORDER BY clicks_all DESC, campaign_id DESC LIMIT :most
    ) AS clicked CROSS JOIN campaigns ON campaigns.id = clicked.campaign_id
"""  # noqa: S608 - a constant
_LISTED = """
    SELECT id, name FROM campaign_links INDEXED BY campaign_links_link
    CROSS JOIN campaigns ON campaigns.id = campaign_id
    WHERE link_id = :link LIMIT :most
"""
_DELIVERIES = """
    SELECT campaign_id, deliveries FROM counters
    WHERE day = 0 AND campaign_id IN (:ids) AND link_id = 0
"""
_BY_DAY = """
    SELECT of_link.day, sum(of_link.clicks_human), sum(of_link.clicks_all - of_link.clicks_human)
    FROM counters INDEXED BY counters_link
    CROSS JOIN cohorts AS sent INDEXED BY cohorts_campaign
        ON sent.link_id = 0 AND sent.campaign_id = counters.campaign_id
    CROSS JOIN cohorts AS of_link ON of_link.day = sent.day
        AND of_link.campaign_id = sent.campaign_id AND of_link.link_id = counters.link_id
    WHERE counters.link_id = :link AND counters.link_id > 0
        AND counters.day = 0 AND counters.campaign_id > 0
        AND :campaign IN (0, counters.campaign_id)
    GROUP BY of_link.day
"""
_LED = """
    SELECT url FROM (
        SELECT link_id, destination_id FROM clicks
        WHERE sent_s >= :since_s AND sent_s < :until_s
        ORDER BY sent_s DESC, message_id DESC, event_id DESC LIMIT :most
    ) AS latest CROSS JOIN destinations ON destinations.id = destination_id
    WHERE link_id = :link
"""


@dataclass(frozen=True, slots=True)
class InCampaign:
    """A link in one campaign: its figures there, and how many deliveries the campaign had."""

    campaign: CampaignFigures
    deliveries: int


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where clicks led, and how many of those that were looked at: on messages sent since a day."""

    clicks: Mapping[str, int]
    since: date | None


def find(db: Db, link: int) -> LinkFigures:
    """Return the link of a row, or the one that it became, with its figures; raises Unknown."""
    row, totals = _row(db, link)
    if totals is None and (leads_to := db.execute(_LEADS_TO, {"link": link}).fetchone()):
        row, totals = _row(db, leads_to[0])
    if row is None:
        raise Unknown("link", str(link), ())
    return link_of(row, Figures(**(totals or {})))


def _row(db: Db, link: int) -> tuple[Json | None, Json | None]:
    """Return the row of a link, and its sums over all campaigns."""
    asked = {"link": link, "campaign": 0}
    return next(db.query(_LINK, asked), None), next(db.query(_IN_CAMPAIGN, asked), None)


def in_campaign(db: Db, link: int, campaign: int) -> Figures:
    """Return the figures of a link in one campaign."""
    return Figures(**next(db.query(_IN_CAMPAIGN, {"link": link, "campaign": campaign}), {}))


def campaigns(db: Db, link: int) -> list[InCampaign]:
    """Return the campaigns that have a link, those in which it was clicked most first."""
    asked = {"link": link, "most": CAMPAIGNS}
    found = {row["id"]: row for row in db.query(_LISTED, asked)}
    found |= {row["id"]: row for row in db.query(_CAMPAIGNS, asked)}
    deliveries = dict(db.execute(_DELIVERIES, {"ids": list(found)}).fetchall())
    told = [InCampaign(_campaign(row), deliveries.get(id_, 0)) for id_, row in found.items()]
    told.sort(key=lambda each: (-each.campaign.figures.clicks_all, -each.campaign.id))
    return told[:CAMPAIGNS]


def _campaign(row: Mapping[str, object]) -> CampaignFigures:
    name = Name.of(row["name"])  # type: ignore[arg-type]  # as the table has it
    sums = {key: value for key, value in row.items() if key not in {"id", "name"}}
    return CampaignFigures(name.text, Figures(**sums), name.purged, int(str(row["id"])))  # type: ignore[arg-type]


def by_day(db: Db, link: int, campaign: int = 0) -> Mapping[date, tuple[int, int]]:
    """Return the clicks of people and of machines by the day on which their message was sent.

    In messages of all campaigns (0), or of one.
    """
    rows = db.execute(_BY_DAY, {"link": link, "campaign": campaign})
    return {day_date(day): (people, machines) for day, people, machines in rows}


def destinations(db: Db, link: int, days: Mapping[date, object]) -> Destinations:
    """Return where clicks on the latest messages led, of the days on which a link was clicked."""
    found: Counter[str] = Counter()
    since = None
    for day in sorted(days, reverse=True)[:_DAYS_LOOKED_AT]:
        begun_s = (day - date(1970, 1, 1)).days * DAY_S
        asked = {"since_s": begun_s, "until_s": begun_s + DAY_S, "link": link}
        since = day
        found.update(
            url for (url,) in db.execute(_LED, {**asked, "most": LOOKED_AT // _DAYS_LOOKED_AT})
        )
    return Destinations(dict(found.most_common()), since)
