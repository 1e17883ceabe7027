"""Links that nothing needs any more, once the messages that had them are gone.

Owns: which names of links go, and what becomes of the sums of those.
Does not own: when (`retention`), or which links reports list (`tracker.counting.listed_links`).

Three kinds of rows keep a link's name: a set that a message has, its place in a campaign's list,
and a sum of clicks.

- A set goes with its last message.
- A URL that nobody clicked is listed until the latest message that had it is purged. A group, which
  somebody named, stays as long as its campaign is in reports.
- Sums stay, and so does the name of what was clicked, but for a reader's own links: those that are
  not listed, and whose every click was on one message to one recipient. Their sums are added to
  those of the campaign's link `(purged)`, so that a purge leaves no URL that was somebody's.

Nothing is searched for: a name is looked at when one of its rows goes. So this costs as much as
there is to let go of, however much the store holds.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlite_utils import Database

from tracker.store import database, named_rows, queries, slots
from tracker.store.database import Watermark
from tracker.store.reserved import RESERVED_NAME
from tracker.urls.naming import is_url

_UNLISTED: Watermark = "unlisted_before_day"
"""What is listed of earlier days stays, unless its last click is withdrawn."""
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
        SELECT clicks_all FROM counters
        WHERE day = 0 AND campaign_id = 0 AND link_id = theirs.link_id AND link_id > 0
    ) AND NOT EXISTS (SELECT 1 FROM campaign_links WHERE link_id = theirs.link_id)
    AND NOT EXISTS (SELECT 1 FROM links WHERE id = theirs.link_id AND own)
"""
_OWN_OF_ALL = "INSERT INTO own SELECT 0, link_id FROM own"
_ADD_UP = (
    """INSERT INTO counters
        (day, campaign_id, link_id, clicks_human, clicks_doubtful, clicks_all, clicks_shared,
        unique_human, unique_doubtful, unique_all)
    SELECT 0, campaign_id, :link, sum(clicks_human), sum(clicks_doubtful), sum(clicks_all),
        sum(clicks_shared), sum(unique_human), sum(unique_doubtful), sum(unique_all)
    FROM own JOIN counters USING (campaign_id, link_id) WHERE day = 0 GROUP BY campaign_id
    ON CONFLICT DO UPDATE SET
        clicks_human = clicks_human + excluded.clicks_human,
        clicks_doubtful = clicks_doubtful + excluded.clicks_doubtful,
        clicks_all = clicks_all + excluded.clicks_all,
        clicks_shared = clicks_shared + excluded.clicks_shared,
        unique_human = unique_human + excluded.unique_human,
        unique_doubtful = unique_doubtful + excluded.unique_doubtful,
        unique_all = unique_all + excluded.unique_all""",
    "DELETE FROM counters WHERE day = 0 AND (campaign_id, link_id) IN own",
    "DELETE FROM clickers WHERE (campaign_id, link_id) IN own",
)
_WITHDRAWN = "SELECT campaign_id, link_id FROM counters WHERE link_id > 0 AND clicks_all = 0"
_DUE = f"""
    WITH due AS (
        SELECT campaign_id, link_id FROM campaign_links WHERE day >= :since AND day < :day
        UNION
        SELECT campaign_id, link_id FROM ({_WITHDRAWN}) AS withdrawn
        JOIN campaign_links USING (campaign_id, link_id) WHERE day < :day
    )
    SELECT campaign_id, link_id, name FROM due JOIN links ON links.id = link_id
    WHERE NOT EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND campaign_id = due.campaign_id
        AND link_id = due.link_id AND clicks_all > 0
    )
"""  # noqa: S608 - a constant
_UNLIST = "DELETE FROM campaign_links WHERE campaign_id = ? AND link_id = ?"
_FORGET_SUM = "DELETE FROM counters WHERE day = 0 AND campaign_id = ? AND link_id = ?"
_FORGET_EMPTY = """
    DELETE FROM counters
    WHERE day = 0 AND campaign_id IN (0, ?) AND link_id = ? AND link_id > 0 AND clicks_all = 0
"""
_PUT_ALIAS = """
    INSERT OR REPLACE INTO link_aliases (link_id, leads_to)
    SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM counters WHERE link_id = ?1 AND link_id > 0)
"""
_LEAD_ON = """
    UPDATE link_aliases SET leads_to = ?2
    WHERE leads_to = ?1 AND NOT EXISTS (SELECT 1 FROM links WHERE id = ?1)
"""
_UNUSED_SETS = """
    SELECT id FROM link_sets WHERE id IN (:values)
    AND NOT EXISTS (SELECT 1 FROM messages WHERE link_set_id = link_sets.id)
"""
_LINKS_OF_SETS = "SELECT link_id FROM link_set_links WHERE link_set_id IN (:values)"
_DROP_SETS = (
    "DELETE FROM link_set_links WHERE link_set_id IN (:values)",
    "DELETE FROM link_set_ignored WHERE link_set_id IN (:values)",
    "DELETE FROM link_sets WHERE id IN (:values)",
)
_DROP_ALIASES = """
    DELETE FROM link_aliases WHERE leads_to IN (:values)
    AND NOT EXISTS (SELECT 1 FROM links WHERE id = leads_to)
"""
_DROP_LINKS = """
    DELETE FROM links WHERE id IN (:values)
    AND NOT EXISTS (SELECT 1 FROM link_set_links WHERE link_id = links.id)
    AND NOT EXISTS (SELECT 1 FROM campaign_links WHERE link_id = links.id)
    AND NOT EXISTS (SELECT 1 FROM counters WHERE link_id = links.id AND link_id > 0)
"""


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
        db.execute(_OWN_OF_ALL)
        link = named_rows.ids(db, "links", {RESERVED_NAME})[RESERVED_NAME]
        for sql in _ADD_UP:
            db.execute(sql, {"link": link})
        _drop_links(db, [link for (link,) in db.execute("SELECT link_id FROM own")])


def drop_sets(db: Database, sets: Collection[int]) -> None:
    """Delete those of these sets that no message has any more, within the open transaction."""
    unused = [row for (row,) in queries.rows_in(db, _UNUSED_SETS, sets)]
    links = {link for (link,) in queries.rows_in(db, _LINKS_OF_SETS, unused)}
    for sql in _DROP_SETS:
        queries.change_in(db, sql, unused)
    slots.drop_sets(db, unused)
    _drop_links(db, links)


def drop_emptied(db: Database, went: Mapping[tuple[int, int], int]) -> None:
    """Delete links of campaigns that have no clicks left, within the open transaction.

    `went` says to which link their clicks were moved, 0 for several; there the number of one that
    is gone leads from now on.
    """
    leads = [(link, to) for (_, link), to in went.items() if to]
    db.conn.executemany(_FORGET_EMPTY, list(went))
    queries.change_in(db, _DROP_LINKS, {link for _, link in went})
    db.conn.executemany(_PUT_ALIAS, leads)
    db.conn.executemany(_LEAD_ON, leads)
    queries.change_in(db, _DROP_ALIASES, {link for _, link in went})


def unlist(db: Database, day: int) -> None:
    """Unlist URLs that only messages of before `day` had, within the open transaction.

    With them goes every sum whose last click was withdrawn.
    """
    since = database.watermark(db, _UNLISTED)
    withdrawn = db.execute(_WITHDRAWN).fetchall()
    due = db.execute(_DUE, {"since": since, "day": max(day, since)}).fetchall()
    unlisted = [(campaign, link) for campaign, link, name in due if is_url(name)]
    db.conn.executemany(_UNLIST, unlisted)
    db.conn.executemany(_FORGET_SUM, withdrawn)
    _drop_links(db, {link for _, link in (*unlisted, *withdrawn)})
    database.raise_watermark(db, _UNLISTED, day)


def relist(db: Database, day: int) -> None:
    """Look again at what is listed from `day` on, after a purge with a wrong clock."""
    if database.watermark(db, _UNLISTED) > day:
        database.set_watermark(db, _UNLISTED, day)


def _drop_links(db: Database, links: Iterable[int]) -> None:
    """Delete those of these links whose names nothing keeps, and what leads to them."""
    dropped = list(links)
    queries.change_in(db, _DROP_LINKS, dropped)
    queries.change_in(db, _DROP_ALIASES, dropped)
