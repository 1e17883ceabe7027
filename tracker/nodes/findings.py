"""What is wrong among nodes: what they say, compared.

Owns: nodes that are silent, or cannot read what they are to count, clocks that differ, keys that make links on
one node and are missing on another.
Does not own: what nodes say (`tracker.store.server.nodes`), or how it is printed (`tracker.cli.operations.nodes`). Does no I/O.
"""

from collections.abc import Iterator, Sequence

from tracker.store.server.nodes import Node

SILENT_S = 30.0
"""Without a word for longer than this, a node is looked after."""
CLOCKS_S = 2.0
"""Clocks that differ by more than this make days of clicks wrong, and the order of decisions."""


def findings(nodes: Sequence[Node]) -> Iterator[str]:
    """Yield all that is wrong, in words."""
    for node in nodes:
        if is_silent(node):
            yield f"{node.name} {silence(node)}"
        if node.said and node.said.unreadable:
            yield (
                f"{node.name} cannot read {node.said.unreadable} segments of its spool, and does not count"
                " what they hold: its log says which, and why"
            )
    yield from _clocks(nodes)
    yield from keys_missing(nodes)


def is_silent(node: Node) -> bool:
    """Return whether a node has not been heard for too long."""
    return node.silent_s is None or node.silent_s > SILENT_S


def silence(node: Node) -> str:
    """Return in words for how long a node has not been heard."""
    if node.silent_s is None:
        return "has never been heard"
    return f"has not been heard for {node.silent_s:.0f} s"


def _clocks(nodes: Sequence[Node]) -> Iterator[str]:
    """Clocks of nodes that are heard: those of silent ones may have been set right since."""
    clocks = {node.name: node.said.clock_s for node in nodes if node.said and not is_silent(node)}
    if not clocks:
        return
    clocks[""] = 0.0  # the database's
    first, last = min(clocks, key=clocks.__getitem__), max(clocks, key=clocks.__getitem__)
    apart_s = clocks[last] - clocks[first]
    if apart_s > CLOCKS_S:
        ahead, behind = (name or "the database" for name in (last, first))
        yield f"the clock of {ahead} is {apart_s:.1f} s ahead of that of {behind}: have both set by NTP"


def keys_missing(nodes: Sequence[Node]) -> Iterator[str]:
    """Yield each key that makes links on one node and is missing on others, in words."""
    told = {node.name: node.said for node in nodes if node.said and node.said.keys}
    for name, said in told.items():
        lacking = [
            other for other, theirs in told.items() if said.mints and said.mints not in theirs.keys
        ]
        if lacking:
            yield (
                f"the token key {said.mints} that makes links on {name} is missing on {', '.join(lacking)}:"
                " its links are dead there; copy the key file"
            )
