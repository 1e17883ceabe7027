"""The upgrade of a store whose clicks were judged by their method alone.

Owns: the statements of that step.
Does not own: the other steps, or when they are taken (`schema`).

Until now, the only machines were those that sent HEAD, and rates were of persons. Of what was purged,
nobody knows which deliveries were clicked: as many as there were clickers, is assumed.
"""

from sqlite_utils import Database

from tracker.store.reserved import PURGED, RESERVED_NAME


def run(db: Database) -> None:
    """Take the step, within the open transaction."""
    _keep_signals(db)
    _keep_clicks_of_copies(db)
    _count_deliveries(db)
    _count_clickers_of_links(db)
    _count_shared_clicks(db)


def _keep_signals(db: Database) -> None:
    """Keep the signals of a click, and what it was judged to be; and how many links a message has."""
    db.executescript("""
        ALTER TABLE link_sets ADD COLUMN links INTEGER;  -- NULL: it was not kept
        ALTER TABLE clicks ADD COLUMN signals TEXT NOT NULL DEFAULT '';  -- separated by spaces
        ALTER TABLE clicks ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE clicks ADD COLUMN score INTEGER NOT NULL DEFAULT 0;
        UPDATE clicks SET signals = 'head', score = 100 WHERE method = 'HEAD';
        DROP INDEX clicks_message;
        CREATE INDEX clicks_copy ON clicks (message, recipient, at_s);
    """)


def _keep_clicks_of_copies(db: Database) -> None:
    """Keep how many clicks there were on a copy, instead of whether there were any."""
    db.executescript("""
        ALTER TABLE deliveries RENAME COLUMN clicked TO clicks;
        ALTER TABLE deliveries ADD COLUMN clicks_human INTEGER NOT NULL DEFAULT 0;
        UPDATE deliveries SET clicks = 0 WHERE clicks > 0;
        UPDATE deliveries SET clicks = total, clicks_human = human FROM (
            SELECT message, recipient, count(*) AS total, sum(human) AS human
            FROM clicks GROUP BY message, recipient
        ) AS found WHERE found.message = deliveries.message AND recipient = number;
    """)


def _count_deliveries(db: Database) -> None:
    """Count deliveries and clicked ones; copies that several share apart."""
    db.executescript(f"""
        ALTER TABLE counters RENAME COLUMN recipients TO shared_recipients;
        ALTER TABLE counters RENAME COLUMN personal TO deliveries;
        ALTER TABLE counters ADD COLUMN clicked INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE counters ADD COLUMN shared_messages INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE counters ADD COLUMN clicks_doubtful INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE counters ADD COLUMN clicks_shared INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE counters ADD COLUMN unique_doubtful INTEGER NOT NULL DEFAULT 0;
        UPDATE counters SET shared_recipients = 0;

        CREATE TEMP TABLE found AS
        SELECT campaign_id, max(1, CAST(sent_at_s / 86400 AS INTEGER)) AS day, shared,
            (SELECT count(*) FROM deliveries
                WHERE message = messages.id AND number > 0 AND (accepted OR clicks OR EXISTS (
                    SELECT 1 FROM deliveries AS everyones WHERE everyones.message = messages.id
                    AND everyones.number = 0 AND (everyones.accepted OR everyones.clicks)
                ))) AS recipients,
            (SELECT count(*) FROM deliveries
                WHERE message = messages.id AND number > 0 AND clicks_human > 0) AS clicked,
            CASE WHEN link_set_id IS NULL THEN (SELECT count(*) FROM deliveries
                WHERE message = messages.id AND number > 0 AND clicks > 0) ELSE 0 END AS alone
        FROM messages WHERE counted AND campaign_id != {PURGED};

        CREATE TEMP TABLE added AS
        SELECT day, campaign_id, sum(alone) AS deliveries, sum((NOT shared) * clicked) AS clicked,
            sum(shared) AS shared_messages, sum(shared * recipients) AS shared_recipients
        FROM found GROUP BY day, campaign_id;

        INSERT INTO counters
            (day, campaign_id, link_id, deliveries, clicked, shared_messages, shared_recipients)
        {_IN_ALL_SCOPES}
        ON CONFLICT DO UPDATE SET
            deliveries = deliveries + excluded.deliveries, clicked = excluded.clicked,
            shared_messages = excluded.shared_messages,
            shared_recipients = excluded.shared_recipients;

        UPDATE counters SET clicked = max(clicked, min(unique_human, deliveries))
        WHERE day = 0 AND link_id = 0 AND campaign_id > 0 AND campaign_id IN ({_PARTLY_PURGED});
        UPDATE counters SET clicked = (
            SELECT sum(clicked) FROM counters WHERE day = 0 AND link_id = 0 AND campaign_id > 0
        ) WHERE day = 0 AND link_id = 0 AND campaign_id = 0;
        DROP TABLE found;
        DROP TABLE added;
    """)  # noqa: S608 - constants


_ADDED = """
    sum(deliveries), sum(clicked), sum(shared_messages), sum(shared_recipients) FROM added
"""
_IN_ALL_SCOPES = f"""
    SELECT day, campaign_id, 0, {_ADDED} WHERE true GROUP BY day, campaign_id
    UNION ALL SELECT day, 0, 0, {_ADDED} GROUP BY day
    UNION ALL SELECT 0, campaign_id, 0, {_ADDED} GROUP BY campaign_id
    UNION ALL SELECT 0, 0, 0, {_ADDED} HAVING count(*)
"""
_PARTLY_PURGED = """
    SELECT counters.campaign_id FROM counters LEFT JOIN (
        SELECT campaign_id, count(*) AS kept FROM found GROUP BY campaign_id
    ) AS kept ON kept.campaign_id = counters.campaign_id
    WHERE day = 0 AND link_id = 0 AND messages > ifnull(kept, 0)
"""


def _count_clickers_of_links(db: Database) -> None:
    """Count clickers of links over all campaigns, and no more by day, which nobody asked for."""
    db.executescript("""
        CREATE TABLE all_clickers (
            campaign_id INTEGER NOT NULL,
            link_id INTEGER NOT NULL,
            person_id INTEGER NOT NULL,
            clicks_human INTEGER NOT NULL,
            clicks_doubtful INTEGER NOT NULL,
            clicks_all INTEGER NOT NULL,
            PRIMARY KEY (campaign_id, link_id, person_id)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO all_clickers
        SELECT campaign_id, link_id, person_id, clicks_human, 0, clicks_all
        FROM clickers WHERE day = 0;
        INSERT INTO all_clickers
        SELECT 0, link_id, person_id, sum(clicks_human), 0, sum(clicks_all)
        FROM clickers WHERE day = 0 AND campaign_id > 0 AND link_id > 0
        GROUP BY link_id, person_id;
        DROP TABLE clickers;
        ALTER TABLE all_clickers RENAME TO clickers;

        UPDATE counters SET unique_human = 0, unique_all = 0 WHERE day > 0;
        INSERT INTO counters (day, campaign_id, link_id, clicks_human, clicks_all)
        SELECT 0, 0, link_id, sum(clicks_human), sum(clicks_all)
        FROM counters WHERE day = 0 AND campaign_id > 0 AND link_id > 0 GROUP BY link_id;
        UPDATE counters SET unique_human = human, unique_all = total FROM (
            SELECT links.link_id, max(ifnull(human, 0), most_human) AS human,
                max(ifnull(total, 0), most) AS total
            FROM (
                SELECT link_id, max(unique_human) AS most_human, max(unique_all) AS most
                FROM counters WHERE day = 0 AND campaign_id > 0 AND link_id > 0 GROUP BY link_id
            ) AS links LEFT JOIN (
                SELECT link_id, sum(clicks_human > 0) AS human, count(*) AS total
                FROM clickers WHERE campaign_id = 0 AND link_id > 0 GROUP BY link_id
            ) AS kept ON kept.link_id = links.link_id
        ) AS found WHERE day = 0 AND campaign_id = 0 AND found.link_id = counters.link_id;
    """)
    # Its clickers are different ones in each campaign, as far as anybody knows.
    db.execute(
        """UPDATE counters SET unique_human = human, unique_all = total FROM (
            SELECT link_id, sum(unique_human) AS human, sum(unique_all) AS total
            FROM counters JOIN links ON links.id = link_id AND links.name = ?
            WHERE day = 0 AND campaign_id > 0 GROUP BY link_id
        ) AS found WHERE day = 0 AND campaign_id = 0 AND found.link_id = counters.link_id""",
        [RESERVED_NAME],
    )


def _count_shared_clicks(db: Database) -> None:
    """Count clicks on copies that several share, in all scopes of clicks."""
    for day, campaign, link in _SCOPES_OF_CLICKS:
        db.execute(
            f"""UPDATE counters SET clicks_shared = total FROM (
                SELECT {day} AS day, {campaign} AS campaign_id, {link} AS link_id,
                    count(*) AS total
                FROM clicks WHERE recipient = 0 GROUP BY 1, 2, 3
            ) AS found WHERE found.day = counters.day
                AND found.campaign_id = counters.campaign_id
                AND found.link_id = counters.link_id"""  # noqa: S608 - constants
        )


_DAY = "max(1, CAST(at_s / 86400 AS INTEGER))"
_SCOPES_OF_CLICKS = (
    ("0", "0", "0"),
    ("0", "campaign_id", "0"),
    ("0", "campaign_id", "link_id"),
    ("0", "0", "link_id"),
    (_DAY, "0", "0"),
    (_DAY, "campaign_id", "0"),
)
