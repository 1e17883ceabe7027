"""What each node has still to do for a person to be forgotten: their own spool, their own files.

Owns: telling all nodes that share a database, doing it on one of them, and who has not done it yet.
Does not own: rows, which are erased once for all nodes (`forget`), the log of all nodes, or when a node looks
for what it has to do (`tracker.nodes.sharing`).

A task names the person, until the node has done it. A node that is gone for good is given up with its tasks
(`waypost nodes forget`).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from config.schema import Config
from tracker.decisions.shared_log import CHANNEL
from tracker.erasure import consents, spool
from tracker.erasure.patterns import PersonPatterns
from tracker.erasure.spool import Traces
from tracker.erasure.tombstones import is_erased
from tracker.sql.db import Db
from tracker.store.server.node_tables import FORGET
from tracker.urls.reader_id import Identifier

_GIVE = """
    INSERT INTO tasks (node, kind, about, at_s)
    SELECT name, :kind, :about, extract(epoch FROM clock_timestamp()) FROM nodes
"""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Who is to be forgotten: all their names, their copies of mail, campaigns that were renamed for them."""

    names: Collection[str]
    copies: Collection[tuple[str, int]] = ()
    campaigns: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> str:
        """Return it as a task has it."""
        return json.dumps(
            {
                "names": sorted(self.names),
                "copies": sorted(self.copies),
                "campaigns": dict(self.campaigns),
            }
        )

    @classmethod
    def decode(cls, text: str) -> "Forgetting":
        """Return what a task says."""
        said = json.loads(text)
        copies = [(message, number) for message, number in said["copies"]]
        return cls(said["names"], copies, said["campaigns"])


def give(db: Db, forgetting: Forgetting) -> None:
    """Have every node do it, and hear of it at once. Raises ServerError."""
    with db.atomic():
        db.execute(_GIVE, {"kind": FORGET, "about": forgetting.encode()})
        db.execute("SELECT pg_notify(:channel, '')", {"channel": CHANNEL})


def given_to(db: Db, node: str) -> list[tuple[int, Forgetting]]:
    """Return what a node has still to do, with the numbers of the tasks. Raises ServerError."""
    found = db.execute(
        "SELECT id, about FROM tasks WHERE node = :node AND kind = :kind ORDER BY id",
        {"node": node, "kind": FORGET},
    )
    return [(number, Forgetting.decode(about)) for number, about in found.fetchall()]


def carry_out(config: Config, db: Db, forgetting: Forgetting) -> None:
    """Erase a person in what is this machine's own, while nobody feeds the store from it.

    Also what is not counted yet: else a node that was cut off would bring them back. Raises ServerError
    and OSError.
    """
    traces = Traces(
        forgetting.names,
        PersonPatterns.of(set(forgetting.names), Identifier.of(config)),
        set(forgetting.copies),
        forgetting.campaigns,
        is_erased=partial(is_erased, db),
    )
    spool.redact(config.store.spool_dir, None, traces, db.transaction)
    consents.forget(config.store.file, forgetting.names)


def is_done(db: Db, number: int) -> None:
    """Have nothing left of a task, nor of the person in it. Raises ServerError."""
    db.execute("DELETE FROM tasks WHERE id = :id", {"id": number})


def nodes_left(db: Db) -> list[str]:
    """Return the nodes that have still somebody to forget, by name. Raises ServerError."""
    found = db.execute("SELECT DISTINCT node FROM tasks WHERE kind = :kind", {"kind": FORGET})
    return sorted(name for (name,) in found)
