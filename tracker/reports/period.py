"""Figures of what was sent within a period, counted from rows.

Owns: the period as a value, and its queries.
Does not own: figures of everything, which are sums (`summary`).

They take time by how much was sent and clicked.
"""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.reports.figures import Figures
from tracker.store.reserved import PURGED, day_of

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

    def values(self) -> dict[str, float]:
        """Return what queries are asked with."""
        return {
            "since_s": self.since_s,
            "until_s": self.until_s,
            "first": day_of(self.since_s),
            "last": day_of(max(0.0, self.until_s - 1e-3)),
            "purged": PURGED,
        }


_SENT = """
    WITH sent AS (
        SELECT id, campaign_id, shared, link_set_id IS NULL AS alone,
            EXISTS (
                SELECT 1 FROM deliveries
                WHERE message = messages.id AND number = 0 AND (accepted OR clicks)
            ) AS everyone
        FROM messages WHERE counted AND campaign_id != :purged
            AND sent_at_s >= :since_s AND sent_at_s < :until_s
    ), counted AS (
        SELECT campaign_id, shared, (
            SELECT count(*) FROM deliveries WHERE message = id AND number != 0 AND CASE
                WHEN shared THEN everyone OR accepted OR clicks
                ELSE clicks OR (accepted AND NOT alone)
            END
        ) AS recipients, (
            SELECT count(*) FROM deliveries
            WHERE message = id AND number != 0 AND clicks_human AND NOT shared
        ) AS clicked FROM sent
    ), summed AS (
        SELECT campaign_id, count(*) AS messages,
            sum((NOT shared) * recipients) AS deliveries, sum(clicked) AS clicked,
            sum(shared) AS shared_messages, sum(shared * recipients) AS shared_recipients
        FROM counted GROUP BY campaign_id
    )
    SELECT * FROM summed
    UNION ALL
    SELECT 0, sum(messages), sum(deliveries), sum(clicked),
        sum(shared_messages), sum(shared_recipients)
    FROM summed HAVING count(*)
"""
_SUMMED = """
    sum(human) AS clicks_human, sum(doubtful) AS clicks_doubtful, sum(total) AS clicks_all,
    sum(person_id IS NOT NULL AND human > 0) AS unique_human,
    sum(person_id IS NOT NULL AND human > 0 AND human = doubtful) AS unique_doubtful,
    sum(person_id IS NOT NULL) AS unique_all, sum(shared) AS clicks_shared
"""
_BY_PERSON = """
    person_id, sum(human) AS human, sum(doubtful) AS doubtful, count(*) AS total,
    sum(recipient = 0) AS shared
    FROM messages CROSS JOIN clicks ON clicks.message = messages.id
    WHERE sent_at_s >= :since_s AND sent_at_s < :until_s
"""
_CLICKED = f"""
    WITH persons AS (
        SELECT clicks.campaign_id AS campaign_id, {_BY_PERSON} GROUP BY 1, person_id
    ), everywhere AS (
        SELECT person_id, sum(human) AS human, sum(doubtful) AS doubtful, sum(total) AS total,
            sum(shared) AS shared FROM persons GROUP BY person_id
    )
    SELECT campaign_id, {_SUMMED} FROM persons GROUP BY campaign_id
    UNION ALL
    SELECT 0, {_SUMMED} FROM everywhere HAVING count(*)
"""  # noqa: S608 - a constant
CLICKED_LINKS = f"""
    SELECT link_id, {_SUMMED} FROM (
        SELECT link_id, {_BY_PERSON} AND :campaign IN (0, clicks.campaign_id)
        GROUP BY link_id, person_id
    ) GROUP BY link_id
"""  # noqa: S608 - a constant
"""Clicks by link, of all campaigns (0) or one."""
NOT_OWN = """
    NOT EXISTS (
        SELECT 1 FROM slots WHERE slots.campaign_id = campaign_links.campaign_id
        AND slots.hash = campaign_links.slot AND slots.text IS NOT NULL
    )
"""
"""Links that are not each reader's own; those are one, which has another name."""
LISTED_LINKS = f"""
    SELECT DISTINCT link_id FROM campaign_links WHERE campaign_id IN (
        SELECT campaign_id FROM messages WHERE counted AND campaign_id != :purged
        AND sent_at_s >= :since_s AND sent_at_s < :until_s
    ) AND :campaign IN (0, campaign_id) AND {NOT_OWN}
"""  # noqa: S608 - a constant
"""Links that the campaigns have, clicked or not."""


def figures(db: Database, period: Period) -> dict[int, Figures]:
    """Return figures by campaign; 0 stands for all."""
    found: dict[int, Figures] = {}
    for query in (_SENT, _CLICKED):
        for row in db.query(query, period.values()):
            campaign = row.pop("campaign_id")
            found[campaign] = found.get(campaign, Figures()) + Figures(**row)
    return found
