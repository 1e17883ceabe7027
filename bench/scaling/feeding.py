"""The same events counted by SQLite, by a node on PostgreSQL, and by two nodes at once.

They come to stores with nothing in them, and to those of size: the same to both, so that they can be compared,
and then with clicks on old messages to those of size.

Owns: turns, who is told what, and that all stores come to the same.
Does not own: how it is measured (`counting`), or the table (`rows`).
"""

import random
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from bench.at_size import new_events
from bench.scaling.counting import Counted, count
from bench.scaling.places import Places, Server, in_file, on_server
from bench.scaling.same import differences
from config.schema import Config
from tracker.events import Clicked, Event

SENT_S = 1_790_000_000
"""When messages were sent of which only the spool is looked at."""


@dataclass(frozen=True, slots=True)
class Three:
    """What each took: SQLite, a node on PostgreSQL, two at once."""

    file: Counted
    one: Counted
    two: Counted

    @classmethod
    def median(cls, turns: Sequence["Three"]) -> "Three":
        """Return the median of each figure of all turns."""
        return cls(*(_median([getattr(turn, each.name) for turn in turns]) for each in fields(cls)))


@dataclass(frozen=True, slots=True)
class Beside:
    """What the same events took: into stores with nothing in them, and into those of size."""

    empty: Three
    size: Three


def beside_empty(
    folder: Path, where: Places, server: Server, messages: int, turns: int
) -> tuple[Beside, list[str]]:
    """Count the same events into stores with nothing in them and into those of size, in turns.

    They are new messages with their clicks, without clicks on old messages, which no empty store can be told.
    Return the medians, and in what the empty stores differ.
    """
    found, wrong = [], []
    for _ in range(turns):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            turn = Path(name)
            begun_s, _ = new_events.old_messages(where.file, 0)
            first, one_differs = _by_one(turn / "one", where, server, begun_s, messages)
            begun_s, _ = new_events.old_messages(where.file, 0)
            second, two_differ = _by_two(turn / "two", where, server, begun_s, messages)
            found.append([Three(*first[at], second[at]) for at in range(2)])
            wrong += one_differs + two_differ
    empty, size = zip(*found, strict=True)
    return Beside(Three.median(empty), Three.median(size)), wrong


def _by_one(
    folder: Path, where: Places, server: Server, begun_s: int, messages: int
) -> tuple[list[tuple[Counted, Counted]], list[str]]:
    """Return what SQLite and one node took for empty stores, and for those of size; and what differs."""
    told = list(new_events.events(begun_s, messages, []))
    file, (node, _) = in_file(folder / "file"), on_server(folder / "nodes", server)
    took = [
        (_tell([each], told), _tell([other], told, server))
        for each, other in ((file, node), (where.file, where.node))
    ]
    return took, differences(file, node)


def _by_two(
    folder: Path, where: Places, server: Server, begun_s: int, messages: int
) -> tuple[list[Counted], list[str]]:
    """Return what two nodes took for an empty store, and for the one of size; and what differs.

    SQLite is told it, too, so that it can be compared.
    """
    told = list(new_events.events(begun_s, messages, []))
    file, pair = in_file(folder / "file"), on_server(folder / "nodes", server)
    took = [_tell(each, told, server) for each in (pair, where.nodes)]
    for each in (file, where.file):
        _tell([each], told)
    return took, differences(file, pair[0])


def into_size(where: Places, server: Server, messages: int, turns: int) -> Three:
    """Count into stores of size, clicks on old messages included; return the medians.

    What is new was sent after all that is there. SQLite is told what one node is, and then what two are.
    """
    found = []
    for _ in range(turns):
        told = _next(where.file, messages)
        file, one = _tell([where.file], told), _tell([where.node], told, server)
        told = _next(where.file, messages)
        _tell([where.file], told)
        found.append(Three(file, one, _tell(where.nodes, told, server)))
    return Three.median(found)


def spool_octets(folder: Path, messages: int) -> tuple[float, float]:
    """Return how many octets of the spool a click takes, and a message with 25 links to one reader."""
    told = list(new_events.events(SENT_S, messages, []))
    clicks = [each for each in told if isinstance(each, Clicked)]
    sent = [each for each in told if not isinstance(each, Clicked)]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        taken = (new_events.spool(in_file(Path(name) / "spool"), each) for each in (clicks, sent))
        of_clicks, of_messages = taken
    return of_clicks / len(clicks), of_messages / messages


def tell(nodes: Sequence[Config], told: Iterable[Event]) -> int:
    """Have events in the spools of nodes: a message on one of them, each click on any; return how many."""
    chance, spools, count_ = random.Random(1), [list[Event]() for _ in nodes], 0
    for count_, event in enumerate(told, 1):  # noqa: B007 - told below
        at = chance.randrange(len(nodes)) if isinstance(event, Clicked) else _at(event, nodes)
        spools[at].append(event)
    for node, events in zip(nodes, spools, strict=True):
        new_events.spool(node, events)
    return count_


def tell_and_count(config: Config, told: Sequence[Event]) -> None:
    """Have a store be told events, and count them."""
    _tell([config], told)


def _at(event: Event, nodes: Sequence[Config]) -> int:
    """Return the node whose proxy took a message."""
    return int(event.message_id, 16) % len(nodes)


def _tell(nodes: Sequence[Config], told: Sequence[Event], server: Server | None = None) -> Counted:
    return count(nodes, tell(nodes, told), server)


def _next(config: Config, messages: int) -> list[Event]:
    """Return what comes to a store of size next."""
    begun_s, old = new_events.old_messages(config, messages)
    return list(new_events.events(begun_s, messages, old))


def _median(turns: Sequence[Counted]) -> Counted:
    return Counted(
        *(statistics.median(getattr(turn, each.name) for turn in turns) for each in fields(Counted))
    )
