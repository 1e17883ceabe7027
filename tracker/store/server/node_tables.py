"""The tables by which nodes that share a database know of each other; SQLite has none of them.

Owns: the statements that make them.
Does not own: when they are made (`schema`), or who writes to them (`tracker.nodes`,
`tracker.decisions.shared_log`, `tracker.erasure.tasks`).

`shared_log` is only added to, but for lines that are erased: their octets go, and number and digest stay.
`tasks` is what a node has still to do, until it has; what it is `about` is JSON, whose `files` are those that are left to do,
once all others were done.
"""

from tracker.store.server.tables import TEXT

FORGET = "forget"
"""The kind of a task: somebody is to be forgotten. A later version may know of others."""

NODES = f"""
    CREATE TABLE nodes (
        name {TEXT} PRIMARY KEY,
        key {TEXT} NOT NULL,
        made_at_s double precision NOT NULL,
        seen_at_s double precision,
        about {TEXT}
    );
    CREATE TABLE shared_log (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind {TEXT} NOT NULL,
        node {TEXT} NOT NULL,
        line bytea NOT NULL,
        digest bytea NOT NULL UNIQUE,
        at_s double precision NOT NULL
    );
    CREATE INDEX shared_log_kinds ON shared_log (kind, seq);
    CREATE TABLE tasks (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        node {TEXT} NOT NULL,
        kind {TEXT} NOT NULL,
        about {TEXT} NOT NULL,
        at_s double precision NOT NULL
    );
    CREATE INDEX tasks_of_nodes ON tasks (node, id);
"""
