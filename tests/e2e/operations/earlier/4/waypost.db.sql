BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'waypost-second-form','second_form','2026-11-30 01:01:30.096124+00:00');
CREATE TABLE arrivals (               -- the order in which clicks were counted
        arrival INTEGER PRIMARY KEY AUTOINCREMENT,
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL
    ) STRICT;
INSERT INTO "arrivals" VALUES(1,1796000489,4474611015081236400);
INSERT INTO "arrivals" VALUES(2,1796000490,853627339335300493);
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
INSERT INTO "clicked_by" VALUES(1,0,0,0,NULL,X'3A3000000100000000000000100000000200',NULL);
INSERT INTO "clicked_by" VALUES(1,3,0,0,NULL,X'3A3000000100000000000000100000000200',NULL);
INSERT INTO "clicked_by" VALUES(1,3,20787,0,NULL,X'3A3000000100000000000000100000000200',NULL);
INSERT INTO "clicked_by" VALUES(2,0,0,0,NULL,X'3A3000000100000000000000100000000100',NULL);
INSERT INTO "clicked_by" VALUES(2,3,0,0,NULL,X'3A3000000100000000000000100000000100',NULL);
INSERT INTO "clicked_by" VALUES(2,3,20787,0,NULL,X'3A3000000100000000000000100000000100',NULL);
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
INSERT INTO "clicks" VALUES(1796000489,4474611015081236400,X'01A229F8A1025E2175F8477EB10802CE',1,1,1,1,1,1,1,1,X'7F000000');
INSERT INTO "clicks" VALUES(1796000490,853627339335300493,X'01A229F8A29EE340724D0ABAC56AD918',2,1,1,2,2,1,1,1,X'7F000000');
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
INSERT INTO "deliveries" VALUES(1796000489,4474611015081236400,1,2,NULL,1,0,1,1,1);
INSERT INTO "deliveries" VALUES(1796000490,853627339335300493,1,1,NULL,1,0,1,1,1);
INSERT INTO "deliveries" VALUES(1796000505,4270025494745294543,0,NULL,NULL,1,0,0,0,0);
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
INSERT INTO "detail_names" VALUES(-109155890415005,1796000490,853627339335300493,1);
INSERT INTO "detail_names" VALUES(-99133677266860,1796000489,4474611015081236400,1);
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
INSERT INTO "detail_texts" VALUES(1,-823434468877096062,'127.0.0.1:20063',2);
INSERT INTO "detail_texts" VALUES(2,5052613734398870567,'shop.example',2);
INSERT INTO "detail_texts" VALUES(3,-7947464575964096046,'shop@example.com',2);
INSERT INTO "detail_texts" VALUES(4,-7286220162709593017,'delivered',2);
INSERT INTO "detail_texts" VALUES(5,-1645365342853554038,'250 2.0.0 kept',2);
INSERT INTO "detail_texts" VALUES(6,-2349044320410544972,'News 1',1);
INSERT INTO "detail_texts" VALUES(7,-5777951009340418420,'127.0.0.1',2);
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
INSERT INTO "details" VALUES(1796000489,4474611015081236400,1,4,3,6,5,1,7,NULL,NULL,2,'1',NULL);
INSERT INTO "details" VALUES(1796000490,853627339335300493,1,4,3,8,5,1,7,NULL,NULL,2,'2',NULL);
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
INSERT INTO "messages" VALUES(1796000489,4474611015081236400,3,1,1,0,1,0);
INSERT INTO "messages" VALUES(1796000490,853627339335300493,3,1,1,0,1,0);
INSERT INTO "messages" VALUES(1796000505,4270025494745294543,1,2,2,1,1,0);
CREATE TABLE opens (
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        event_id BLOB NOT NULL,           -- as that of a click
        number INTEGER NOT NULL,          -- of the recipient; 0: a copy that several share
        human INTEGER NOT NULL,
        PRIMARY KEY (sent_s, message_id, event_id)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE persons (             -- a number is never given again: sets outlive persons
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        told BLOB                         -- the id that destinations are told, as octets
    ) STRICT;
INSERT INTO "persons" VALUES(1,'reader2@example.net',NULL);
INSERT INTO "persons" VALUES(2,'reader1@example.net',NULL);
CREATE TABLE pixels (                 -- copies that went out with a pixel
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        number INTEGER NOT NULL,          -- of the recipient
        campaign_id INTEGER NOT NULL,
        personal INTEGER NOT NULL,        -- nobody shares the copy
        accepted INTEGER NOT NULL,        -- by the relay
        PRIMARY KEY (sent_s, message_id, number)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE purged_clicks (          -- that might come again
        event_id BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
CREATE TABLE segments (
        name TEXT PRIMARY KEY,
        offset INTEGER NOT NULL           -- octets that are in this store
    ) STRICT, WITHOUT ROWID;
INSERT INTO "segments" VALUES('proxy-1796000489-21242-c78fd1cc79fccd51.log',2094);
INSERT INTO "segments" VALUES('tracker-1796000489-21242-32cd626fb9955436.log',805);
CREATE TABLE settings (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "settings" VALUES('known_time_s',1.79600049017296290398e+09);
INSERT INTO "settings" VALUES('purged_before_s',1732928490.0);
INSERT INTO "settings" VALUES('unlisted_before_day',20057.0);
CREATE TABLE sightings (              -- URLs that one message had, the latest of them
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,        -- of campaign and URL
        sent_s INTEGER NOT NULL,
        message_id INTEGER NOT NULL
    ) STRICT;
INSERT INTO "sightings" VALUES(1,X'8F4A554B232272333456E0D7',1796000490,853627339335300493);
INSERT INTO "sightings" VALUES(2,X'4FEFCDD72BBE385CB655AFD2',1796000489,4474611015081236400);
INSERT INTO "sightings" VALUES(3,X'D26E66E3793C49D331AECE39',1796000490,853627339335300493);
INSERT INTO "sightings" VALUES(4,X'BEB863A879A406D76A4BC2CC',1796000489,4474611015081236400);
INSERT INTO "sightings" VALUES(5,X'EE49A76D4732771CB3E141A0',1796000505,4270025494745294543);
CREATE TABLE signal_sets (            -- what requests showed
        id INTEGER PRIMARY KEY,
        method TEXT NOT NULL,
        signals TEXT NOT NULL,            -- separated by spaces
        UNIQUE (method, signals)
    ) STRICT;
INSERT INTO "signal_sets" VALUES(1,'GET','');
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
INSERT INTO "slot_values" VALUES(1,0,2014268979504181100,1);
INSERT INTO "slot_values" VALUES(1,0,-649571662916077706,2);
CREATE TABLE slots (                  -- links of equal text, host and shape
        id INTEGER PRIMARY KEY,
        campaign_id INTEGER NOT NULL,
        hash BLOB NOT NULL,               -- of the three
        text TEXT,                        -- while they are one link; else NULL
        places TEXT NOT NULL,             -- state, persons and values of each place
        since_s INTEGER NOT NULL DEFAULT 0,  -- when the first message was sent that told of it
        UNIQUE (campaign_id, hash)
    ) STRICT;
INSERT INTO "slots" VALUES(1,3,X'3C1A59E18A5CF60906F4333DC9AADE93',NULL,'0:2:2 1:0:0 1:1:1 1:1:1',1796000489);
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('arrivals',2);
INSERT INTO "sqlite_sequence" VALUES('persons',2);
COMMIT;
PRAGMA application_id = 1466005872;
PRAGMA user_version = 2;
