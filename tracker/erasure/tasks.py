"""What each node has still to do for a person to be forgotten: their own spool, their own files.

Owns: telling all nodes that share a database, doing it on one of them, and who has not done it yet.
Does not own: rows, which are erased once for all nodes (`forget`), the log of all nodes, or when a node looks
for what it has to do (`tracker.nodes.sharing`).

A task names the person, until the node has done it. A node that is gone for good is given up with its tasks
(`waypost nodes forget`).

A file that cannot be read keeps nothing else from being counted (docs/adr/0040): the task is left with the
names of such files, and none of them is counted further before they are rewritten.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
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
    RETURNING node
"""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Who is to be forgotten: all their names, their copies of mail, campaigns that were renamed for them.

    `files` are those of the node's spool that are left to do; None: nothing is done yet.
    """

    names: Collection[str]
    copies: Collection[tuple[str, int]] = ()
    campaigns: Mapping[str, str] = field(default_factory=dict)
    files: Collection[str] | None = None

    def encode(self) -> str:
        """Return it as a task has it."""
        about: dict[str, object] = {
            "names": sorted(self.names),
            "copies": sorted(self.copies),
            "campaigns": dict(self.campaigns),
        }
        if self.files is not None:
            about["files"] = sorted(self.files)
        return json.dumps(about)

    @classmethod
    def decode(cls, text: str) -> "Forgetting":
        """Return what a task says."""
        said = json.loads(text)
        copies = [(message, number) for message, number in said["copies"]]
        return cls(said["names"], copies, said["campaigns"], said.get("files"))


def give(db: Db, forgetting: Forgetting) -> set[str]:
    """Have every node do it, and hear of it at once; return their names. Raises ServerError."""
    with db.atomic():
        given = db.execute(_GIVE, {"kind": FORGET, "about": forgetting.encode()}).fetchall()
        db.execute("SELECT pg_notify(:channel, '')", {"channel": CHANNEL})
    return {name for (name,) in given}


def given_to(db: Db, node: str) -> list[tuple[int, Forgetting]]:
    """Return what a node has still to do, with the numbers of the tasks. Raises ServerError."""
    found = db.execute(
        "SELECT id, about FROM tasks WHERE node = :node AND kind = :kind ORDER BY id",
        {"node": node, "kind": FORGET},
    )
    return [(number, Forgetting.decode(about)) for number, about in found.fetchall()]


def carry_out(config: Config, db: Db, forgetting: Forgetting) -> list[str]:
    """Erase a person in what is this machine's own, while nobody feeds the store from it.

    Also what is not counted yet: else a node that was cut off would bring them back. Return the files of the
    spool that cannot be read, or written, by name. Raises ServerError and OSError.
    """
    traces = Traces(
        forgetting.names,
        PersonPatterns.of(set(forgetting.names), Identifier.of(config)),
        set(forgetting.copies),
        forgetting.campaigns,
        is_erased=partial(is_erased, db),
    )
    left = spool.redact_each(config.store.spool_dir, forgetting.files, traces, db.transaction)
    consents.forget(config.store.file, forgetting.names)
    return sorted(left)


def is_done(db: Db, number: int) -> None:
    """Have nothing left of a task, nor of the person in it. Raises ServerError."""
    db.execute("DELETE FROM tasks WHERE id = :id", {"id": number})


def is_left(db: Db, number: int, forgetting: Forgetting, files: Collection[str]) -> None:
    """Have a task left for these files alone, and all others be counted. Raises ServerError."""
    about = replace(forgetting, files=files).encode()
    db.execute("UPDATE tasks SET about = :about WHERE id = :id", {"id": number, "about": about})


def nodes_left(db: Db) -> list[str]:
    """Return the nodes that have still somebody to forget, by name. Raises ServerError."""
    found = db.execute("SELECT DISTINCT node FROM tasks WHERE kind = :kind", {"kind": FORGET})
    return sorted(name for (name,) in found)
