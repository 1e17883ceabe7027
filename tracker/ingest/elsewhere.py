"""What figures lack that waits in the spools of other nodes, by what those said of themselves last.

Owns: which nodes are named for that, and the words.
Does not own: what waits on this node (`catch_up`), what nodes say (`tracker.store.server.nodes`), or when they
say it (`tracker.nodes.sharing`).

A report waits for its own node, and cannot wait for others: what they say is up to five seconds old. Nodes that
count what comes to them within a second or so are not named, as by the time that somebody reads it, it is
counted.
"""

from dataclasses import dataclass

from config.schema import StoreConfig
from tracker.sql.db import Db
from tracker.store.server.nodes import Node, listing

LATE_S = 15.0
"""Whoever says nothing for so long may have taken what nobody knows of: nodes speak every five seconds."""
MUCH_OCTETS = 1024 * 1024
"""More than is counted at once (`ingester.CHUNK_OCTETS`)."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Octets that wait on other nodes, as far as they are known, and sentences without full stops."""

    octets: int = 0
    sentences: tuple[str, ...] = ()


def elsewhere(db: Db, store: StoreConfig) -> Elsewhere:
    """Return what figures of the store lack that is not this node's. Raises ServerError."""
    if db.engine == "sqlite":
        return Elsewhere()
    others = [each for each in listing(db) if each.name != store.node and _is_behind(each)]
    return Elsewhere(sum(map(_octets, others)), tuple(map(_sentence, others)))


def _is_behind(node: Node) -> bool:
    if node.said is None or node.silent_s is None:
        return True
    return node.silent_s > LATE_S or _octets(node) > MUCH_OCTETS or bool(node.said.unreadable)


def _octets(node: Node) -> int:
    return 0 if node.said is None else node.said.backlog_octets


def _sentence(node: Node) -> str:
    if node.said is None or node.silent_s is None:
        return f"Not counted: what {node.name} may have taken, which has never been heard"
    octets, unreadable = node.said.backlog_octets, node.said.unreadable
    if node.silent_s > LATE_S:
        waited = f", and {octets} octets of its spool that waited then" if octets else ""
        return (
            f"Not counted: what {node.name} may have taken since it was last heard,"
            f" {node.silent_s:.0f} s ago{waited}"
        )
    why = f" ({unreadable} segments cannot be read)" if unreadable else ""
    return f"Not counted yet: {octets} octets of the spool of {node.name}{why}"
