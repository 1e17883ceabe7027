"""The links of a report: the most clicked, or all of them, of everything or of a period.

Owns: which links there are, clicked or only listed, in which order, and their queries.
Does not own: how many people clicked them in a period (`people`), their figures as values (`figures`), or
which links a campaign lists (`tracker.counting.links.listed_links`).

The most clicked come first, those with as many clicks by name. There may be very many with as many, as
where each reader had links that nobody else had: of these, so many are compared as COMPARED says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tracker.reports import people
from tracker.reports.figures import Figures, Json, LinkFigures
from tracker.reports.names import Name
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.rows.clicked_by import Counts

COMPARED = 2000
"""Links with as many clicks as the last one that is shown, which are put in order by name."""
TOP = 100
_CHUNK = 500

NOT_OWN = """
    NOT EXISTS (
        SELECT 1 FROM slots WHERE slots.campaign_id = campaign_links.campaign_id
        AND slots.hash = campaign_links.slot AND slots.text IS NOT NULL
    )
"""
"""Links that are not each reader's own; those are one, which has another name."""
_SUMMED = """
    SELECT link_id, clicks_human, clicks_doubtful, clicks_all, clicks_shared,
        unique_human, unique_doubtful, unique_all
    FROM counters INDEXED BY counters_top
    WHERE day = 0 AND campaign_id = :campaign AND link_id > 0 AND clicks_all > 0
"""
_SENT = """
    SELECT link_id, sum(clicks_human) AS clicks_human, sum(clicks_doubtful) AS clicks_doubtful,
        sum(clicks_all) AS clicks_all, sum(clicks_shared) AS clicks_shared,
        0 AS unique_human, 0 AS unique_doubtful, 0 AS unique_all
    FROM {} WHERE {} AND link_id > 0 GROUP BY link_id
"""
_IN_PERIOD = "day BETWEEN :first AND :last"
_SENT_OF_ALL = _SENT.format("cohorts", _IN_PERIOD)
_SENT_OF_CAMPAIGN = _SENT.format(
    f"""(SELECT day AS sent_day FROM cohorts
        WHERE link_id = 0 AND campaign_id = :campaign AND {_IN_PERIOD}
    ) AS sent CROSS JOIN cohorts ON cohorts.day = sent_day""",  # noqa: S608 - a constant
    "cohorts.campaign_id = :campaign",
)
_HOW_MANY = "SELECT count(*) FROM ({found}) AS found"
_TOP = """
    SELECT name, url, text, clicked.* FROM (
        {found} ORDER BY clicks_all DESC, link_id DESC LIMIT :most
    ) AS clicked CROSS JOIN links ON links.id = link_id
    ORDER BY clicks_all DESC, link_id DESC
"""
_EVERY = """
    SELECT name, url, text, clicked.* FROM ({found}) AS clicked CROSS JOIN links ON links.id = link_id
    ORDER BY clicks_all DESC, name
"""
_LISTING = """
    SELECT campaign_id FROM counters
    WHERE {} AND link_id = 0 AND campaign_id > 0 AND messages > 0
"""
_LISTED = """
    SELECT DISTINCT link_id FROM campaign_links
    WHERE :campaign IN (0, campaign_id) AND campaign_id IN ({listing}) AND {not_own}
    AND link_id NOT IN (SELECT link_id FROM ({found}) AS found)
"""
_LISTED_TOP = """
    SELECT name, url, text, links.id AS link_id
    FROM ({listed} ORDER BY link_id DESC LIMIT :most) AS listed CROSS JOIN links ON links.id = link_id
"""
_LISTED_EVERY = """
    SELECT name, url, text, links.id AS link_id
    FROM ({listed}) AS listed CROSS JOIN links ON links.id = link_id ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Links:
    """The links of everything, or of a period, of all campaigns (0) or of one."""

    db: Db
    campaign: int
    period: Period | None

    def how_many(self) -> int:
        """Return how many there are, clicked or listed."""
        counted = (_HOW_MANY.format(found=each) for each in (self._found, self._listed))
        return sum(self.db.execute(sql, self._values()).fetchone()[0] for sql in counted)

    def top(self, limit: int) -> list[LinkFigures]:
        """Return the first `limit` of them."""
        most = limit + COMPARED
        rows: list[Json] = []
        for row in self.db.query(_TOP.format(found=self._found), self._values(most)):
            if len(rows) >= limit and row["clicks_all"] < rows[limit - 1]["clicks_all"]:
                break
            rows.append(row)
        rows.sort(key=lambda row: (-row["clicks_all"], row["name"]))
        found = self._counted(rows[:limit])
        return found if len(found) == limit else found + self._top_listed(limit - len(found))

    def top_by_people(self, limit: int) -> list[LinkFigures]:
        """Return those that people clicked most, of the TOP that were clicked most, machines included."""
        found = self.top(max(limit, TOP))
        found.sort(
            key=lambda each: (-each.figures.clicks_human, -each.figures.clicks_all, each.link)
        )
        return found[:limit]

    def _top_listed(self, limit: int) -> list[LinkFigures]:
        values = self._values(limit + COMPARED)
        rows = list(self.db.query(_LISTED_TOP.format(listed=self._listed), values))
        return [_link(row, Figures()) for row in sorted(rows, key=_name)[:limit]]

    def every(self) -> Iterator[LinkFigures]:
        """Yield all of them."""
        rows = self.db.stream(_EVERY.format(found=self._found), self._values())
        while chunk := list(islice(rows, _CHUNK)):
            yield from self._counted(chunk)
        for row in self.db.stream(_LISTED_EVERY.format(listed=self._listed), self._values()):
            yield _link(row, Figures())

    def _counted(self, rows: list[Json]) -> list[LinkFigures]:
        """Return figures of links that were clicked, with the people of a period."""
        summed = [
            Figures(**{name: row[name] for name in row if name in Figures.__slots__})
            for row in rows
        ]
        if self.period is not None:
            ids = [row["link_id"] for row in rows]
            uniques = people.by_link(self.db, ids, self.campaign, self.period.days())
            summed = [
                figures.of_people(uniques.get(link, Counts()))
                for link, figures in zip(ids, summed, strict=True)
            ]
        return [_link(row, figures) for row, figures in zip(rows, summed, strict=True)]

    @property
    def _found(self) -> str:
        """The query of links that were clicked, with their sums."""
        if self.period is None:
            return _SUMMED
        return _SENT_OF_CAMPAIGN if self.campaign else _SENT_OF_ALL

    @property
    def _listed(self) -> str:
        """The query of links that were not clicked, but that a campaign of the report has."""
        listing = _LISTING.format("day = 0" if self.period is None else _IN_PERIOD)
        return _LISTED.format(listing=listing, not_own=NOT_OWN, found=self._found)

    def _values(self, most: int = -1) -> dict[str, int]:
        days = {} if self.period is None else self.period.days()
        return {"campaign": self.campaign, "most": most, **days}


def _name(row: Json) -> str:
    return str(row["name"])


def _link(row: Json, figures: Figures) -> LinkFigures:
    name = Name.of(row["name"])
    link = name.text or ""
    url, text = row["url"] or link, row["text"] or ""
    return LinkFigures(link, url, text, figures, name.purged, row["link_id"])
