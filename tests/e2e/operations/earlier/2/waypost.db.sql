BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'waypost','names','2026-11-30 01:00:26.893539+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'waypost','messages_and_clicks','2026-11-30 01:00:26.911758+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'waypost','rollups','2026-11-30 01:00:26.920654+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'waypost','opens','2026-11-30 01:00:26.933701+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'waypost','names_less_parameters','2026-11-30 01:00:26.941485+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'waypost','indexes_of_what_goes','2026-11-30 01:00:26.947996+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'waypost','reserved_names','2026-11-30 01:00:26.951386+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'waypost','purged_clicks','2026-11-30 01:00:26.957236+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'waypost','unknown_messages','2026-11-30 01:00:26.960259+00:00');
CREATE TABLE campaign_links (         -- which links a campaign has, clicked or not
            campaign_id INTEGER NOT NULL,
            link_id INTEGER NOT NULL, day INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (campaign_id, link_id)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE campaigns (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
INSERT INTO "campaigns" VALUES(1,NULL);
INSERT INTO "campaigns" VALUES(2,'');
INSERT INTO "campaigns" VALUES(3,'news');
CREATE TABLE clickers (
            day INTEGER NOT NULL,
            campaign_id INTEGER NOT NULL,
            link_id INTEGER NOT NULL,
            person_id INTEGER NOT NULL,
            clicks_human INTEGER NOT NULL,
            clicks_all INTEGER NOT NULL,
            PRIMARY KEY (day, campaign_id, link_id, person_id)
        ) STRICT, WITHOUT ROWID;
INSERT INTO "clickers" VALUES(0,0,0,1,1,1);
INSERT INTO "clickers" VALUES(0,0,0,2,1,1);
INSERT INTO "clickers" VALUES(0,3,0,1,1,1);
INSERT INTO "clickers" VALUES(0,3,0,2,1,1);
INSERT INTO "clickers" VALUES(0,3,1,1,1,1);
INSERT INTO "clickers" VALUES(0,3,2,2,1,1);
INSERT INTO "clickers" VALUES(20787,0,0,1,1,1);
INSERT INTO "clickers" VALUES(20787,0,0,2,1,1);
INSERT INTO "clickers" VALUES(20787,3,0,1,1,1);
INSERT INTO "clickers" VALUES(20787,3,0,2,1,1);
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
INSERT INTO "clicks" VALUES(1,'01a229f7aa9ce989b0eda70ae19286cd',1.79600042665269827839e+09,1,1,1,'https://example.net/1/one?a=1&b=2','GET',1,'','127.0.0.0',1,3,2,2);
INSERT INTO "clicks" VALUES(2,'01a229f7aacd2de6c10e569a84bc9fad',1.7960004267012224197e+09,2,1,1,'https://example.net/2/one?a=1&b=2','GET',1,'','127.0.0.0',1,3,1,1);
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
INSERT INTO "counters" VALUES(0,0,0,3,2,2,2,2,2,2);
INSERT INTO "counters" VALUES(0,1,0,1,0,0,0,0,0,0);
INSERT INTO "counters" VALUES(0,3,0,2,2,2,2,2,2,2);
INSERT INTO "counters" VALUES(0,3,1,0,0,0,1,1,1,1);
INSERT INTO "counters" VALUES(0,3,2,0,0,0,1,1,1,1);
INSERT INTO "counters" VALUES(20787,0,0,3,2,2,2,2,2,2);
INSERT INTO "counters" VALUES(20787,1,0,1,0,0,0,0,0,0);
INSERT INTO "counters" VALUES(20787,3,0,2,2,2,2,2,2,2);
CREATE TABLE deliveries (             -- number 0: the copy that several share
            message INTEGER NOT NULL,
            number INTEGER NOT NULL,
            person_id INTEGER,                -- NULL while only clicks or the 250 are known
            address TEXT,                     -- where it is not the person's name
            accepted INTEGER NOT NULL,
            clicked INTEGER NOT NULL, refused INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (message, number)
        ) STRICT, WITHOUT ROWID;
INSERT INTO "deliveries" VALUES(1,1,2,NULL,1,1,0);
INSERT INTO "deliveries" VALUES(2,1,1,NULL,1,1,0);
INSERT INTO "deliveries" VALUES(3,0,NULL,NULL,1,0,0);
CREATE TABLE link_set_ignored (       -- parameters that are no part of a link's name
            link_set_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            params TEXT NOT NULL,             -- names as written, separated by &
            PRIMARY KEY (link_set_id, number)
        ) STRICT, WITHOUT ROWID
    ;
CREATE TABLE link_set_links (         -- only links that are not called by their URL
            link_set_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            link_id INTEGER NOT NULL,
            PRIMARY KEY (link_set_id, number)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE link_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE) STRICT;
INSERT INTO "link_sets" VALUES(1,X'7EBB3C7C2A87B1A2F8A7ED729ECB040D');
CREATE TABLE links (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,        -- its group, else its URL
            url TEXT,                         -- an example; NULL where the name is the URL
            text TEXT                         -- of its anchor, when first seen
        ) STRICT;
INSERT INTO "links" VALUES(1,'https://example.net/2/one?a=1&b=2',NULL,NULL);
INSERT INTO "links" VALUES(2,'https://example.net/1/one?a=1&b=2',NULL,NULL);
CREATE TABLE messages (
            id INTEGER PRIMARY KEY,
            message_id TEXT NOT NULL UNIQUE,
            sent_at_s REAL NOT NULL,
            sender_domain TEXT,
            campaign_id INTEGER NOT NULL,
            link_set_id INTEGER,              -- NULL while only clicks or the 250 are known
            shared INTEGER NOT NULL,
            counted INTEGER NOT NULL          -- accepted by the relay, or clicked
        , unknown INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "messages" VALUES(1,'3e5e4f95eb9247e7',1.79600042662987899777e+09,'example.com',3,1,0,1,0);
INSERT INTO "messages" VALUES(2,'27602f059791d0e6',1.79600042668298697469e+09,'example.com',3,1,0,1,0);
INSERT INTO "messages" VALUES(3,'b9e629e5a552b0ba',1.79600043933697485921e+09,'',1,1,1,1,0);
CREATE TABLE opens (
            event_id TEXT PRIMARY KEY,
            message_id TEXT NOT NULL,
            number INTEGER NOT NULL,          -- of the recipient; 0: a copy that several share
            sent_at_s REAL NOT NULL,
            at_s REAL NOT NULL,
            human INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
CREATE TABLE persons (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO "persons" VALUES(1,'reader2@example.net');
INSERT INTO "persons" VALUES(2,'reader1@example.net');
CREATE TABLE pixels (                 -- copies that went out with a pixel
            message_id TEXT NOT NULL,
            number INTEGER NOT NULL,          -- of the recipient
            sent_at_s REAL NOT NULL,
            campaign_id INTEGER NOT NULL,
            personal INTEGER NOT NULL,        -- nobody shares the copy
            accepted INTEGER NOT NULL,        -- by the relay
            PRIMARY KEY (message_id, number)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE purged_clicks (
            event_id TEXT PRIMARY KEY,
            at_s REAL NOT NULL
        ) STRICT, WITHOUT ROWID
    ;
CREATE TABLE segments (
            name TEXT PRIMARY KEY,
            offset INTEGER NOT NULL           -- octets that are in this store
        ) STRICT, WITHOUT ROWID;
INSERT INTO "segments" VALUES('proxy-1796000426-18803-c3dfb614b21abbc1.log',1124);
INSERT INTO "segments" VALUES('tracker-1796000426-18803-fd62da29b72d9ac7.log',744);
CREATE TABLE settings (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "settings" VALUES('known_time_s',1.7960004270117247105e+09);
INSERT INTO "settings" VALUES('purged_before_s',1.73292842701172471048e+09);
INSERT INTO "settings" VALUES('unlisted_before_day',20057.0);
CREATE TABLE sightings (              -- URLs that one message had, the latest of them
            id INTEGER PRIMARY KEY,
            hash BLOB NOT NULL UNIQUE,        -- of campaign and URL
            message INTEGER NOT NULL
        ) STRICT;
INSERT INTO "sightings" VALUES(1,X'BEB863A879A406D76A4BC2CC',1);
INSERT INTO "sightings" VALUES(2,X'D26E66E3793C49D331AECE39',2);
INSERT INTO "sightings" VALUES(3,X'4FEFCDD72BBE385CB655AFD2',1);
INSERT INTO "sightings" VALUES(4,X'8F4A554B232272333456E0D7',2);
INSERT INTO "sightings" VALUES(5,X'EE49A76D4732771CB3E141A0',3);
CREATE TABLE unknown_messages (       -- of messages that are gone
            day INTEGER NOT NULL,             -- on which they were sent
            campaign_id INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            PRIMARY KEY (day, campaign_id)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE user_agents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO "user_agents" VALUES(1,'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX messages_sent_at ON messages (sent_at_s);
CREATE INDEX messages_pending ON messages (sent_at_s) WHERE counted = 0;
CREATE INDEX deliveries_person ON deliveries (person_id);
CREATE INDEX deliveries_address ON deliveries (address) WHERE address IS NOT NULL;
CREATE INDEX clicks_message ON clicks (message);
CREATE INDEX pixels_sent_at ON pixels (sent_at_s);
CREATE INDEX opens_copy ON opens (message_id, number);
CREATE INDEX opens_sent_at ON opens (sent_at_s);
CREATE INDEX counters_link ON counters (link_id) WHERE link_id > 0;
CREATE INDEX messages_link_set ON messages (link_set_id) WHERE link_set_id IS NOT NULL;
CREATE INDEX link_set_links_link ON link_set_links (link_id);
CREATE INDEX campaign_links_link ON campaign_links (link_id);
CREATE INDEX campaign_links_day ON campaign_links (day);
CREATE INDEX counters_withdrawn ON counters (clicks_all)
            WHERE link_id > 0 AND clicks_all = 0;
CREATE INDEX messages_unknown ON messages (sent_at_s) WHERE unknown = 1;
COMMIT;
PRAGMA application_id = 1466005872;
PRAGMA user_version = 0;
