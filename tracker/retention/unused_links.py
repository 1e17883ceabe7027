"""Links that nothing needs any more, once the messages that had them are gone.

Owns: which names of links go, and what becomes of the sums of those.
Does not own: when (`retention`), or which links reports list (`tracker.counting.links.listed_links`).

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

from collections.abc import Iterable, Iterator, Mapping

from tracker.sql.db import Db
from tracker.store import database, queries
from tracker.store.chunks import Changeable, Pace, db_of, writing
from tracker.store.database import Watermark
from tracker.store.reserved import RESERVED_NAME
from tracker.store.rows import clicked_by, named_rows, slots
from tracker.store.rows.clicked_by import Persons, Place, Scope
from tracker.urls.naming import is_url

_UNLISTED: Watermark = "unlisted_before_day"
"""What is listed of earlier days stays, unless its last click is withdrawn."""
_OWN = """
    INSERT INTO own
    SELECT campaign_id, link_id, CASE WHEN sent_s < 86400 THEN 1 ELSE sent_s / 86400 END FROM (
        SELECT min(messages.campaign_id) AS campaign_id, link_id, min(messages.sent_s) AS sent_s,
            count(*) AS clicks
        FROM gone CROSS JOIN messages USING (sent_s, message_id)
        CROSS JOIN clicks USING (sent_s, message_id)
        WHERE link_set_id IS NOT NULL AND 1 = (
            SELECT count(*) FROM deliveries
            WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
            AND deliveries.number != 0
        )
        GROUP BY link_id HAVING min(messages.sent_s) = max(messages.sent_s)
            AND min(messages.message_id) = max(messages.message_id)
    ) AS theirs
    WHERE clicks = (
        SELECT clicks_all FROM counters
        WHERE day = 0 AND campaign_id = 0 AND link_id = theirs.link_id AND link_id > 0
    ) AND NOT EXISTS (SELECT 1 FROM campaign_links WHERE link_id = theirs.link_id)
    AND NOT EXISTS (SELECT 1 FROM links WHERE id = theirs.link_id AND own = 1)
"""
_OWN_OF_ALL = "INSERT INTO own SELECT 0, link_id, day FROM own"
_ADD_UP = (
    """INSERT INTO counters
        (day, campaign_id, link_id, clicks_human, clicks_doubtful, clicks_all, clicks_shared,
        unique_human, unique_doubtful, unique_all)
    SELECT 0, campaign_id, :link, sum(clicks_human), sum(clicks_doubtful), sum(clicks_all),
        sum(clicks_shared), sum(unique_human), sum(unique_doubtful), sum(unique_all)
    FROM own CROSS JOIN counters USING (campaign_id, link_id)
    WHERE counters.day = 0 GROUP BY campaign_id
    ON CONFLICT (day, campaign_id, link_id) DO UPDATE SET
        clicks_human = counters.clicks_human + excluded.clicks_human,
        clicks_doubtful = counters.clicks_doubtful + excluded.clicks_doubtful,
        clicks_all = counters.clicks_all + excluded.clicks_all,
        clicks_shared = counters.clicks_shared + excluded.clicks_shared,
        unique_human = counters.unique_human + excluded.unique_human,
        unique_doubtful = counters.unique_doubtful + excluded.unique_doubtful,
        unique_all = counters.unique_all + excluded.unique_all""",
    """INSERT INTO cohorts
        (day, campaign_id, link_id, clicks_human, clicks_doubtful, clicks_all, clicks_shared)
    SELECT day, campaign_id, :link, sum(clicks_human), sum(clicks_doubtful), sum(clicks_all),
        sum(clicks_shared)
    FROM own CROSS JOIN cohorts USING (day, campaign_id, link_id) GROUP BY day, campaign_id
    ON CONFLICT (day, campaign_id, link_id) DO UPDATE SET
        clicks_human = cohorts.clicks_human + excluded.clicks_human,
        clicks_doubtful = cohorts.clicks_doubtful + excluded.clicks_doubtful,
        clicks_all = cohorts.clicks_all + excluded.clicks_all,
        clicks_shared = cohorts.clicks_shared + excluded.clicks_shared""",
    """DELETE FROM counters WHERE (day, campaign_id, link_id) IN
        (SELECT 0, campaign_id, link_id FROM own)""",
    """DELETE FROM cohorts WHERE (day, campaign_id, link_id) IN
        (SELECT day, campaign_id, link_id FROM own)""",
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
_UNLIST = """
    DELETE FROM campaign_links WHERE campaign_id = ? AND link_id = ? AND day < ? AND NOT EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = campaign_links.campaign_id
        AND counters.link_id = campaign_links.link_id AND clicks_all > 0
    )
"""
_FORGET_SUM = """
    DELETE FROM counters WHERE day = 0 AND campaign_id = ? AND link_id = ? AND clicks_all = 0
"""
_CLICKED_OWN = """
    SELECT clicked_by.campaign_id, clicked_by.day, part, certain, doubtful, machines
    FROM (SELECT DISTINCT link_id FROM own) AS links CROSS JOIN clicked_by USING (link_id)
"""
_DROP_CLICKED_BY = """
    DELETE FROM clicked_by WHERE link_id IN (:values)
    AND NOT EXISTS (SELECT 1 FROM links WHERE id = link_id)
"""
CHUNK_LINKS = 5000
"""Links that are unlisted in one transaction, at most."""
_FORGET_EMPTY = """
    DELETE FROM counters
    WHERE day = 0 AND campaign_id IN (0, ?) AND link_id = ? AND link_id > 0 AND clicks_all = 0
"""
_PUT_ALIAS = """
    INSERT INTO link_aliases (link_id, leads_to)
    SELECT :link, :to WHERE NOT EXISTS (
        SELECT 1 FROM counters WHERE link_id = :link AND link_id > 0
    )
    ON CONFLICT (link_id) DO UPDATE SET leads_to = excluded.leads_to
"""
_LEAD_ON = """
    UPDATE link_aliases SET leads_to = :to
    WHERE leads_to = :link AND NOT EXISTS (SELECT 1 FROM links WHERE id = :link)
"""
_FEWER_MESSAGES = "UPDATE link_sets SET messages = messages - ? WHERE id = ?"
_UNUSED_SETS = "SELECT id FROM link_sets WHERE id IN (:values) AND messages <= 0"
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


def add_up_own(db: Db) -> None:
    """Add up the sums of links that were one reader's, before the messages in `gone` go.

    Within the open transaction. Nothing but those messages and their clicks knows whose they were.
    """
    db.execute(
        """CREATE TEMP TABLE IF NOT EXISTS own (
            campaign_id INTEGER, link_id INTEGER, day INTEGER, PRIMARY KEY (campaign_id, link_id)
        ) WITHOUT ROWID"""
    )
    db.execute("DELETE FROM own")
    if db.execute(_OWN).rowcount:
        db.execute(_OWN_OF_ALL)
        link = named_rows.ids(db, "links", {RESERVED_NAME})[RESERVED_NAME]
        for sql in _ADD_UP:
            db.execute(sql, {"link": link})
        _add_up_persons(db, link)
        _drop_links(db, {link for (link,) in db.execute("SELECT link_id FROM own")})


def _add_up_persons(db: Db, link: int) -> None:
    """Have those who clicked links that were one reader's among those of the link `(purged)`."""
    theirs: dict[Place, list[Persons]] = {}
    for campaign, day, part, *sets in db.execute(_CLICKED_OWN):
        theirs.setdefault((Scope(link, campaign, day), part), []).append(Persons.read(sets))
    clicked_by.save(
        db,
        {
            place: clicked_by.united([clicked_by.load(db, *place), *found])
            for place, found in theirs.items()
        },
    )


def drop_sets(db: Db, fewer: Mapping[int, int]) -> None:
    """Note by how many fewer messages have these sets, and delete those that none has any more.

    Within the open transaction.
    """
    db.executemany(_FEWER_MESSAGES, [(n, row) for row, n in fewer.items()])
    unused = [row for (row,) in queries.rows_in(db, _UNUSED_SETS, fewer)]
    links = {link for (link,) in queries.rows_in(db, _LINKS_OF_SETS, unused)}
    for sql in _DROP_SETS:
        queries.change_in(db, sql, unused)
    slots.drop_sets(db, unused)
    _drop_links(db, links)


def drop_emptied(db: Db, went: Mapping[tuple[int, int], int]) -> None:
    """Delete links of campaigns that have no clicks left, within the open transaction.

    `went` says to which link their clicks were moved, 0 for several; there the number of one that
    is gone leads from now on.
    """
    leads = [{"link": link, "to": to} for (_, link), to in went.items() if to]
    db.executemany(_FORGET_EMPTY, list(went))
    queries.change_in(db, _DROP_LINKS, {link for _, link in went})
    queries.change_in(db, _DROP_CLICKED_BY, {link for _, link in went})
    db.executemany(_PUT_ALIAS, leads)
    db.executemany(_LEAD_ON, leads)
    queries.change_in(db, _DROP_ALIASES, {link for _, link in went})


def unlisting(opened: Changeable, day: int) -> Iterator[None]:
    """Unlist URLs that only messages of before `day` had; yield after each transaction.

    With them goes every sum whose last click was withdrawn.
    """
    db = db_of(opened)
    since = int(database.watermark(db, _UNLISTED))
    withdrawn = db.execute(_WITHDRAWN).fetchall()
    due = db.execute(_DUE, {"since": since, "day": max(day, since)}).fetchall()
    pace = Pace(CHUNK_LINKS)
    listed = [(campaign, link) for campaign, link, name in due if is_url(name)]
    while listed:
        chunk, listed = listed[: pace.size], listed[pace.size :]
        with pace.writing(opened) as db:
            db.executemany(_UNLIST, [(*each, max(day, since)) for each in chunk])
            _drop_links(db, {link for _, link in chunk})
        yield
    while withdrawn:
        chunk, withdrawn = withdrawn[: pace.size], withdrawn[pace.size :]
        with pace.writing(opened) as db:
            db.executemany(_FORGET_SUM, chunk)
            _drop_links(db, {link for _, link in chunk})
        yield
    with writing(opened) as db:
        database.raise_watermark(db, _UNLISTED, day)


def relist(db: Db, day: int) -> None:
    """Look again at what is listed from `day` on, after a purge with a wrong clock."""
    if database.watermark(db, _UNLISTED) > day:
        database.set_watermark(db, _UNLISTED, day)


def _drop_links(db: Db, links: Iterable[int]) -> None:
    """Delete those of these links whose names nothing keeps, and what leads to them."""
    dropped = list(links)
    queries.change_in(db, _DROP_LINKS, dropped)
    queries.change_in(db, _DROP_CLICKED_BY, dropped)
    queries.change_in(db, _DROP_ALIASES, dropped)
