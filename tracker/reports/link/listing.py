"""The links that were clicked, the most clicked first, some at a time; and those that a text is found in.

Owns: both questions, and where links are looked for.
Does not own: the links of a report (`tracker.reports.links`), people (`tracker.reports.people`), or how a
place in the list is written in a URL (`tracker.pages.query`).

A text is looked for where it can be found while somebody waits: among the most clicked links and the
latest ones, SEARCHED of each, whatever is written in which case; and among all links, where it is how
their URL begins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tracker.reports import people
from tracker.reports.figures import Figures, Json, LinkFigures
from tracker.reports.names import Name
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.sql.spelling import is_between
from tracker.store.reserved import RESERVED_NAME
from tracker.store.rows.clicked_by import Counts

SEARCHED = 10_000
MOST_FOUND = 100
Place = tuple[int, int]
"""Where a list goes on: behind the link with so many clicks and this row."""

_SUMS = "clicks_human, clicks_doubtful, clicks_all, clicks_shared"
_EVER = f"""
    SELECT link_id, {_SUMS}, unique_human, unique_doubtful, unique_all
    FROM counters INDEXED BY counters_top
    WHERE day = 0 AND campaign_id = 0 AND link_id > 0 AND clicks_all > 0
        AND clicks_all <= :clicks AND (clicks_all < :clicks OR link_id < :link)
    ORDER BY clicks_all DESC, link_id DESC LIMIT :most
"""  # noqa: S608 - a constant
_IN_PERIOD = """
    SELECT link_id, sum(clicks_human) AS clicks_human, sum(clicks_doubtful) AS clicks_doubtful,
        sum(clicks_all) AS clicks_all, sum(clicks_shared) AS clicks_shared
    FROM cohorts WHERE day BETWEEN :first AND :last AND link_id > 0 {which}
    GROUP BY link_id {having}
"""
_OF_PERIOD = _IN_PERIOD.format(
    which="",
    having="""HAVING sum(clicks_all) > 0
        AND (sum(clicks_all) < :clicks OR (sum(clicks_all) = :clicks AND link_id < :link))
    ORDER BY sum(clicks_all) DESC, link_id DESC LIMIT :most""",
)
_THESE_EVER = f"""
    SELECT link_id, {_SUMS}, unique_human, unique_doubtful, unique_all
    FROM counters WHERE day = 0 AND campaign_id = 0 AND link_id IN (:ids)
"""  # noqa: S608 - a constant
_THESE_IN_PERIOD = _IN_PERIOD.format(which="AND link_id IN (:ids)", having="")
_NAMES = "SELECT id, name, url, text FROM links WHERE id IN (:ids)"
_CLICKED = """
    SELECT id, name, url, text FROM (
        SELECT link_id FROM counters INDEXED BY counters_top
        WHERE day = 0 AND campaign_id = 0 AND link_id > 0 AND clicks_all > 0
        ORDER BY clicks_all DESC LIMIT :searched
    ) AS clicked CROSS JOIN links ON links.id = link_id
"""
_LATEST = """
    SELECT id, name, url, text FROM links WHERE id <= (SELECT max(id) FROM links)
    ORDER BY id DESC LIMIT :searched
"""
_BEGINNING = f"""
    SELECT id FROM links WHERE {is_between("name", "text", "end")}
    UNION SELECT id FROM links WHERE url IS NOT NULL AND {is_between("url", "text", "end")}
    ORDER BY id LIMIT :most
"""  # noqa: S608 - constants
_SCHEMES = ("https://", "http://")
_LAST_CHARACTER = chr(0x10FFFF)
_EVERY: Place = (2**62, 2**62)


@dataclass(frozen=True, slots=True)
class Listing:
    """Some links; `next` is the place behind them, None at the end."""

    rows: tuple[LinkFigures, ...]
    next: Place | None


def listing(db: Db, period: Period | None, *, after: Place | None = None, limit: int) -> Listing:
    """Return links that were clicked in what was sent within a period (None: ever)."""
    clicks, link = after or _EVERY
    asked = {"clicks": clicks, "link": link, "most": limit + 1}
    sql, days = (_EVER, {}) if period is None else (_OF_PERIOD, period.days())
    rows = list(db.query(sql, {**asked, **days}))
    shown = rows[:limit]
    last = (shown[-1]["clicks_all"], shown[-1]["link_id"]) if len(rows) > limit else None
    return Listing(tuple(_told(db, shown, period)), last)


def search(db: Db, text: str, period: Period | None) -> list[LinkFigures]:
    """Return links in whose name, URL or text this one stands, the most clicked first."""
    ids = _ids(db, text.strip())
    sql, days = (_THESE_EVER, {}) if period is None else (_THESE_IN_PERIOD, period.days())
    figures = {row["link_id"]: row for row in db.query(sql, {"ids": ids, **days})}
    rows = [figures.get(row, {"link_id": row}) for row in ids]
    found = _told(db, rows, period)
    return sorted(found, key=lambda each: (-each.figures.clicks_all, each.link))[:MOST_FOUND]


def _ids(db: Db, text: str) -> list[int]:
    """Return the rows of links that a text is found in."""
    wanted = text.casefold()
    found: dict[int, None] = {}
    for sql in (_CLICKED, _LATEST):
        rows = db.execute(sql, {"searched": SEARCHED})
        found |= dict.fromkeys(islice(_with_text(rows, wanted), MOST_FOUND))
    for scheme in ("", *_SCHEMES):
        begun = scheme + text
        values = {"text": begun, "end": begun + _LAST_CHARACTER, "most": MOST_FOUND}
        found |= dict.fromkeys(row for (row,) in db.execute(_BEGINNING, values))
    return list(found)


def _with_text(rows: Iterable[Any], wanted: str) -> Iterator[int]:
    """Yield the rows of links in whose name, URL or text this one stands."""
    for row, name, url, text in rows:
        is_it = (
            wanted in name.casefold()
            or (url is not None and wanted in url.casefold())
            or (text is not None and wanted in text.casefold())
        )
        if is_it and name != RESERVED_NAME:
            yield row


def _told(db: Db, rows: Iterable[Json], period: Period | None) -> list[LinkFigures]:
    """Return sums of links with their names, and with the people of a period."""
    sums = {row["link_id"]: _figures(row) for row in rows}
    if period is not None:
        uniques = people.by_link(db, list(sums), 0, period.days())
        sums = {row: each.of_people(uniques.get(row, Counts())) for row, each in sums.items()}
    named = {row["id"]: row for row in db.query(_NAMES, {"ids": list(sums)})}
    return [link_of(named[row], each) for row, each in sums.items() if row in named]


def _figures(row: Json) -> Figures:
    return Figures(**{name: value for name, value in row.items() if name != "link_id"})


def link_of(row: Json, figures: Figures) -> LinkFigures:
    """Return a link by its row (`id`, `name`, `url`, `text`), with these figures."""
    name = Name.of(row["name"])
    link = name.text or ""
    return LinkFigures(link, row["url"] or link, row["text"] or "", figures, name.purged, row["id"])
