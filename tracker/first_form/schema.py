"""The tables of the store's first form, step by step.

Owns: bringing any store of the first form up to its last state, from which the second is made.
Does not own: the second form (`tracker.store.file.schema`), or the way there.

In `counters` and `clickers`, 0 stands for all: all days, all campaigns, all links. A day is a
number, days since 1970 in UTC. Of a single link there are sums of all days alone.
"""

from sqlite_utils import Database, Migrations

from tracker.first_form import judged_upgrade
from tracker.store.reserved import NO_CAMPAIGN, PURGED, PURGED_NAME, RESERVED_NAME

migrations = Migrations("waypost")


@migrations()
def names(db: Database) -> None:
    """Make the tables of rows with a name: campaigns, persons, links and sets of links."""
    db.executescript("""
        CREATE TABLE settings (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE segments (
            name TEXT PRIMARY KEY,
            offset INTEGER NOT NULL           -- octets that are in this store
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE campaigns (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
        CREATE TABLE persons (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE user_agents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE links (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,        -- its group, else its URL
            url TEXT,                         -- an example; NULL where the name is the URL
            text TEXT                         -- of its anchor, when first seen
        ) STRICT;

        CREATE TABLE link_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE link_set_links (         -- only links that are not called by their URL
            link_set_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            link_id INTEGER NOT NULL,
            PRIMARY KEY (link_set_id, number)
        ) STRICT, WITHOUT ROWID;
    """)


@migrations()
def messages_and_clicks(db: Database) -> None:
    """Make the tables of what was sent to whom, and what was clicked: one row each."""
    db.executescript("""
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY,
            message_id TEXT NOT NULL UNIQUE,
            sent_at_s REAL NOT NULL,
            sender_domain TEXT,
            campaign_id INTEGER NOT NULL,
            link_set_id INTEGER,              -- NULL while only clicks or the 250 are known
            shared INTEGER NOT NULL,
            counted INTEGER NOT NULL          -- accepted by the relay, or clicked
        ) STRICT;
        CREATE INDEX messages_sent_at ON messages (sent_at_s);
        CREATE INDEX messages_pending ON messages (sent_at_s) WHERE counted = 0;

        CREATE TABLE deliveries (             -- number 0: the copy that several share
            message INTEGER NOT NULL,
            number INTEGER NOT NULL,
            person_id INTEGER,                -- NULL while only clicks or the 250 are known
            address TEXT,                     -- where it is not the person's name
            accepted INTEGER NOT NULL,
            clicked INTEGER NOT NULL,
            PRIMARY KEY (message, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX deliveries_person ON deliveries (person_id);
        CREATE INDEX deliveries_address ON deliveries (address) WHERE address IS NOT NULL;

        CREATE TABLE clicks (
            id INTEGER PRIMARY KEY,
            event_id TEXT NOT NULL UNIQUE,
            at_s REAL NOT NULL,
            message INTEGER NOT NULL,
            recipient INTEGER NOT NULL,
            number INTEGER NOT NULL,
            destination TEXT NOT NULL,
            method TEXT NOT NULL,
            human INTEGER NOT NULL,
            reasons TEXT NOT NULL,            -- separated by spaces
            ip TEXT,
            user_agent_id INTEGER NOT NULL,
            campaign_id INTEGER NOT NULL,     -- these three: under which it is counted
            link_id INTEGER NOT NULL,
            person_id INTEGER
        ) STRICT;
        CREATE INDEX clicks_message ON clicks (message);
    """)


@migrations()
def rollups(db: Database) -> None:
    """Make the tables of sums, which are kept up to date with every event."""
    db.executescript("""
        CREATE TABLE counters (
            day INTEGER NOT NULL,
            campaign_id INTEGER NOT NULL,
            link_id INTEGER NOT NULL,
            messages INTEGER NOT NULL DEFAULT 0,
            recipients INTEGER NOT NULL DEFAULT 0,
            personal INTEGER NOT NULL DEFAULT 0,
            clicks_human INTEGER NOT NULL DEFAULT 0,
            clicks_all INTEGER NOT NULL DEFAULT 0,
            unique_human INTEGER NOT NULL DEFAULT 0,
            unique_all INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (day, campaign_id, link_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE clickers (
            day INTEGER NOT NULL,
            campaign_id INTEGER NOT NULL,
            link_id INTEGER NOT NULL,
            person_id INTEGER NOT NULL,
            clicks_human INTEGER NOT NULL,
            clicks_all INTEGER NOT NULL,
            PRIMARY KEY (day, campaign_id, link_id, person_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE campaign_links (         -- which links a campaign has, clicked or not
            campaign_id INTEGER NOT NULL,
            link_id INTEGER NOT NULL,
            PRIMARY KEY (campaign_id, link_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sightings (              -- URLs that one message had, the latest of them
            id INTEGER PRIMARY KEY,
            hash BLOB NOT NULL UNIQUE,        -- of campaign and URL
            message INTEGER NOT NULL
        ) STRICT;
    """)
    db.conn.executemany(
        "INSERT INTO campaigns (id, name) VALUES (?, ?)",
        [(NO_CAMPAIGN, None), (PURGED, PURGED_NAME)],
    )


@migrations()
def opens(db: Database) -> None:
    """Make the tables of opens, which share nothing with those of clicks but campaigns."""
    db.executescript("""
        CREATE TABLE pixels (                 -- copies that went out with a pixel
            message_id TEXT NOT NULL,
            number INTEGER NOT NULL,          -- of the recipient
            sent_at_s REAL NOT NULL,
            campaign_id INTEGER NOT NULL,
            personal INTEGER NOT NULL,        -- nobody shares the copy
            accepted INTEGER NOT NULL,        -- by the relay
            PRIMARY KEY (message_id, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX pixels_sent_at ON pixels (sent_at_s);
        CREATE TABLE opens (
            event_id TEXT PRIMARY KEY,
            message_id TEXT NOT NULL,
            number INTEGER NOT NULL,          -- of the recipient; 0: a copy that several share
            sent_at_s REAL NOT NULL,
            at_s REAL NOT NULL,
            human INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX opens_copy ON opens (message_id, number);
        CREATE INDEX opens_sent_at ON opens (sent_at_s);
    """)


_CALLED_BY_URL = "(SELECT id FROM links WHERE name LIKE 'http://%' OR name LIKE 'https://%')"


@migrations()
def names_less_parameters(db: Database) -> None:
    """Keep how a link's name follows from what a click tells, instead of names of single messages.

    Until now, a URL that differed from its destination was listed as if somebody had named it, and
    clicks on purged messages kept their URLs.
    """
    db.execute("""
        CREATE TABLE link_set_ignored (       -- parameters that are no part of a link's name
            link_set_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            params TEXT NOT NULL,             -- names as written, separated by &
            PRIMARY KEY (link_set_id, number)
        ) STRICT, WITHOUT ROWID
    """)
    # Of the latest message that had the link; nobody knows of older ones, so the campaign's.
    db.execute("ALTER TABLE campaign_links ADD COLUMN day INTEGER NOT NULL DEFAULT 0")
    db.execute("""
        UPDATE campaign_links SET day = latest FROM (
            SELECT campaign_id, max(1, CAST(max(sent_at_s) / 86400 AS INTEGER)) AS latest
            FROM messages GROUP BY campaign_id
        ) AS sent WHERE sent.campaign_id = campaign_links.campaign_id
    """)
    db.execute(f"""
        DELETE FROM campaign_links WHERE link_id IN {_CALLED_BY_URL}
        AND (campaign_id, link_id) IN (
            SELECT campaign_id, link_id FROM messages JOIN link_set_links USING (link_set_id)
            GROUP BY campaign_id, link_id HAVING count(DISTINCT messages.id) = 1
        )
    """)  # noqa: S608 - a constant
    db.execute("CREATE INDEX counters_link ON counters (link_id) WHERE link_id > 0")
    _empty_purged_clicks(db)


def _empty_purged_clicks(db: Database) -> None:
    """Empty clicks on purged messages; how many there were is kept."""
    sums = db.execute(
        "SELECT sum(clicks_human), sum(clicks_all) FROM counters WHERE campaign_id = ? AND link_id > 0",
        [PURGED],
    ).fetchone()
    if sums[1] is None:
        return
    db.execute("INSERT OR IGNORE INTO links (name) VALUES (?)", [PURGED_NAME])
    db.execute("INSERT OR IGNORE INTO user_agents (name) VALUES ('')")
    link = db.execute("SELECT id FROM links WHERE name = ?", [PURGED_NAME]).fetchone()[0]
    db.execute("DELETE FROM counters WHERE campaign_id = ? AND link_id > 0", [PURGED])
    db.execute(
        """INSERT INTO counters (day, campaign_id, link_id, clicks_human, clicks_all)
           VALUES (0, ?, ?, ?, ?)""",
        [PURGED, link, *sums],
    )
    db.execute(
        """UPDATE clicks SET destination = '', ip = NULL, link_id = ?,
               user_agent_id = (SELECT id FROM user_agents WHERE name = '')
           WHERE campaign_id = ?""",
        [link, PURGED],
    )


@migrations()
def indexes_of_what_goes(db: Database) -> None:
    """Make indexes for deleting names; until now, all names were looked at every few hours."""
    db.executescript("""
        CREATE INDEX messages_link_set ON messages (link_set_id) WHERE link_set_id IS NOT NULL;
        CREATE INDEX link_set_links_link ON link_set_links (link_id);
        CREATE INDEX campaign_links_link ON campaign_links (link_id);
        CREATE INDEX campaign_links_day ON campaign_links (day);
        CREATE INDEX counters_withdrawn ON counters (clicks_all)
            WHERE link_id > 0 AND clicks_all = 0;

        DELETE FROM link_sets WHERE id NOT IN
            (SELECT link_set_id FROM messages WHERE link_set_id IS NOT NULL);
        DELETE FROM link_set_links WHERE link_set_id NOT IN (SELECT id FROM link_sets);
        DELETE FROM link_set_ignored WHERE link_set_id NOT IN (SELECT id FROM link_sets);
        DELETE FROM links WHERE id NOT IN (SELECT link_id FROM link_set_links)
            AND id NOT IN (SELECT link_id FROM campaign_links)
            AND id NOT IN (SELECT link_id FROM counters WHERE link_id > 0);
    """)


@migrations()
def reserved_names(db: Database) -> None:
    """Call the rows that stand for what was purged as no author can call a campaign or a link.

    Until now, a campaign of an author's that was called `(purged)` was not counted, and clicks on a
    link of that name were added to those of purged links.
    """
    db.execute("UPDATE campaigns SET name = ? WHERE id = ?", [RESERVED_NAME, PURGED])
    if db.execute("SELECT 1 FROM pixels WHERE campaign_id = ?", [PURGED]).fetchone():
        # No campaign of ours has opens: these are an author's.
        db.execute("INSERT INTO campaigns (name) VALUES (?)", [PURGED_NAME])
        db.execute(
            """UPDATE pixels SET campaign_id = (SELECT id FROM campaigns WHERE name = ?)
               WHERE campaign_id = ?""",
            [PURGED_NAME, PURGED],
        )
    is_authors = """
        SELECT 1 FROM links WHERE name = ? AND (id IN (SELECT link_id FROM link_set_links)
        OR id IN (SELECT link_id FROM campaign_links))
    """
    if not db.execute(is_authors, [PURGED_NAME]).fetchone():
        db.execute("UPDATE links SET name = ? WHERE name = ?", [RESERVED_NAME, PURGED_NAME])
        return
    db.execute("INSERT INTO links (name) VALUES (?)", [RESERVED_NAME])
    for table in ("counters", "clickers", "clicks"):
        db.execute(
            f"""UPDATE {table} SET link_id = (SELECT id FROM links WHERE name = ?)
                WHERE campaign_id = ? AND link_id = (SELECT id FROM links WHERE name = ?)""",  # noqa: S608 - constants
            [RESERVED_NAME, PURGED, PURGED_NAME],
        )


@migrations()
def purged_clicks(db: Database) -> None:
    """Make the table of clicks that were purged and might come again, as long as they might count."""
    db.execute("""
        CREATE TABLE purged_clicks (
            event_id TEXT PRIMARY KEY,
            at_s REAL NOT NULL
        ) STRICT, WITHOUT ROWID
    """)


@migrations()
def unknown_messages(db: Database) -> None:
    """Keep of which messages nobody knows whether the relay took them; until now they only expired."""
    db.executescript("""
        ALTER TABLE deliveries ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE messages ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX messages_unknown ON messages (sent_at_s) WHERE unknown = 1;
        CREATE TABLE unknown_messages (       -- of messages that are gone
            day INTEGER NOT NULL,             -- on which they were sent
            campaign_id INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            PRIMARY KEY (day, campaign_id)
        ) STRICT, WITHOUT ROWID;
    """)


@migrations()
def judged_clicks(db: Database) -> None:
    """Keep what clicks are judged by, and count deliveries that a human clicked."""
    judged_upgrade.run(db)


@migrations()
def slots(db: Database) -> None:
    """Make the tables of what messages told of links that may be each reader's own."""
    db.executescript("""
        CREATE TABLE slots (                  -- links of equal text, host and shape
            id INTEGER PRIMARY KEY,
            campaign_id INTEGER NOT NULL,
            hash BLOB NOT NULL,               -- of the three
            text TEXT,                        -- while they are one link; else NULL
            places TEXT NOT NULL,             -- state, persons and values of each place
            UNIQUE (campaign_id, hash)
        ) STRICT;
        CREATE INDEX slots_hash ON slots (hash);
        CREATE TABLE slot_values (            -- while a place is open
            slot_id INTEGER NOT NULL,
            place INTEGER NOT NULL,
            value INTEGER NOT NULL,           -- its hash
            person_id INTEGER NOT NULL,       -- the only one who had it
            PRIMARY KEY (slot_id, place, value)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX slot_values_person ON slot_values (person_id, slot_id, place);
        CREATE TABLE slot_moves (             -- slots whose clicks count under another name now
            slot_id INTEGER PRIMARY KEY,
            after_message INTEGER NOT NULL    -- clicks on messages up to it were moved
        ) STRICT;
        CREATE TABLE link_set_slots (
            link_set_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL,               -- of a slot, in whatever campaign
            PRIMARY KEY (link_set_id, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX link_set_slots_hash ON link_set_slots (hash);
        CREATE TABLE link_aliases (           -- links that are gone, and where their clicks went
            link_id INTEGER PRIMARY KEY,
            leads_to INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX link_aliases_leads_to ON link_aliases (leads_to);
        ALTER TABLE links ADD COLUMN own INTEGER NOT NULL DEFAULT 0;  -- URLs that are each reader's
        ALTER TABLE campaign_links ADD COLUMN slot BLOB;  -- its hash; NULL where somebody named it
    """)
