"""All links with their figures, by number: of everything, or of a campaign or a period.

Owns: these questions, and their queries.
Does not own: figures (`tracker.reports.figures`), the most clicked links (`tracker.reports.links`), or how
many people clicked (`tracker.reports.people`).

A link is listed that was clicked, or that a campaign with messages has: those of a report, all of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tracker.reports import people
from tracker.reports.figures import Figures, Json, LinkFigures
from tracker.reports.links import NOT_OWN
from tracker.reports.lists.part import Part, cut
from tracker.reports.names import Name
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.rows.clicked_by import Counts

LOOKED_AT = 20_000
"""Links that are looked at for one that some campaign has, some microseconds each."""
OF_A_PERIOD = 250
"""Links of a part that is of a period: sets of people are united for each, some 0.1 ms."""

_CLICKED = """
    SELECT link_id FROM counters
    WHERE day = 0 AND campaign_id = :campaign AND link_id > :after AND clicks_all > 0
    ORDER BY link_id LIMIT :most
"""
_CLICKED_THEN = """
    SELECT DISTINCT link_id FROM cohorts
    WHERE day BETWEEN :first AND :last AND link_id > :after AND :campaign IN (0, campaign_id)
        AND clicks_all > 0
    ORDER BY link_id LIMIT :most
"""
_CLICKED_OF_CAMPAIGN_THEN = """
    SELECT DISTINCT cohorts.link_id FROM (
        SELECT day AS sent_day FROM cohorts INDEXED BY cohorts_campaign
        WHERE link_id = 0 AND campaign_id = :campaign AND day BETWEEN :first AND :last
    ) AS sent CROSS JOIN cohorts ON cohorts.day = sent_day AND cohorts.campaign_id = :campaign
        AND cohorts.link_id > :after AND clicks_all > 0
    ORDER BY cohorts.link_id LIMIT :most
"""
_HAS_MESSAGES = """EXISTS (
    SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = campaign_links.campaign_id
    AND link_id = 0 AND messages > 0
)"""
_HAD_MESSAGES = """EXISTS (
    SELECT 1 FROM counters INDEXED BY counters_days
    WHERE counters.campaign_id = campaign_links.campaign_id AND link_id = 0
    AND day BETWEEN :first AND :last AND messages > 0
)"""
_LISTED_OF_CAMPAIGN = """
    SELECT link_id FROM campaign_links
    WHERE campaign_id = :campaign AND link_id > :after AND {not_own} AND {sent}
    ORDER BY link_id LIMIT :most
"""
_LISTED = """
    SELECT id FROM (SELECT id FROM links WHERE id > :after ORDER BY id LIMIT :looked_at) AS looked
    WHERE EXISTS (
        SELECT 1 FROM campaign_links INDEXED BY campaign_links_link
        WHERE link_id = looked.id AND link_id > :after AND {not_own} AND {sent}
    ) ORDER BY id LIMIT :most
"""
_LOOKED_TO = """
    SELECT id FROM links WHERE id > :after ORDER BY id LIMIT 1 OFFSET :looked_at - 1
"""
_OF_EVERYTHING = """
    SELECT link_id, clicks_human, clicks_doubtful, clicks_all, clicks_shared,
        unique_human, unique_doubtful, unique_all
    FROM counters WHERE day = 0 AND campaign_id = :campaign AND link_id IN (:ids)
"""
_OF_PERIOD = """
    SELECT link_id, sum(clicks_human) AS clicks_human, sum(clicks_doubtful) AS clicks_doubtful,
        sum(clicks_all) AS clicks_all, sum(clicks_shared) AS clicks_shared
    FROM {sums} AS sums WHERE link_id IN (:ids) GROUP BY link_id
"""
_THEN = """(
    SELECT link_id, clicks_human, clicks_doubtful, clicks_all, clicks_shared
    FROM cohorts WHERE day BETWEEN :first AND :last AND link_id > 0
)"""
_OF_CAMPAIGN_THEN = """(
    SELECT cohorts.* FROM (
        SELECT day AS sent_day FROM cohorts INDEXED BY cohorts_campaign
        WHERE link_id = 0 AND campaign_id = :campaign AND day BETWEEN :first AND :last
    ) AS sent CROSS JOIN cohorts ON cohorts.day = sent_day AND cohorts.campaign_id = :campaign
        AND cohorts.link_id > 0
)"""
_ABOUT = "SELECT id, name, url, text FROM links WHERE id IN (:ids) ORDER BY id"
_NOW = "SELECT leads_to FROM link_aliases WHERE link_id = :link"
_CAMPAIGNS = """
    SELECT campaign_id FROM counters INDEXED BY counters_link
    WHERE link_id = :link AND link_id > 0 AND day = 0 AND campaign_id > 0 AND clicks_all > 0
    UNION
    SELECT campaign_id FROM campaign_links INDEXED BY campaign_links_link
    WHERE link_id = :link AND {not_own} AND {sent}
    ORDER BY campaign_id LIMIT :most
"""
_CAMPAIGN = "SELECT id, name FROM campaigns WHERE id = :campaign"


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which campaign (0: all) and of what was sent within which period (None: all times)."""

    campaign: int = 0
    period: Period | None = None

    def values(self) -> dict[str, int]:
        """Return what queries are asked with."""
        days = {} if self.period is None else self.period.days()
        return {"campaign": self.campaign, **days}


def links(db: Db, asked: Asked, *, after: int = 0, limit: int) -> Part[LinkFigures]:
    """Return links that were clicked, or that campaigns with messages have: `limit` at most, or fewer."""
    limit = limit if asked.period is None else min(limit, OF_A_PERIOD)
    values = {**asked.values(), "after": after, "most": limit + 1}
    looked = {**values, "looked_at": LOOKED_AT}
    numbers = {number for (number,) in db.execute(_clicked(asked), values)}
    numbers |= {number for (number,) in db.execute(_listed(asked), looked)}
    place = {"after": after, "looked_at": LOOKED_AT}
    (looked_to,) = (
        (None,) if asked.campaign else db.execute(_LOOKED_TO, place).fetchone() or (None,)
    )
    found = sorted(each for each in numbers if looked_to is None or each <= looked_to)
    part = cut(found, limit, looked_to)
    return Part(figures(db, asked, part.rows), part.next)


def _clicked(asked: Asked) -> str:
    if asked.period is None:
        return _CLICKED
    return _CLICKED_OF_CAMPAIGN_THEN if asked.campaign else _CLICKED_THEN


def _listed(asked: Asked) -> str:
    sent = _HAS_MESSAGES if asked.period is None else _HAD_MESSAGES
    sql = _LISTED_OF_CAMPAIGN if asked.campaign else _LISTED
    return sql.format(not_own=NOT_OWN, sent=sent)


def figures(db: Db, asked: Asked, numbers: Collection[int]) -> list[LinkFigures]:
    """Return those of these links that there are, with their figures."""
    ids = list(numbers)
    found = _figures(db, asked, {**asked.values(), "ids": ids}, numbers)
    return [_link(row, found.get(row["id"], Figures())) for row in db.query(_ABOUT, {"ids": ids})]


def _figures(db: Db, asked: Asked, values: Json, numbers: Collection[int]) -> Mapping[int, Figures]:
    if asked.period is None:
        return {row.pop("link_id"): Figures(**row) for row in db.query(_OF_EVERYTHING, values)}
    sql = _OF_PERIOD.format(sums=_OF_CAMPAIGN_THEN if asked.campaign else _THEN)
    found = {row.pop("link_id"): Figures(**row) for row in db.query(sql, values)}
    uniques = people.by_link(db, numbers, asked.campaign, asked.period.days())
    return {link: each.of_people(uniques.get(link, Counts())) for link, each in found.items()}


def _link(row: Json, figures: Figures) -> LinkFigures:
    name = Name.of(row["name"])
    link = name.text or ""
    return LinkFigures(
        link, row["url"] or link, row["text"] or "", figures, name.purged, id=row["id"]
    )


def number_now(db: Db, link: int) -> int:
    """Return the number of the link that another one became, or its own."""
    seen = {link}
    while (found := db.execute(_NOW, {"link": link}).fetchone()) and found[0] not in seen:
        link = int(found[0])
        seen.add(link)
    return link


def campaigns_of(db: Db, link: int, limit: int) -> list[tuple[int, Name, LinkFigures]]:
    """Return campaigns that have a link: number, name, and figures of the link in it."""
    sql = _CAMPAIGNS.format(not_own=NOT_OWN, sent=_HAS_MESSAGES)
    rows = db.execute(sql, {"link": link, "most": limit}).fetchall()
    found = []
    for (number,) in rows:
        row, stored = db.execute(_CAMPAIGN, {"campaign": number}).fetchone()
        found += [(row, Name.of(stored), each) for each in figures(db, Asked(number), [link])]
    return found
