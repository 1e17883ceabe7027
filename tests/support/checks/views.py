"""Figures as the documented views of the store give them: what reports must equal.

`counted` counts single rows, as whoever asks questions of their own would; `summed` reads what is summed up.
"""

from collections.abc import Mapping
from typing import Any

from tracker.reports.figures import Figures, LinkFigures
from tracker.sql.sqlite import SQLite

ALL = 0
"""Stands for all campaigns."""

_SUMMED = """
    SELECT campaign_id, messages, deliveries, clicked_deliveries, clicks_human, clicks_doubtful,
        clicks_all, unique_clickers_human, unique_clickers_doubtful, unique_clickers_all,
        shared_messages, shared_recipients, shared_clicks
    FROM campaigns_v
"""
_MESSAGES = """
    SELECT {0} AS campaign_id, count(*) FILTER (WHERE state = 'sent') AS messages, sum(deliveries) AS deliveries,
        sum(clicked_deliveries) AS clicked,
        count(*) FILTER (WHERE shared = 1 AND state = 'sent') AS shared_messages,
        sum(shared_recipients) AS shared_recipients
    FROM messages_v GROUP BY 1
"""
_DELIVERIES = """
    SELECT {0} AS campaign_id, sum(is_delivery) AS deliveries,
        count(*) FILTER (WHERE is_delivery = 1 AND clicks_human > 0) AS clicked
    FROM deliveries_v GROUP BY 1
"""
_CLICKS = """
    SELECT {0} AS campaign_id, count(*) FILTER (WHERE verdict != 'machine') AS clicks_human,
        count(*) FILTER (WHERE verdict = 'doubtful') AS clicks_doubtful, count(*) AS clicks_all,
        count(*) FILTER (WHERE recipient = 0) AS clicks_shared
    FROM clicks_v GROUP BY 1
"""
_PEOPLE = """
    SELECT campaign_id, count(*) FILTER (WHERE best > 1) AS unique_human,
        count(*) FILTER (WHERE best = 2) AS unique_doubtful, count(*) AS unique_all
    FROM (
        SELECT {0} AS campaign_id, max(CASE verdict WHEN 'human' THEN 3 WHEN 'doubtful' THEN 2 ELSE 1 END)
            AS best
        FROM clicks_v WHERE person IS NOT NULL GROUP BY 1, person
    ) AS people GROUP BY 1
"""


def summed(db: SQLite) -> dict[int, Figures]:
    """Return the figures of each campaign, by its number, from `campaigns_v`."""
    return {row[0]: Figures(*row[1:]) for row in db.execute(_SUMMED)}


def counted(db: SQLite) -> dict[int, Figures]:
    """Return the figures of all (0) and of each campaign, counted from single rows."""
    found: dict[int, Figures] = {}
    for query in (_MESSAGES, _CLICKS, _PEOPLE):
        for scope in ("0", "campaign_id"):
            for row in db.query(query.format(scope)):
                campaign = row.pop("campaign_id")
                found[campaign] = found.get(campaign, Figures()) + Figures(**row)
    return {each: figures for each, figures in found.items() if figures != Figures()}


def deliveries(db: SQLite) -> Mapping[int, tuple[int, int]]:
    """Return deliveries and clicked ones of each campaign that has any, counted copy by copy."""
    rows = db.execute(_DELIVERIES.format("campaign_id"))
    return {row[0]: (row[1], row[2]) for row in rows if row[1]}


def links(db: SQLite, campaign: int = ALL) -> list[LinkFigures]:
    """Return the links of all campaigns or of one, the most clicked first, from their views."""
    view, where = ("campaign_links_v", "campaign_id = ?") if campaign else ("links_v", "? = 0")
    query = f"SELECT * FROM {view} WHERE {where} ORDER BY clicks_all DESC, link"
    return [_link(row) for row in db.query(query, [campaign])]


def _link(row: dict[str, Any]) -> LinkFigures:
    figures = Figures(
        **{name: row[name] for name in ("clicks_human", "clicks_doubtful", "clicks_all")},
        **{
            f"unique_{kind}": row[f"unique_clickers_{kind}"]
            for kind in ("human", "doubtful", "all")
        },
    )
    return LinkFigures(row["link"], row["url"], row["text"], figures)
