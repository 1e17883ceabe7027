"""The sums of the store, changed in the transaction that changes what they are sums of.

Owns: applying collected changes to `counters` and `clickers`.
Does not own: what adds to which sum (`counting`).

Unique clickers are counted as persons whose clicks in a scope went from none to some, or back, so
that a change costs the same whether ten people clicked or ten million.
"""

from sqlite_utils import Database

from tracker.ingest.counting import Sums

_CHANGES = """
    CREATE TEMP TABLE IF NOT EXISTS changes (
        day INTEGER, campaign_id INTEGER, link_id INTEGER, person_id INTEGER,
        human INTEGER, total INTEGER,
        PRIMARY KEY (day, campaign_id, link_id, person_id)
    ) WITHOUT ROWID
"""
_PUT_CHANGE = """
    INSERT INTO changes (day, campaign_id, link_id, person_id, human, total)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_COUNT_UNIQUES = """
    INSERT INTO counters (day, campaign_id, link_id, unique_human, unique_all)
    SELECT day, campaign_id, link_id,
        sum((ifnull(clicks_human, 0) + human > 0) - (ifnull(clicks_human, 0) > 0)),
        sum((ifnull(clicks_all, 0) + total > 0) - (ifnull(clicks_all, 0) > 0))
    FROM changes LEFT JOIN clickers USING (day, campaign_id, link_id, person_id)
    GROUP BY day, campaign_id, link_id
    ON CONFLICT DO UPDATE SET
        unique_human = unique_human + excluded.unique_human,
        unique_all = unique_all + excluded.unique_all
"""
_COUNT_CLICKERS = """
    INSERT INTO clickers (day, campaign_id, link_id, person_id, clicks_human, clicks_all)
    SELECT day, campaign_id, link_id, person_id, human, total FROM changes WHERE true
    ON CONFLICT DO UPDATE SET
        clicks_human = clicks_human + excluded.clicks_human,
        clicks_all = clicks_all + excluded.clicks_all
"""
_FORGET_WITHDRAWN = """
    DELETE FROM clickers WHERE clicks_all = 0 AND (day, campaign_id, link_id, person_id) IN
        (SELECT day, campaign_id, link_id, person_id FROM changes WHERE total < 0)
"""
_COUNT_CLICKS = """
    INSERT INTO counters (day, campaign_id, link_id, clicks_human, clicks_all)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        clicks_human = clicks_human + excluded.clicks_human,
        clicks_all = clicks_all + excluded.clicks_all
"""
_COUNT_MESSAGES = """
    INSERT INTO counters (day, campaign_id, link_id, messages, recipients, personal)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        messages = messages + excluded.messages,
        recipients = recipients + excluded.recipients,
        personal = personal + excluded.personal
"""


def apply(db: Database, sums: Sums) -> None:
    """Apply changes of sums, within the transaction that is open."""
    # Clicks first: a sum begun with its clickers would be one of no clicks until these are added.
    db.conn.executemany(
        _COUNT_CLICKS, [(*scope, count.human, count.total) for scope, count in sums.clicks.items()]
    )
    _apply_clickers(db, sums)
    db.conn.executemany(
        _COUNT_MESSAGES,
        [
            (*scope, count.messages, count.recipients, count.personal)
            for scope, count in sums.messages.items()
        ],
    )


def _apply_clickers(db: Database, sums: Sums) -> None:
    changes = [
        (*scope, person_id, count.human, count.total)
        for (scope, person_id), count in sums.clickers.items()
        if count.human or count.total
    ]
    if not changes:
        return
    db.execute(_CHANGES)
    db.execute("DELETE FROM changes")
    db.conn.executemany(_PUT_CHANGE, changes)
    db.execute(_COUNT_UNIQUES)
    db.execute(_COUNT_CLICKERS)
    if any(count.total < 0 for count in sums.clickers.values()):
        db.execute(_FORGET_WITHDRAWN)
