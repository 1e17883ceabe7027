"""The tables of the store.

Owns: the schema, step by step; a step that was released is never edited, a new one follows it.
Does not own: what is written to the tables (`tracker.counting.batch`, `tracker.counting.sums`) or read
from them (`tracker.reports.clicks`), what keys are (`keys`), or stores of before this list of steps
(`tracker.first_form`).

A message is named by the second it was sent in and its id, so what was sent at one time stands
together: in periods of reports, in retention, and in the cache. Nothing that there is many of holds
text that others have as well: rows with a name are told by number.

In `counters`, `cohorts` and `clicked_by`, 0 stands for all: all days, all campaigns, all links. A day
is a number, days since 1970 in UTC: in `counters` that on which a click was made, or a message sent, and
of a single link there are sums of all days alone; in the others that on which the message was sent, and
of all campaigns together there is nothing of a single link and day.
"""

import contextlib
import functools

from sqlite_utils import Database, Migrations

from tracker.store import views
from tracker.store.reserved import NO_CAMPAIGN, PURGED, RESERVED_NAME

migrations = Migrations("waypost-second-form")


@functools.cache
def step_names() -> frozenset[str]:
    """Return the names of all steps; a store that has taken others is of a later version."""
    with contextlib.closing(Database(memory=True)) as empty:
        return frozenset(step.name for step in migrations.pending(empty))


@migrations()
def second_form(db: Database) -> None:
    """Make all tables."""
    db.executescript(_HOUSEKEEPING)
    db.executescript(_NAMES)
    db.executescript(_LINKS)
    db.executescript(_MESSAGES)
    db.executescript(_CLICKS)
    db.executescript(_SUMS)
    db.executescript(_SLOTS)
    db.executescript(_OPENS)
    db.executescript(_DETAILS)
    db.conn.executemany(
        "INSERT INTO campaigns (id, name) VALUES (?, ?)",
        [(NO_CAMPAIGN, None), (PURGED, RESERVED_NAME)],
    )


@migrations()
def views_for_people(db: Database) -> None:
    """Make the views. Where they change, a later step makes them again."""
    views.make(db, views.in_sqlite)


@migrations()
def clicks_by_verdict(db: Database) -> None:
    """Add the sums of clicks by what they were judged to be, and fill them from the clicks that are kept.

    It takes a second for each million of these. Of purged clicks nobody knows it any more.
    """
    db.executescript(_JUDGED)
    db.execute(_COUNT_JUDGED)


_JUDGED = """
    CREATE TABLE judged_days (            -- clicks by what they were judged to be
        day INTEGER NOT NULL,             -- on which their message was sent
        verdict_id INTEGER NOT NULL,
        clicks INTEGER NOT NULL,
        PRIMARY KEY (day, verdict_id)
    ) STRICT, WITHOUT ROWID;
"""
_COUNT_JUDGED = """
    INSERT INTO judged_days (day, verdict_id, clicks)
    SELECT max(1, sent_s / 86400), verdict_id, count(*) FROM clicks GROUP BY 1, 2
"""


@migrations()
def webhooks(db: Database) -> None:
    """Make the tables of what webhooks are told."""
    db.executescript(_WEBHOOKS)


@migrations()
def pseudonyms_of_clicks(db: Database) -> None:
    """Make the table of what tells visitors apart of whom neither network nor agent is kept."""
    db.executescript(_PSEUDONYMS)


@migrations()
def message_ids_by_day(db: Database) -> None:
    """Order the index of message ids by the day of sending first: new ones are all in a few pages.

    Ids are random, so each new message changed a page of its own, and read it first, of an index as large
    as the store is old. It takes about a second for a million messages; done again, it does no harm.
    """
    db.executescript(_MESSAGE_IDS)


_MESSAGE_IDS = """
    DROP INDEX IF EXISTS messages_message_id;
    CREATE INDEX IF NOT EXISTS messages_of_day ON messages (sent_s / 86400, message_id);
"""


@migrations()
def sets_beside_each_other(db: Database) -> None:
    """Keep sets of persons in a table with row ids, where a page holds several of them.

    Without, what is more than a quarter of a page has a page of its own for what is left over, mostly empty:
    most sets. It takes about a second for ten million clicks.
    """
    before = db.execute("PRAGMA secure_delete").fetchone()[0]
    db.execute("PRAGMA secure_delete = OFF")  # nothing is deleted but pages of what is kept
    db.execute("PRAGMA legacy_alter_table = ON")  # else views that somebody added could forbid it
    db.executescript(_SETS_BESIDE_EACH_OTHER)
    db.execute("PRAGMA legacy_alter_table = OFF")
    db.execute(f"PRAGMA secure_delete = {before}")


_SETS_BESIDE_EACH_OTHER = """
    CREATE TABLE sets_beside_each_other ( -- persons, each in the best of three sets that is theirs
        link_id INTEGER NOT NULL,
        campaign_id INTEGER NOT NULL,
        day INTEGER NOT NULL,             -- on which their message was sent
        part INTEGER NOT NULL,            -- 65,536 persons each, by the rows of these
        certain BLOB,                     -- with a human click that is not doubtful
        doubtful BLOB,                    -- with human clicks
        machines BLOB,                    -- with clicks
        PRIMARY KEY (link_id, campaign_id, day, part)
    ) STRICT;
    INSERT INTO sets_beside_each_other
        (link_id, campaign_id, day, part, certain, doubtful, machines)
        SELECT link_id, campaign_id, day, part, certain, doubtful, machines
        FROM clicked_by ORDER BY link_id, part, campaign_id, day;
    DROP TABLE clicked_by;
    ALTER TABLE sets_beside_each_other RENAME TO clicked_by;
"""


@migrations()
def slots_seen_once(db: Database) -> None:
    """Make the table of slots of which one message told."""
    db.executescript(_SLOTS_SEEN_ONCE)


_SLOTS_SEEN_ONCE = """
    CREATE TABLE slots_seen_once (        -- of which one message told, to one person; in no other table
        campaign_id INTEGER NOT NULL,
        hash BLOB NOT NULL,
        link_set_id INTEGER NOT NULL,     -- of that message
        person_id INTEGER NOT NULL,
        since_s INTEGER NOT NULL,         -- when it was sent
        numbers TEXT NOT NULL,            -- of its links there
        held BLOB NOT NULL,               -- hashes of the values, 8 octets a place; zeros: it has none
        PRIMARY KEY (campaign_id, hash)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX slots_seen_once_hash ON slots_seen_once (hash);
    CREATE INDEX slots_seen_once_set ON slots_seen_once (link_set_id);
    CREATE INDEX slots_seen_once_person ON slots_seen_once (person_id);
"""

_HOUSEKEEPING = """
    CREATE TABLE settings (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE segments (
        name TEXT PRIMARY KEY,
        offset INTEGER NOT NULL           -- octets that are in this store
    ) STRICT, WITHOUT ROWID;
"""
_NAMES = """
    CREATE TABLE campaigns (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
    CREATE TABLE persons (             -- a number is never given again: sets outlive persons
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        told BLOB                         -- the id that destinations are told, as octets
    ) STRICT;
    CREATE INDEX persons_told ON persons (told) WHERE told IS NOT NULL;
    CREATE INDEX persons_alike ON persons (name COLLATE NOCASE);
    CREATE INDEX persons_beyond_ascii ON persons (name)
        WHERE length(CAST(name AS BLOB)) > length(name);
    CREATE TABLE domains (                -- of senders
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE user_agents (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        clicks INTEGER NOT NULL DEFAULT 0 -- that name it; with the last it goes
    ) STRICT;
    CREATE TABLE destinations (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,        -- of the URL, 16 octets
        url TEXT NOT NULL,
        clicks INTEGER NOT NULL DEFAULT 0 -- that led there; with the last it goes
    ) STRICT;
    CREATE TABLE verdicts (
        id INTEGER PRIMARY KEY,
        human INTEGER NOT NULL,
        doubtful INTEGER NOT NULL,
        score INTEGER NOT NULL,
        reasons TEXT NOT NULL,            -- separated by spaces
        UNIQUE (human, doubtful, score, reasons)
    ) STRICT;
    CREATE TABLE signal_sets (            -- what requests showed
        id INTEGER PRIMARY KEY,
        method TEXT NOT NULL,
        signals TEXT NOT NULL,            -- separated by spaces
        UNIQUE (method, signals)
    ) STRICT;
"""
_LINKS = """
    CREATE TABLE links (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,        -- its group, else its URL
        url TEXT,                         -- an example; NULL where the name is the URL
        text TEXT,                        -- of its anchor
        own INTEGER NOT NULL DEFAULT 0    -- URLs that are each reader's
    ) STRICT;
    CREATE INDEX links_url ON links (url) WHERE url IS NOT NULL;
    CREATE TABLE link_aliases (           -- links that are gone, and where their clicks went
        link_id INTEGER PRIMARY KEY,
        leads_to INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX link_aliases_leads_to ON link_aliases (leads_to);

    CREATE TABLE link_sets (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        links INTEGER,                    -- how many; NULL: an earlier version did not keep it
        messages INTEGER NOT NULL DEFAULT 0  -- that have it; with the last it goes
    ) STRICT;
    CREATE TABLE link_set_links (         -- only links that are not called by their URL
        link_set_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        link_id INTEGER NOT NULL,
        PRIMARY KEY (link_set_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX link_set_links_link ON link_set_links (link_id);
    CREATE TABLE link_set_ignored (       -- parameters that are no part of a link's name
        link_set_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        params TEXT NOT NULL,             -- names as written, separated by &
        PRIMARY KEY (link_set_id, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE campaign_links (         -- which links a campaign has, clicked or not
        campaign_id INTEGER NOT NULL,
        link_id INTEGER NOT NULL,
        day INTEGER NOT NULL,             -- of the latest message that had it
        slot BLOB,                        -- its hash; NULL where somebody named the link
        PRIMARY KEY (campaign_id, link_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX campaign_links_link ON campaign_links (link_id);
    CREATE INDEX campaign_links_day ON campaign_links (day);
    CREATE TABLE sightings (              -- URLs that one message had, the latest of them
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,        -- of campaign and URL
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL
    ) STRICT;
"""
_MESSAGES = """
    CREATE TABLE messages (
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        campaign_id INTEGER NOT NULL,
        link_set_id INTEGER,              -- NULL while only clicks or the 250 are known
        domain_id INTEGER,                -- as long
        shared INTEGER NOT NULL,
        counted INTEGER NOT NULL,         -- accepted by the relay, or clicked
        unknown INTEGER NOT NULL,         -- nobody knows whether the relay took it
        PRIMARY KEY (sent_s, message_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX messages_message_id ON messages (message_id);
    CREATE INDEX messages_pending ON messages (sent_s) WHERE counted = 0;
    CREATE INDEX messages_unknown ON messages (sent_s) WHERE unknown = 1;
    CREATE TABLE unknown_messages (       -- of messages that are gone
        day INTEGER NOT NULL,             -- on which they were sent
        campaign_id INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        PRIMARY KEY (day, campaign_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE deliveries (             -- number 0: the copy that several share
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        person_id INTEGER,                -- NULL while only clicks or the 250 are known
        address TEXT,                     -- where it is not the person's name
        accepted INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        clicks INTEGER NOT NULL,
        clicks_human INTEGER NOT NULL,
        clicks_doubtful INTEGER NOT NULL,
        PRIMARY KEY (sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_person ON deliveries (person_id) WHERE person_id IS NOT NULL;
    CREATE INDEX deliveries_address ON deliveries (address COLLATE NOCASE)
        WHERE address IS NOT NULL;
    CREATE INDEX deliveries_beyond_ascii ON deliveries (address)
        WHERE address IS NOT NULL AND length(CAST(address AS BLOB)) > length(address);
"""
_CLICKS = """
    CREATE TABLE clicks (                 -- campaign and person are the message's and the copy's
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,           -- 16 octets, the moment first
        arrival INTEGER NOT NULL,
        recipient INTEGER NOT NULL,
        number INTEGER NOT NULL,
        destination_id INTEGER NOT NULL,
        link_id INTEGER NOT NULL,         -- under which it is counted
        user_agent_id INTEGER NOT NULL,
        signal_set_id INTEGER NOT NULL,
        verdict_id INTEGER NOT NULL,
        ip BLOB,                          -- 4 or 16 octets
        PRIMARY KEY (sent_s, message_id, event_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE arrivals (               -- the order in which clicks were counted
        arrival INTEGER PRIMARY KEY AUTOINCREMENT,
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE purged_clicks (          -- that might come again
        event_id BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
"""
_SUMS = """
    CREATE TABLE counters (
        day INTEGER NOT NULL,
        campaign_id INTEGER NOT NULL,
        link_id INTEGER NOT NULL,
        messages INTEGER NOT NULL DEFAULT 0,
        deliveries INTEGER NOT NULL DEFAULT 0,
        clicked INTEGER NOT NULL DEFAULT 0,
        shared_messages INTEGER NOT NULL DEFAULT 0,
        shared_recipients INTEGER NOT NULL DEFAULT 0,
        clicks_human INTEGER NOT NULL DEFAULT 0,
        clicks_doubtful INTEGER NOT NULL DEFAULT 0,
        clicks_all INTEGER NOT NULL DEFAULT 0,
        clicks_shared INTEGER NOT NULL DEFAULT 0,
        unique_human INTEGER NOT NULL DEFAULT 0,
        unique_doubtful INTEGER NOT NULL DEFAULT 0,
        unique_all INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (day, campaign_id, link_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX counters_link ON counters (link_id) WHERE link_id > 0;
    CREATE INDEX counters_withdrawn ON counters (clicks_all) WHERE link_id > 0 AND clicks_all = 0;
    CREATE INDEX counters_days ON counters (campaign_id, day) WHERE link_id = 0;
    CREATE INDEX counters_top ON counters (campaign_id, clicks_all) WHERE day = 0 AND link_id > 0;
    CREATE TABLE cohorts (                -- clicks by the day on which their message was sent
        day INTEGER NOT NULL,
        campaign_id INTEGER NOT NULL,
        link_id INTEGER NOT NULL,
        clicks_human INTEGER NOT NULL DEFAULT 0,
        clicks_doubtful INTEGER NOT NULL DEFAULT 0,
        clicks_all INTEGER NOT NULL DEFAULT 0,
        clicks_shared INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (day, campaign_id, link_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX cohorts_campaign ON cohorts (campaign_id, day) WHERE link_id = 0;
    CREATE TABLE clicked_by (             -- persons, each in the best of three sets that is theirs
        link_id INTEGER NOT NULL,
        campaign_id INTEGER NOT NULL,
        day INTEGER NOT NULL,             -- on which their message was sent
        part INTEGER NOT NULL,            -- 65,536 persons each, by the rows of these
        certain BLOB,                     -- with a human click that is not doubtful
        doubtful BLOB,                    -- with human clicks
        machines BLOB,                    -- with clicks
        PRIMARY KEY (link_id, campaign_id, day, part)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE hours (                  -- clicks by the hour in which they were made
        hour INTEGER NOT NULL,            -- since 1970
        campaign_id INTEGER NOT NULL,
        clicks_human INTEGER NOT NULL DEFAULT 0,
        clicks_doubtful INTEGER NOT NULL DEFAULT 0,
        clicks_all INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (hour, campaign_id)
    ) STRICT, WITHOUT ROWID;
"""
_SLOTS = """
    CREATE TABLE slots (                  -- links of equal text, host and shape
        id INTEGER PRIMARY KEY,
        campaign_id INTEGER NOT NULL,
        hash BLOB NOT NULL,               -- of the three
        text TEXT,                        -- while they are one link; else NULL
        places TEXT NOT NULL,             -- state, persons and values of each place
        since_s INTEGER NOT NULL DEFAULT 0,  -- when the first message was sent that told of it
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
        after_sent_s INTEGER NOT NULL,    -- clicks on messages up to this one were moved
        after_message_id INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE link_set_slots (
        link_set_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hash BLOB NOT NULL,               -- of a slot, in whatever campaign
        PRIMARY KEY (link_set_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX link_set_slots_hash ON link_set_slots (hash);
"""
_OPENS = """
    CREATE TABLE pixels (                 -- copies that went out with a pixel
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,          -- of the recipient
        campaign_id INTEGER NOT NULL,
        personal INTEGER NOT NULL,        -- nobody shares the copy
        accepted INTEGER NOT NULL,        -- by the relay
        PRIMARY KEY (sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE opens (
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,           -- as that of a click
        number INTEGER NOT NULL,          -- of the recipient; 0: a copy that several share
        human INTEGER NOT NULL,
        PRIMARY KEY (sent_s, message_id, event_id)
    ) STRICT, WITHOUT ROWID;
"""
_DETAILS = """
    CREATE TABLE detail_texts (           -- what many messages have in common, once
        id INTEGER PRIMARY KEY,
        hash INTEGER NOT NULL UNIQUE,
        text TEXT NOT NULL,
        uses INTEGER NOT NULL DEFAULT 0   -- by rows of details; with the last it goes
    ) STRICT;
    CREATE TABLE details (                -- what became of a message, or of a copy of it
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,          -- of its first recipient
        outcome_id INTEGER NOT NULL,      -- these are rows of detail_texts
        sender_id INTEGER NOT NULL,
        subject_id INTEGER NOT NULL,
        reply_id INTEGER NOT NULL,        -- less the queue id
        relay_id INTEGER,
        client_id INTEGER,
        account_id INTEGER,
        untouched_id INTEGER,
        header_domain_id INTEGER,         -- of its Message-ID
        header_message_id TEXT,           -- less brackets and domain, where it has one
        queue_id TEXT,
        PRIMARY KEY (sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE detail_names (           -- by which a message is looked for
        hash INTEGER NOT NULL,
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (hash, sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE detail_recipients (      -- of messages that are in no other table
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        address TEXT NOT NULL,
        PRIMARY KEY (sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
"""
_WEBHOOKS = """
    CREATE TABLE webhooks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        sent INTEGER NOT NULL DEFAULT 0,  -- events that it took
        sent_at_s REAL,                   -- the last of them
        failures INTEGER NOT NULL DEFAULT 0,  -- one after another, up to now
        failed_at_s REAL,                 -- the last time
        error TEXT NOT NULL DEFAULT '',   -- then
        rests_until_s REAL NOT NULL DEFAULT 0,
        stopped_s REAL                    -- since when it wants nothing more
    ) STRICT;
    CREATE TABLE told_clicks (            -- that a webhook was told of, or is about to be
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        webhook_id INTEGER NOT NULL,
        relabelled INTEGER NOT NULL DEFAULT 0,  -- how often it was to be told that the label changed
        PRIMARY KEY (sent_s, message_id, event_id, webhook_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outbox (                 -- events that wait
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        webhook_id INTEGER NOT NULL,
        number INTEGER NOT NULL,          -- 0: the click; else that its label changed, the nth time
        changed_s REAL,                   -- when it did
        attempts INTEGER NOT NULL DEFAULT 0,
        due_s REAL,                       -- NULL: given up
        PRIMARY KEY (sent_s, message_id, event_id, webhook_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX outbox_due ON outbox (webhook_id, due_s);
"""
_PSEUDONYMS = """
    CREATE TABLE pseudonyms (             -- of some clicks of the last two days
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        day INTEGER NOT NULL,             -- on which the click was made
        network BLOB,                     -- 16 octets, as `tracker.privacy.pseudonyms` makes them
        agent BLOB,
        PRIMARY KEY (sent_s, message_id, event_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX pseudonyms_day ON pseudonyms (day);
"""
