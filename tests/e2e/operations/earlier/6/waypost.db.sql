BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'waypost-second-form','second_form','2026-11-30 01:02:27.336214+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'waypost-second-form','views_for_people','2026-11-30 01:02:27.344216+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'waypost-second-form','clicks_by_verdict','2026-11-30 01:02:27.345715+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'waypost-second-form','webhooks','2026-11-30 01:02:27.354430+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'waypost-second-form','pseudonyms_of_clicks','2026-11-30 01:02:27.356278+00:00');
CREATE TABLE arrivals (               -- the order in which clicks were counted
        arrival INTEGER PRIMARY KEY AUTOINCREMENT,
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL
    ) STRICT;
INSERT INTO "arrivals" VALUES(1,1796000547,6589781413112608317);
INSERT INTO "arrivals" VALUES(2,1796000547,-1297549678415005794);
CREATE TABLE campaign_links (         -- which links a campaign has, clicked or not
        campaign_id INTEGER NOT NULL,
        link_id INTEGER NOT NULL,
        day INTEGER NOT NULL,             -- of the latest message that had it
        slot BLOB,                        -- its hash; NULL where somebody named the link
        PRIMARY KEY (campaign_id, link_id)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE campaigns (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
INSERT INTO "campaigns" VALUES(1,NULL);
INSERT INTO "campaigns" VALUES(2,'');
INSERT INTO "campaigns" VALUES(3,'news');
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
INSERT INTO "clicked_by" VALUES(0,0,0,0,NULL,X'3A30000001000000000001001000000001000200',NULL);
INSERT INTO "clicked_by" VALUES(0,0,20787,0,NULL,X'3A30000001000000000001001000000001000200',NULL);
INSERT INTO "clicked_by" VALUES(0,3,0,0,NULL,X'3A30000001000000000001001000000001000200',NULL);
INSERT INTO "clicked_by" VALUES(0,3,20787,0,NULL,X'3A30000001000000000001001000000001000200',NULL);
INSERT INTO "clicked_by" VALUES(1,0,0,0,NULL,X'3A3000000100000000000000100000000100',NULL);
INSERT INTO "clicked_by" VALUES(1,3,0,0,NULL,X'3A3000000100000000000000100000000100',NULL);
INSERT INTO "clicked_by" VALUES(1,3,20787,0,NULL,X'3A3000000100000000000000100000000100',NULL);
INSERT INTO "clicked_by" VALUES(2,0,0,0,NULL,X'3A3000000100000000000000100000000200',NULL);
INSERT INTO "clicked_by" VALUES(2,3,0,0,NULL,X'3A3000000100000000000000100000000200',NULL);
INSERT INTO "clicked_by" VALUES(2,3,20787,0,NULL,X'3A3000000100000000000000100000000200',NULL);
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
INSERT INTO "clicks" VALUES(1796000547,-1297549678415005794,X'01A229F982B4DF77E25B230F30398EA8',2,1,1,2,2,1,2,1,X'7F000000');
INSERT INTO "clicks" VALUES(1796000547,6589781413112608317,X'01A229F981DE7AAAD9DA635728D8199C',1,1,1,1,1,1,2,1,X'7F000000');
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
INSERT INTO "cohorts" VALUES(20787,0,0,2,2,2,0);
INSERT INTO "cohorts" VALUES(20787,3,0,2,2,2,0);
INSERT INTO "cohorts" VALUES(20787,3,1,1,1,1,0);
INSERT INTO "cohorts" VALUES(20787,3,2,1,1,1,0);
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
INSERT INTO "counters" VALUES(0,0,0,3,2,2,1,0,2,2,2,0,2,2,2);
INSERT INTO "counters" VALUES(0,0,1,0,0,0,0,0,1,1,1,0,1,1,1);
INSERT INTO "counters" VALUES(0,0,2,0,0,0,0,0,1,1,1,0,1,1,1);
INSERT INTO "counters" VALUES(0,1,0,1,0,0,1,0,0,0,0,0,0,0,0);
INSERT INTO "counters" VALUES(0,1,2,0,0,0,0,0,0,0,0,0,0,0,0);
INSERT INTO "counters" VALUES(0,3,0,2,2,2,0,0,2,2,2,0,2,2,2);
INSERT INTO "counters" VALUES(0,3,1,0,0,0,0,0,1,1,1,0,1,1,1);
INSERT INTO "counters" VALUES(0,3,2,0,0,0,0,0,1,1,1,0,1,1,1);
INSERT INTO "counters" VALUES(20787,0,0,3,2,2,1,0,2,2,2,0,0,0,0);
INSERT INTO "counters" VALUES(20787,1,0,1,0,0,1,0,0,0,0,0,0,0,0);
INSERT INTO "counters" VALUES(20787,3,0,2,2,2,0,0,2,2,2,0,0,0,0);
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
INSERT INTO "deliveries" VALUES(1796000547,-1297549678415005794,1,2,NULL,1,0,1,1,1);
INSERT INTO "deliveries" VALUES(1796000547,6589781413112608317,1,1,NULL,1,0,1,1,1);
INSERT INTO "deliveries" VALUES(1796000566,-8216061278405072322,0,NULL,NULL,1,0,0,0,0);
CREATE TABLE destinations (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,        -- of the URL, 16 octets
        url TEXT NOT NULL,
        clicks INTEGER NOT NULL DEFAULT 0 -- that led there; with the last it goes
    ) STRICT;
INSERT INTO "destinations" VALUES(1,X'55263875BA1BDED26C46584CA74C3842','https://example.net/1/one?a=1&b=2',1);
INSERT INTO "destinations" VALUES(2,X'5197DAC2E0EE68C30BDC742B65794BD3','https://example.net/2/one?a=1&b=2',1);
CREATE TABLE detail_names (           -- by which a message is looked for
        hash INTEGER NOT NULL,
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (hash, sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "detail_names" VALUES(-109155890415005,1796000547,-1297549678415005794,1);
INSERT INTO "detail_names" VALUES(-99133677266860,1796000547,6589781413112608317,1);
CREATE TABLE detail_recipients (      -- of messages that are in no other table
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        address TEXT NOT NULL,
        PRIMARY KEY (sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE detail_texts (           -- what many messages have in common, once
        id INTEGER PRIMARY KEY,
        hash INTEGER NOT NULL UNIQUE,
        text TEXT NOT NULL,
        uses INTEGER NOT NULL DEFAULT 0   -- by rows of details; with the last it goes
    ) STRICT;
INSERT INTO "detail_texts" VALUES(1,-7947464575964096046,'shop@example.com',2);
INSERT INTO "detail_texts" VALUES(2,-1565493920191011882,'127.0.0.1:20333',2);
INSERT INTO "detail_texts" VALUES(3,-2349044320410544972,'News 1',1);
INSERT INTO "detail_texts" VALUES(4,-1645365342853554038,'250 2.0.0 kept',2);
INSERT INTO "detail_texts" VALUES(5,-5777951009340418420,'127.0.0.1',2);
INSERT INTO "detail_texts" VALUES(6,5052613734398870567,'shop.example',2);
INSERT INTO "detail_texts" VALUES(7,-7286220162709593017,'delivered',2);
INSERT INTO "detail_texts" VALUES(8,1648757274580093940,'News 2',1);
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
INSERT INTO "details" VALUES(1796000547,-1297549678415005794,1,7,1,8,4,2,5,NULL,NULL,6,'2',NULL);
INSERT INTO "details" VALUES(1796000547,6589781413112608317,1,7,1,3,4,2,5,NULL,NULL,6,'1',NULL);
CREATE TABLE domains (                -- of senders
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
INSERT INTO "domains" VALUES(1,'example.com');
INSERT INTO "domains" VALUES(2,'');
CREATE TABLE hours (                  -- clicks by the hour in which they were made
        hour INTEGER NOT NULL,            -- since 1970
        campaign_id INTEGER NOT NULL,
        clicks_human INTEGER NOT NULL DEFAULT 0,
        clicks_doubtful INTEGER NOT NULL DEFAULT 0,
        clicks_all INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (hour, campaign_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "hours" VALUES(498889,0,2,2,2);
INSERT INTO "hours" VALUES(498889,3,2,2,2);
CREATE TABLE judged_days (            -- clicks by what they were judged to be
        day INTEGER NOT NULL,             -- on which their message was sent
        verdict_id INTEGER NOT NULL,
        clicks INTEGER NOT NULL,
        PRIMARY KEY (day, verdict_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "judged_days" VALUES(20787,1,2);
CREATE TABLE link_aliases (           -- links that are gone, and where their clicks went
        link_id INTEGER PRIMARY KEY,
        leads_to INTEGER NOT NULL
    ) STRICT;
CREATE TABLE link_set_ignored (       -- parameters that are no part of a link's name
        link_set_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        params TEXT NOT NULL,             -- names as written, separated by &
        PRIMARY KEY (link_set_id, number)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE link_set_links (         -- only links that are not called by their URL
        link_set_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        link_id INTEGER NOT NULL,
        PRIMARY KEY (link_set_id, number)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE link_set_slots (
        link_set_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hash BLOB NOT NULL,               -- of a slot, in whatever campaign
        PRIMARY KEY (link_set_id, number)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "link_set_slots" VALUES(1,1,X'3C1A59E18A5CF60906F4333DC9AADE93');
INSERT INTO "link_set_slots" VALUES(1,2,X'3C1A59E18A5CF60906F4333DC9AADE93');
INSERT INTO "link_set_slots" VALUES(2,1,X'56FD466DB544F27F87D62E734C87FAB9');
CREATE TABLE link_sets (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        links INTEGER,                    -- how many; NULL: an earlier version did not keep it
        messages INTEGER NOT NULL DEFAULT 0  -- that have it; with the last it goes
    ) STRICT;
INSERT INTO "link_sets" VALUES(1,X'A07E0413190863427962962D05850BCF',2,2);
INSERT INTO "link_sets" VALUES(2,X'897136C8A41E391C08EBB6D106E3CBE9',1,1);
CREATE TABLE links (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,        -- its group, else its URL
        url TEXT,                         -- an example; NULL where the name is the URL
        text TEXT,                        -- of its anchor
        own INTEGER NOT NULL DEFAULT 0    -- URLs that are each reader's
    ) STRICT;
INSERT INTO "links" VALUES(1,'https://example.net/1/one?a=1&b=2',NULL,NULL,0);
INSERT INTO "links" VALUES(2,'https://example.net/2/one?a=1&b=2',NULL,NULL,0);
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
INSERT INTO "messages" VALUES(1796000547,-1297549678415005794,3,1,1,0,1,0);
INSERT INTO "messages" VALUES(1796000547,6589781413112608317,3,1,1,0,1,0);
INSERT INTO "messages" VALUES(1796000566,-8216061278405072322,1,2,2,1,1,0);
CREATE TABLE opens (
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,           -- as that of a click
        number INTEGER NOT NULL,          -- of the recipient; 0: a copy that several share
        human INTEGER NOT NULL,
        PRIMARY KEY (sent_s, message_id, event_id)
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
CREATE TABLE persons (             -- a number is never given again: sets outlive persons
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        told BLOB                         -- the id that destinations are told, as octets
    ) STRICT;
INSERT INTO "persons" VALUES(1,'reader1@example.net',NULL);
INSERT INTO "persons" VALUES(2,'reader2@example.net',NULL);
CREATE TABLE pixels (                 -- copies that went out with a pixel
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,          -- of the recipient
        campaign_id INTEGER NOT NULL,
        personal INTEGER NOT NULL,        -- nobody shares the copy
        accepted INTEGER NOT NULL,        -- by the relay
        PRIMARY KEY (sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE pseudonyms (             -- of some clicks of the last two days
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        day INTEGER NOT NULL,             -- on which the click was made
        network BLOB,                     -- 16 octets, as `tracker.privacy.pseudonyms` makes them
        agent BLOB,
        PRIMARY KEY (sent_s, message_id, event_id)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE purged_clicks (          -- that might come again
        event_id BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
CREATE TABLE segments (
        name TEXT PRIMARY KEY,
        offset INTEGER NOT NULL           -- octets that are in this store
    ) STRICT, WITHOUT ROWID;
INSERT INTO "segments" VALUES('proxy-1796000547-24729-84ad34d253329794.log',2096);
INSERT INTO "segments" VALUES('tracker-1796000547-24729-242b9f85e0b1e829.log',804);
CREATE TABLE settings (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "settings" VALUES('clicks_settled_before_s',1.78822454737896132468e+09);
INSERT INTO "settings" VALUES('clicks_settled_next',0.0);
INSERT INTO "settings" VALUES('clicks_settled_noted_s',1.79600054737896132469e+09);
INSERT INTO "settings" VALUES('clicks_settled_up_to',0.0);
INSERT INTO "settings" VALUES('known_time_s',1.79600054737896132469e+09);
INSERT INTO "settings" VALUES('purged_before_s',1732928547.0);
INSERT INTO "settings" VALUES('unlisted_before_day',20057.0);
CREATE TABLE sightings (              -- URLs that one message had, the latest of them
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,        -- of campaign and URL
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL
    ) STRICT;
INSERT INTO "sightings" VALUES(1,X'4FEFCDD72BBE385CB655AFD2',1796000547,6589781413112608317);
INSERT INTO "sightings" VALUES(2,X'BEB863A879A406D76A4BC2CC',1796000547,6589781413112608317);
INSERT INTO "sightings" VALUES(3,X'8F4A554B232272333456E0D7',1796000547,-1297549678415005794);
INSERT INTO "sightings" VALUES(4,X'D26E66E3793C49D331AECE39',1796000547,-1297549678415005794);
INSERT INTO "sightings" VALUES(5,X'EE49A76D4732771CB3E141A0',1796000566,-8216061278405072322);
CREATE TABLE signal_sets (            -- what requests showed
        id INTEGER PRIMARY KEY,
        method TEXT NOT NULL,
        signals TEXT NOT NULL,            -- separated by spaces
        UNIQUE (method, signals)
    ) STRICT;
INSERT INTO "signal_sets" VALUES(1,'','settled');
INSERT INTO "signal_sets" VALUES(2,'GET','');
CREATE TABLE slot_moves (             -- slots whose clicks count under another name now
        slot_id INTEGER PRIMARY KEY,
        after_sent_s INTEGER NOT NULL,    -- clicks on messages up to this one were moved
        after_message_id INTEGER NOT NULL
    ) STRICT;
CREATE TABLE slot_values (            -- while a place is open
        slot_id INTEGER NOT NULL,
        place INTEGER NOT NULL,
        value INTEGER NOT NULL,           -- its hash
        person_id INTEGER NOT NULL,       -- the only one who had it
        PRIMARY KEY (slot_id, place, value)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "slot_values" VALUES(1,0,-649571662916077706,1);
INSERT INTO "slot_values" VALUES(1,0,2014268979504181100,2);
CREATE TABLE slots (                  -- links of equal text, host and shape
        id INTEGER PRIMARY KEY,
        campaign_id INTEGER NOT NULL,
        hash BLOB NOT NULL,               -- of the three
        text TEXT,                        -- while they are one link; else NULL
        places TEXT NOT NULL,             -- state, persons and values of each place
        since_s INTEGER NOT NULL DEFAULT 0,  -- when the first message was sent that told of it
        UNIQUE (campaign_id, hash)
    ) STRICT;
INSERT INTO "slots" VALUES(1,3,X'3C1A59E18A5CF60906F4333DC9AADE93',NULL,'0:2:2 1:0:0 1:1:1 1:1:1',1796000547);
CREATE TABLE told_clicks (            -- that a webhook was told of, or is about to be
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,
        webhook_id INTEGER NOT NULL,
        relabelled INTEGER NOT NULL DEFAULT 0,  -- how often it was to be told that the label changed
        PRIMARY KEY (sent_s, message_id, event_id, webhook_id)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE unknown_messages (       -- of messages that are gone
        day INTEGER NOT NULL,             -- on which they were sent
        campaign_id INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        PRIMARY KEY (day, campaign_id)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE user_agents (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        clicks INTEGER NOT NULL DEFAULT 0 -- that name it; with the last it goes
    ) STRICT;
INSERT INTO "user_agents" VALUES(1,'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',2);
CREATE TABLE verdicts (
        id INTEGER PRIMARY KEY,
        human INTEGER NOT NULL,
        doubtful INTEGER NOT NULL,
        score INTEGER NOT NULL,
        reasons TEXT NOT NULL,            -- separated by spaces
        UNIQUE (human, doubtful, score, reasons)
    ) STRICT;
INSERT INTO "verdicts" VALUES(1,1,1,60,'early/1');
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
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX persons_told ON persons (told) WHERE told IS NOT NULL;
CREATE INDEX persons_alike ON persons (name COLLATE NOCASE);
CREATE INDEX persons_beyond_ascii ON persons (name)
        WHERE length(CAST(name AS BLOB)) > length(name);
CREATE INDEX links_url ON links (url) WHERE url IS NOT NULL;
CREATE INDEX link_aliases_leads_to ON link_aliases (leads_to);
CREATE INDEX link_set_links_link ON link_set_links (link_id);
CREATE INDEX campaign_links_link ON campaign_links (link_id);
CREATE INDEX campaign_links_day ON campaign_links (day);
CREATE INDEX messages_message_id ON messages (message_id);
CREATE INDEX messages_pending ON messages (sent_s) WHERE counted = 0;
CREATE INDEX messages_unknown ON messages (sent_s) WHERE unknown = 1;
CREATE INDEX deliveries_person ON deliveries (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX deliveries_address ON deliveries (address COLLATE NOCASE)
        WHERE address IS NOT NULL;
CREATE INDEX deliveries_beyond_ascii ON deliveries (address)
        WHERE address IS NOT NULL AND length(CAST(address AS BLOB)) > length(address);
CREATE INDEX counters_link ON counters (link_id) WHERE link_id > 0;
CREATE INDEX counters_withdrawn ON counters (clicks_all) WHERE link_id > 0 AND clicks_all = 0;
CREATE INDEX counters_days ON counters (campaign_id, day) WHERE link_id = 0;
CREATE INDEX counters_top ON counters (campaign_id, clicks_all) WHERE day = 0 AND link_id > 0;
CREATE INDEX cohorts_campaign ON cohorts (campaign_id, day) WHERE link_id = 0;
CREATE INDEX slots_hash ON slots (hash);
CREATE INDEX slot_values_person ON slot_values (person_id, slot_id, place);
CREATE INDEX link_set_slots_hash ON link_set_slots (hash);
CREATE VIEW clicks_v AS SELECT lower(hex(event_id)) AS event_id, clicks.arrival AS cursor, strftime('%Y-%m-%dT%H:%M:%S', (((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 1, 1)) - 1) << 44) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 2, 1)) - 1) << 40) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 3, 1)) - 1) << 36) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 4, 1)) - 1) << 32) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 5, 1)) - 1) << 28) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 6, 1)) - 1) << 24) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 7, 1)) - 1) << 20) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 8, 1)) - 1) << 16) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 9, 1)) - 1) << 12) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 10, 1)) - 1) << 8) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 11, 1)) - 1) << 4) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 12, 1)) - 1) << 0)) / 1000, 'unixepoch') || printf('.%03d+00:00', (((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 1, 1)) - 1) << 44) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 2, 1)) - 1) << 40) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 3, 1)) - 1) << 36) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 4, 1)) - 1) << 32) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 5, 1)) - 1) << 28) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 6, 1)) - 1) << 24) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 7, 1)) - 1) << 20) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 8, 1)) - 1) << 16) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 9, 1)) - 1) << 12) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 10, 1)) - 1) << 8) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 11, 1)) - 1) << 4) | ((instr('0123456789ABCDEF', substr(hex(substr(event_id, 1, 6)), 12, 1)) - 1) << 0)) % 1000) AS at, (SELECT CASE WHEN NOT human THEN 'machine' WHEN doubtful THEN 'doubtful' ELSE 'human' END FROM verdicts WHERE verdicts.id = verdict_id) AS verdict, (SELECT score FROM verdicts WHERE verdicts.id = verdict_id) AS score, (SELECT reasons FROM verdicts WHERE verdicts.id = verdict_id) AS reasons, printf('%016x', clicks.message_id) AS message_id, strftime('%Y-%m-%dT%H:%M:%S', clicks.sent_s, 'unixepoch') || printf('.%03d+00:00', 0) AS sent_at, clicks.sent_s AS sent_s, (
    SELECT campaign_id FROM messages CROSS JOIN campaigns ON campaigns.id = campaign_id
    WHERE messages.sent_s = clicks.sent_s AND messages.message_id = clicks.message_id
) AS campaign_id, (
    SELECT CASE campaigns.name WHEN '' THEN '(purged)' ELSE campaigns.name END FROM messages CROSS JOIN campaigns ON campaigns.id = campaign_id
    WHERE messages.sent_s = clicks.sent_s AND messages.message_id = clicks.message_id
) AS campaign, clicks.link_id AS link_id, (SELECT CASE links.name WHEN '' THEN '(purged)' ELSE links.name END FROM links WHERE links.id = clicks.link_id) AS link, (SELECT url FROM destinations WHERE destinations.id = destination_id) AS destination, (
    SELECT persons.name FROM messages CROSS JOIN deliveries ON deliveries.sent_s = clicks.sent_s
        AND deliveries.message_id = clicks.message_id AND deliveries.number = clicks.recipient
    CROSS JOIN persons ON persons.id = person_id
    WHERE messages.sent_s = clicks.sent_s AND messages.message_id = clicks.message_id AND NOT shared
) AS person, clicks.recipient AS recipient, clicks.number AS link_number, (SELECT nullif(method, '') FROM signal_sets WHERE signal_sets.id = signal_set_id) AS method, CASE length(clicks.ip) WHEN 4 THEN ((instr('0123456789ABCDEF', substr(hex(clicks.ip), 1, 1)) - 1) * 16 + instr('0123456789ABCDEF', substr(hex(clicks.ip), 2, 1)) - 1) || char(46) || ((instr('0123456789ABCDEF', substr(hex(clicks.ip), 3, 1)) - 1) * 16 + instr('0123456789ABCDEF', substr(hex(clicks.ip), 4, 1)) - 1) || char(46) || ((instr('0123456789ABCDEF', substr(hex(clicks.ip), 5, 1)) - 1) * 16 + instr('0123456789ABCDEF', substr(hex(clicks.ip), 6, 1)) - 1) || char(46) || ((instr('0123456789ABCDEF', substr(hex(clicks.ip), 7, 1)) - 1) * 16 + instr('0123456789ABCDEF', substr(hex(clicks.ip), 8, 1)) - 1) WHEN 16 THEN lower(substr(hex(clicks.ip), 1, 4) || char(58) || substr(hex(clicks.ip), 5, 4) || char(58) || substr(hex(clicks.ip), 9, 4) || char(58) || substr(hex(clicks.ip), 13, 4) || char(58) || substr(hex(clicks.ip), 17, 4) || char(58) || substr(hex(clicks.ip), 21, 4) || char(58) || substr(hex(clicks.ip), 25, 4) || char(58) || substr(hex(clicks.ip), 29, 4)) END AS ip, (SELECT nullif(name, '') FROM user_agents WHERE user_agents.id = user_agent_id) AS user_agent FROM clicks;
CREATE VIEW messages_v AS SELECT printf('%016x', messages.message_id) AS message_id, strftime('%Y-%m-%dT%H:%M:%S', messages.sent_s, 'unixepoch') || printf('.%03d+00:00', 0) AS sent_at, messages.sent_s AS sent_s, messages.campaign_id AS campaign_id, CASE campaigns.name WHEN '' THEN '(purged)' ELSE campaigns.name END AS campaign, domains.name AS sender_domain, (SELECT text FROM details JOIN detail_texts ON detail_texts.id = subject_id
            WHERE details.sent_s = messages.sent_s AND details.message_id = messages.message_id
            ORDER BY details.number LIMIT 1) AS subject, messages.shared AS shared, CASE WHEN messages.campaign_id = 2 THEN 'purged' WHEN counted THEN 'sent'
            WHEN unknown THEN 'unknown' ELSE 'refused' END AS state, (
        SELECT count(*) FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND number != 0
    ) AS recipients, (
        SELECT count(*) FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND (
    deliveries.number != 0 AND NOT messages.shared AND messages.campaign_id != 2
    AND (deliveries.clicks > 0 OR (accepted AND link_set_id IS NOT NULL))
)
    ) AS deliveries, (
        SELECT count(*) FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND (
    deliveries.number != 0 AND NOT messages.shared AND messages.campaign_id != 2
    AND (deliveries.clicks > 0 OR (accepted AND link_set_id IS NOT NULL))
) AND clicks_human > 0
    ) AS clicked_deliveries, 
    CASE WHEN messages.shared AND messages.campaign_id != 2 THEN (
        SELECT ifnull(max(sum(number != 0 AND (accepted OR clicks)), sum(number != 0) * max(number = 0 AND (accepted OR clicks))), 0) FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND 1
    ) ELSE 0 END AS shared_recipients, (
        SELECT ifnull(sum(clicks_human), 0) FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND 1
    ) AS clicks_human, (
        SELECT ifnull(sum(clicks_doubtful), 0) FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND 1
    ) AS clicks_doubtful, (
        SELECT ifnull(sum(clicks), 0) FROM deliveries
        WHERE deliveries.sent_s = messages.sent_s AND deliveries.message_id = messages.message_id
        AND 1
    ) AS clicks_all FROM 
    messages LEFT JOIN campaigns ON campaigns.id = messages.campaign_id
    LEFT JOIN domains ON domains.id = domain_id;
CREATE VIEW deliveries_v AS SELECT printf('%016x', deliveries.message_id) AS message_id, strftime('%Y-%m-%dT%H:%M:%S', deliveries.sent_s, 'unixepoch') || printf('.%03d+00:00', 0) AS sent_at, deliveries.sent_s AS sent_s, messages.campaign_id AS campaign_id, CASE campaigns.name WHEN '' THEN '(purged)' ELSE campaigns.name END AS campaign, deliveries.number AS recipient, persons.name AS person, ifnull(nullif(deliveries.address, ''), persons.name) AS address, CASE WHEN accepted THEN 'delivered' WHEN refused THEN 'refused' ELSE 'unknown' END AS outcome, (
    deliveries.number != 0 AND NOT messages.shared AND messages.campaign_id != 2
    AND (deliveries.clicks > 0 OR (accepted AND link_set_id IS NOT NULL))
) AS is_delivery, deliveries.clicks_human AS clicks_human, deliveries.clicks_doubtful AS clicks_doubtful, deliveries.clicks AS clicks_all FROM 
    deliveries LEFT JOIN messages ON messages.sent_s = deliveries.sent_s
        AND messages.message_id = deliveries.message_id
    LEFT JOIN campaigns ON campaigns.id = messages.campaign_id
    LEFT JOIN persons ON persons.id = deliveries.person_id;
CREATE VIEW campaigns_v AS SELECT campaigns.id AS campaign_id, CASE campaigns.name WHEN '' THEN '(purged)' ELSE campaigns.name END AS campaign, counters.messages AS messages, counters.deliveries AS deliveries, counters.clicked AS clicked_deliveries, CAST(counters.clicked AS REAL) / nullif(counters.deliveries, 0) AS click_rate, counters.clicks_human AS clicks_human, counters.clicks_doubtful AS clicks_doubtful, counters.clicks_all AS clicks_all, counters.unique_human AS unique_clickers_human, counters.unique_doubtful AS unique_clickers_doubtful, counters.unique_all AS unique_clickers_all, counters.shared_messages AS shared_messages, counters.shared_recipients AS shared_recipients, counters.clicks_shared AS shared_clicks FROM 
    campaigns CROSS JOIN counters
        ON counters.day = 0 AND counters.campaign_id = campaigns.id AND counters.link_id = 0
    WHERE counters.messages OR counters.clicks_all;
CREATE VIEW links_v AS SELECT links.id AS link_id, CASE links.name WHEN '' THEN '(purged)' ELSE links.name END AS link, ifnull(links.url, CASE links.name WHEN '' THEN '(purged)' ELSE links.name END) AS url, ifnull(links.text, '') AS text, ifnull(counters.clicks_human, 0) AS clicks_human, ifnull(counters.clicks_doubtful, 0) AS clicks_doubtful, ifnull(counters.clicks_all, 0) AS clicks_all, ifnull(counters.unique_human, 0) AS unique_clickers_human, ifnull(counters.unique_doubtful, 0) AS unique_clickers_doubtful, ifnull(counters.unique_all, 0) AS unique_clickers_all FROM 
    (
        
    SELECT campaign_id, link_id FROM counters
    WHERE day = 0 AND campaign_id = 0 AND link_id > 0 AND clicks_all > 0

        UNION ALL SELECT DISTINCT 0, link_id FROM (
    SELECT campaign_links.campaign_id, campaign_links.link_id FROM campaign_links
    WHERE EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = campaign_links.campaign_id
        AND counters.link_id = 0 AND counters.messages > 0
    ) AND NOT EXISTS (
        SELECT 1 FROM slots WHERE slots.campaign_id = campaign_links.campaign_id
        AND slots.hash = campaign_links.slot AND slots.text IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = 0
        AND counters.link_id = campaign_links.link_id AND counters.clicks_all > 0
    )
)
    ) AS counted JOIN links ON links.id = counted.link_id
    LEFT JOIN counters ON counters.day = 0 AND counters.campaign_id = 0
        AND counters.link_id = counted.link_id AND counters.clicks_all > 0;
CREATE VIEW campaign_links_v AS SELECT counted.campaign_id AS campaign_id, CASE campaigns.name WHEN '' THEN '(purged)' ELSE campaigns.name END AS campaign, links.id AS link_id, CASE links.name WHEN '' THEN '(purged)' ELSE links.name END AS link, ifnull(links.url, CASE links.name WHEN '' THEN '(purged)' ELSE links.name END) AS url, ifnull(links.text, '') AS text, ifnull(counters.clicks_human, 0) AS clicks_human, ifnull(counters.clicks_doubtful, 0) AS clicks_doubtful, ifnull(counters.clicks_all, 0) AS clicks_all, ifnull(counters.unique_human, 0) AS unique_clickers_human, ifnull(counters.unique_doubtful, 0) AS unique_clickers_doubtful, ifnull(counters.unique_all, 0) AS unique_clickers_all FROM 
    (
        
    SELECT campaign_id, link_id FROM counters
    WHERE day = 0 AND campaign_id > 0 AND link_id > 0 AND clicks_all > 0

        UNION ALL 
    SELECT campaign_links.campaign_id, campaign_links.link_id FROM campaign_links
    WHERE EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = campaign_links.campaign_id
        AND counters.link_id = 0 AND counters.messages > 0
    ) AND NOT EXISTS (
        SELECT 1 FROM slots WHERE slots.campaign_id = campaign_links.campaign_id
        AND slots.hash = campaign_links.slot AND slots.text IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND counters.campaign_id = campaign_links.campaign_id
        AND counters.link_id = campaign_links.link_id AND counters.clicks_all > 0
    )

    ) AS counted JOIN links ON links.id = counted.link_id
    LEFT JOIN campaigns ON campaigns.id = counted.campaign_id
    LEFT JOIN counters ON counters.day = 0 AND counters.campaign_id = counted.campaign_id
        AND counters.link_id = counted.link_id AND counters.clicks_all > 0;
CREATE INDEX outbox_due ON outbox (webhook_id, due_s);
CREATE INDEX pseudonyms_day ON pseudonyms (day);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('persons',2);
INSERT INTO "sqlite_sequence" VALUES('arrivals',2);
COMMIT;
PRAGMA application_id = 1466005872;
PRAGMA user_version = 2;
