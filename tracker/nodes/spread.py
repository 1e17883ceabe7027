"""On how many nodes something that was just decided here is in force by now.

Owns: waiting a little for that, and saying it.
Does not own: how it gets there (`sharing`), or what nodes say of themselves (`tracker.store.server.nodes`).

A node that is not heard may have heard of it all the same: what is said is what is known for certain.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from config.keys.secret_files import KeyFileError
from config.schema import StoreConfig
from tracker.decisions import shared_log
from tracker.nodes.connecting import connected
from tracker.nodes.findings import is_silent, silence
from tracker.records.record_file import RecordFile
from tracker.sql.errors import ServerError
from tracker.store.server.nodes import Node, listing

if TYPE_CHECKING:
    from tracker.sql.db import Db

PATIENCE_S = 3.0
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Reach:
    """Which nodes have heard of a line. `lacking` is None: that cannot be said."""

    nodes: int = 0
    lacking: Sequence[Node] | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether all nodes have it for certain."""
        return self.lacking is not None and not self.lacking

    def __str__(self) -> str:
        """Return it as a sentence."""
        if self.lacking is None:
            return "In force here, and on the other nodes once the database can be reached."
        if not self.lacking:
            return f"In force on all {self.nodes} nodes."
        told = ", ".join(
            f"{each.name} {silence(each)}"
            if is_silent(each)
            else f"{each.name} has not said so yet"
            for each in self.lacking
        )
        return f"In force on {self.nodes - len(self.lacking)} of {self.nodes} nodes; {told}."


def reach(store: StoreConfig, record_file: RecordFile[Any, Any], record: object) -> Reach | None:
    """Return which nodes have a record that was written down here, once all have, or in time.

    None: no other machine shares the store.
    """
    if store.engine == "sqlite":
        return None
    digest = shared_log.digest_of(record_file.name, record_file.adapter.dump_json(record))
    try:
        with connected(store) as db:
            deadline_s = time.monotonic() + PATIENCE_S
            while not (found := _reach(db, digest)).is_everywhere:
                if time.monotonic() > deadline_s:
                    break
                time.sleep(POLL_S)
            return found
    except (ServerError, KeyFileError):
        return Reach()


def _reach(db: "Db", digest: bytes) -> Reach:
    seq, found = shared_log.number_of(db, digest), listing(db)
    lacking = [each for each in found if seq is None or each.said is None or each.said.heard < seq]
    return Reach(len(found), lacking)
