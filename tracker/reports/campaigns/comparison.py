"""Two campaigns, link by link.

Owns: which links are compared, and the figures of each in both.
Does not own: which links a campaign has (`tracker.reports.links`).
"""

from collections.abc import Collection
from dataclasses import dataclass

from tracker.reports.figures import Figures, LinkFigures
from tracker.reports.links import Links
from tracker.sql.db import Db

_FIGURES = """
    SELECT link_id, clicks_human, clicks_doubtful, clicks_all, clicks_shared,
        unique_human, unique_doubtful, unique_all
    FROM counters WHERE day = 0 AND campaign_id = :campaign AND link_id IN (:ids)
"""
_LISTED = """
    SELECT link_id FROM campaign_links WHERE campaign_id = :campaign AND link_id IN (:ids)
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A link, and its figures in both campaigns; None where a campaign is not known to have it."""

    link: LinkFigures
    one: Figures | None
    other: Figures | None


def compare(db: Db, one: int, other: int, limit: int) -> list[Pair]:
    """Return the most clicked links of both campaigns, `limit` of each, by people in either."""
    links: dict[int, LinkFigures] = {}
    for campaign in (one, other):
        links |= {each.id: each for each in Links(db, campaign, None).top(limit)}
    ours, theirs = (_figures(db, links, campaign) for campaign in (one, other))
    pairs = [Pair(each, ours.get(row), theirs.get(row)) for row, each in links.items()]
    return sorted(pairs, key=_order)


def _order(pair: Pair) -> tuple[int, str]:
    sides = (pair.one or Figures(), pair.other or Figures())
    return -max(each.unique_human for each in sides), pair.link.link


def _figures(db: Db, links: Collection[int], campaign: int) -> dict[int, Figures]:
    asked = {"ids": list(links), "campaign": campaign}
    found = {row: Figures() for (row,) in db.execute(_LISTED, asked)}
    for row in db.query(_FIGURES, asked):
        link = row.pop("link_id")
        found[link] = Figures(**row)
    return found
