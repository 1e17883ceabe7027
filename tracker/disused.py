"""Links that nothing needs any more, once the messages that had them are gone.

Owns: which names of links go, and what becomes of the sums of those.
Does not own: when (`retention`), or which links reports list (`sightings`).

Three kinds of rows keep a link's name: a set that a message has, its place in a campaign's list, and
a sum of clicks.

- A set goes with its last message.
- A URL that nobody clicked is listed until the latest message that had it is purged. A group, which
  somebody named, stays as long as its campaign is in reports.
- Sums stay, and so does the name of what was clicked, but for a reader's own links: those that are not
  listed, and whose every click was on one message to one recipient. Their sums are added to those of
  the campaign's link `(purged)`, so that a purge leaves no URL that was somebody's.
"""

from sqlite_utils import Database

from tracker import names
from tracker.attribution import PURGED_NAME

_OWN = """
    INSERT INTO own
    SELECT campaign_id, link_id FROM (
        SELECT clicks.campaign_id, link_id, count(*) AS clicks
        FROM clicks JOIN messages ON messages.id = message
        WHERE message IN gone AND link_set_id IS NOT NULL AND 1 = (
            SELECT count(*) FROM deliveries
            WHERE deliveries.message = messages.id AND deliveries.number != 0
        )
        GROUP BY link_id HAVING count(DISTINCT message) = 1
    ) AS theirs
    WHERE clicks = (
        SELECT sum(clicks_all) FROM counters
        WHERE day = 0 AND link_id = theirs.link_id AND link_id > 0
    ) AND link_id NOT IN (SELECT link_id FROM campaign_links)
"""
_ADD_UP = (
    """INSERT INTO counters
        (day, campaign_id, link_id, clicks_human, clicks_all, unique_human, unique_all)
    SELECT 0, campaign_id, :link, sum(clicks_human), sum(clicks_all),
        sum(unique_human), sum(unique_all)
    FROM own JOIN counters USING (campaign_id, link_id) WHERE day = 0 GROUP BY campaign_id
    ON CONFLICT DO UPDATE SET
        clicks_human = clicks_human + excluded.clicks_human,
        clicks_all = clicks_all + excluded.clicks_all,
        unique_human = unique_human + excluded.unique_human,
        unique_all = unique_all + excluded.unique_all""",
    "DELETE FROM counters WHERE day = 0 AND (campaign_id, link_id) IN own",
    "DELETE FROM clickers WHERE day = 0 AND (campaign_id, link_id) IN own",
)
_UNLIST = """
    DELETE FROM campaign_links WHERE day < :day
    AND link_id IN (SELECT id FROM links WHERE name LIKE 'http://%' OR name LIKE 'https://%')
    AND (campaign_id, link_id) NOT IN
        (SELECT campaign_id, link_id FROM counters WHERE day = 0 AND clicks_all > 0)
"""
_DROP = (
    """DELETE FROM link_sets WHERE id NOT IN
        (SELECT link_set_id FROM messages WHERE link_set_id IS NOT NULL)""",
    "DELETE FROM link_set_links WHERE link_set_id NOT IN (SELECT id FROM link_sets)",
    "DELETE FROM link_set_ignored WHERE link_set_id NOT IN (SELECT id FROM link_sets)",
    "DELETE FROM counters WHERE day = 0 AND link_id > 0 AND clicks_all = 0",
    """DELETE FROM links WHERE id NOT IN (SELECT link_id FROM link_set_links)
        AND id NOT IN (SELECT link_id FROM campaign_links)
        AND id NOT IN (SELECT link_id FROM counters WHERE link_id > 0)""",
)


def add_up_own(db: Database) -> None:
    """Add up the sums of links that were one reader's, before the messages in `gone` go.

    Within the open transaction. Nothing but those messages and their clicks knows whose they were.
    """
    db.execute(
        """CREATE TEMP TABLE IF NOT EXISTS own (
            campaign_id INTEGER, link_id INTEGER, PRIMARY KEY (campaign_id, link_id)
        ) WITHOUT ROWID"""
    )
    db.execute("DELETE FROM own")
    if db.execute(_OWN).rowcount:
        link = names.ids(db, "links", {PURGED_NAME})[PURGED_NAME]
        for sql in _ADD_UP:
            db.execute(sql, {"link": link})


def drop(db: Database, day: int) -> None:
    """Delete names of links that only messages of before `day` had, within the open transaction."""
    db.execute(_UNLIST, {"day": day})
    for sql in _DROP:
        db.execute(sql)
