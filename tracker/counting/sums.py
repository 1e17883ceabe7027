"""The sums of the store, changed in the transaction that changes what they are sums of.

Owns: applying collected changes to `counters` and `clickers`.
Does not own: what adds to which sum (`model`).

Unique clickers are counted as persons whose clicks in a scope went from none to some, or back, so
that a change costs the same whether ten people clicked or ten million.
"""

from collections.abc import Iterator

from sqlite_utils import Database

from tracker.counting.model import MessageSum, Sums

_CHANGES = """
    CREATE TEMP TABLE IF NOT EXISTS changes (
        campaign_id INTEGER, link_id INTEGER, person_id INTEGER,
        human INTEGER, doubtful INTEGER, total INTEGER,
        PRIMARY KEY (campaign_id, link_id, person_id)
    ) WITHOUT ROWID
"""
_PUT_CHANGE = """
    INSERT INTO changes (campaign_id, link_id, person_id, human, doubtful, total)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_ROLL_UP = (
    """INSERT INTO changes SELECT 0, link_id, person_id, sum(human), sum(doubtful), sum(total)
    FROM changes GROUP BY link_id, person_id""",
    """INSERT INTO changes SELECT campaign_id, 0, person_id, sum(human), sum(doubtful), sum(total)
    FROM changes GROUP BY campaign_id, person_id""",
)
"""From the clickers of links of campaigns to those of links, then of campaigns, and of all."""
_COUNT_UNIQUES = """
    WITH persons AS (
        SELECT campaign_id, link_id,
            ifnull(clicks_human, 0) AS human_before, human + ifnull(clicks_human, 0) AS human_now,
            ifnull(clicks_doubtful, 0) AS doubtful_before,
            doubtful + ifnull(clicks_doubtful, 0) AS doubtful_now,
            ifnull(clicks_all, 0) AS all_before, total + ifnull(clicks_all, 0) AS all_now
        FROM changes LEFT JOIN clickers USING (campaign_id, link_id, person_id)
    )
    INSERT INTO counters (day, campaign_id, link_id, unique_human, unique_doubtful, unique_all)
    SELECT 0, campaign_id, link_id,
        sum((human_now > 0) - (human_before > 0)),
        sum((human_now > 0 AND human_now = doubtful_now)
            - (human_before > 0 AND human_before = doubtful_before)),
        sum((all_now > 0) - (all_before > 0))
    FROM persons GROUP BY campaign_id, link_id
    ON CONFLICT DO UPDATE SET
        unique_human = unique_human + excluded.unique_human,
        unique_doubtful = unique_doubtful + excluded.unique_doubtful,
        unique_all = unique_all + excluded.unique_all
"""
_COUNT_CLICKERS = """
    INSERT INTO clickers
        (campaign_id, link_id, person_id, clicks_human, clicks_doubtful, clicks_all)
    SELECT campaign_id, link_id, person_id, human, doubtful, total FROM changes WHERE true
    ON CONFLICT DO UPDATE SET
        clicks_human = clicks_human + excluded.clicks_human,
        clicks_doubtful = clicks_doubtful + excluded.clicks_doubtful,
        clicks_all = clicks_all + excluded.clicks_all
"""
_FORGET_WITHDRAWN = """
    DELETE FROM clickers WHERE clicks_all = 0 AND (campaign_id, link_id, person_id) IN
        (SELECT campaign_id, link_id, person_id FROM changes WHERE total < 0)
"""
_COUNT_CLICKS = """
    INSERT INTO counters (day, campaign_id, link_id,
        clicks_human, clicks_doubtful, clicks_all, clicks_shared)
    VALUES (:day, :campaign_id, :link_id, :human, :doubtful, :total, :shared)
    ON CONFLICT DO UPDATE SET
        clicks_human = clicks_human + excluded.clicks_human,
        clicks_doubtful = clicks_doubtful + excluded.clicks_doubtful,
        clicks_all = clicks_all + excluded.clicks_all,
        clicks_shared = clicks_shared + excluded.clicks_shared
"""
_COUNT_MESSAGES = """
    INSERT INTO counters (day, campaign_id, link_id,
        messages, deliveries, clicked, shared_messages, shared_recipients)
    VALUES (:day, :campaign_id, :link_id,
        :messages, :deliveries, :clicked, :shared_messages, :shared_recipients)
    ON CONFLICT DO UPDATE SET
        messages = messages + excluded.messages,
        deliveries = deliveries + excluded.deliveries,
        clicked = clicked + excluded.clicked,
        shared_messages = shared_messages + excluded.shared_messages,
        shared_recipients = shared_recipients + excluded.shared_recipients
"""


def apply(db: Database, sums: Sums) -> None:
    """Apply changes of sums, within the transaction that is open."""
    # Clicks first: a sum begun with its clickers would be one of no clicks until these are added.
    db.conn.executemany(_COUNT_CLICKS, list(_click_rows(sums)))
    _apply_clickers(db, sums)
    db.conn.executemany(_COUNT_MESSAGES, list(_message_rows(sums)))


def _click_rows(sums: Sums) -> Iterator[dict[str, int]]:
    """Yield the rows of sums of clicks that change."""
    for scope, count in sums.click_sums().items():
        if count.human or count.doubtful or count.total or count.shared:
            yield {
                "day": scope.day,
                "campaign_id": scope.campaign_id,
                "link_id": scope.link_id,
                "human": count.human,
                "doubtful": count.doubtful,
                "total": count.total,
                "shared": count.shared,
            }


def _message_rows(sums: Sums) -> Iterator[dict[str, int]]:
    """Yield the rows of sums of messages that change."""
    for scope, count in sums.messages.items():
        if count != MessageSum():
            yield {
                "day": scope.day,
                "campaign_id": scope.campaign_id,
                "link_id": scope.link_id,
                "messages": count.messages,
                "deliveries": count.deliveries,
                "clicked": count.clicked,
                "shared_messages": count.shared_messages,
                "shared_recipients": count.shared_recipients,
            }


def _apply_clickers(db: Database, sums: Sums) -> None:
    changes = [
        (*clicker, count.human, count.doubtful, count.total)
        for clicker, count in sums.clickers.items()
        if count.human or count.doubtful or count.total
    ]
    if not changes:
        return
    db.execute(_CHANGES)
    db.execute("DELETE FROM changes")
    db.conn.executemany(_PUT_CHANGE, changes)
    for sql in _ROLL_UP:
        db.execute(sql)
    db.execute(_COUNT_UNIQUES)
    db.execute(_COUNT_CLICKERS)
    if any(count.total < 0 for count in sums.clickers.values()):
        db.execute(_FORGET_WITHDRAWN)
