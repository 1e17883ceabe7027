"""All that `scale.py` measures, in the order in which it does.

Owns: the order, and how much is done for a store of which size.
Does not own: each measurement (`feeding`, `outage`, `deciding`, `at_size.questions`), or the table (`rows`).
"""

import multiprocessing
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.at_size import big_store, octets, questions
from bench.at_size.new_events import events, old_messages
from bench.at_size.octets import Octets
from bench.at_size.questions import Times
from bench.at_size.size import Size
from bench.scaling import deciding, feeding, outage, places
from bench.scaling.feeding import Beside, Three
from bench.scaling.outage import Outage
from bench.scaling.places import Places, Server
from bench.scaling.same import differences

FULL = 1_000_000
"""From so many clicks on, everything is measured as often as a figure deserves that others rely on."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done: messages a turn, turns, how often each is asked, decisions, messages in an outage."""

    messages: int
    turns: int
    times: int
    decisions: int
    waiting: int

    @classmethod
    def of(cls, size: Size) -> "Effort":
        """Return what a store of some size deserves."""
        if size.clicks >= FULL:
            return cls(messages=4000, turns=3, times=15, decisions=25, waiting=8000)
        return cls(messages=2000, turns=1, times=5, decisions=20, waiting=3000)


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures. `asked` has what SQLite took, and what PostgreSQL did; `differ` what must not be.

    `large` is what events took for stores of size with clicks on old messages among them, `beside` what others took.
    """

    size: Size
    server: str
    made_s: float
    asked: dict[str, tuple[Times, Times]]
    beside: Beside
    large: Three
    octets: tuple[Octets, Octets]
    spool: tuple[float, float]
    outage: Outage
    decisions_s: list[float]
    differ: list[str]


def measure(folder: Path, size: Size) -> Measured:
    """Make both stores and measure everything; stop where no PostgreSQL is installed."""
    effort = Effort.of(size)
    with places.server() as server:
        where = places.places(folder, server)
        _say(f"{effort.decisions} decisions on one node")
        waits_s = deciding.waits(folder, server, effort.decisions)
        spool = feeding.spool_octets(folder, effort.messages)
        _say(
            f"a store of {size.clicks:,} clicks, in a file and by COPY into PostgreSQL, both at once"
        )
        made_s = _make(where, size)
        taken = octets.taken(where.file), octets.taken(where.node)
        _say(f"every question, page and call of the API, {effort.times} times")
        asked = _asked(where, size, effort)
        _say(
            f"counting the same into empty stores and {size.clicks:,} clicks, {effort.turns} times"
        )
        beside, differ = feeding.beside_empty(folder, where, server, effort.messages, effort.turns)
        _say(f"and clicks on old messages with others, {effort.turns} times")
        large = feeding.into_size(where, server, effort.messages, effort.turns)
        _say("an outage of PostgreSQL")
        caught_up = _outage(where, server, effort)
        differ += differences(where.file, where.node)
        return Measured(
            *(size, server.version, made_s, asked, beside, large),
            *(taken, spool, caught_up, waits_s, differ),
        )


def _make(where: Places, size: Size) -> float:
    """Make the same store at both places; return how many seconds that took."""
    begun_s = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    making = [
        context.Process(target=big_store.make, args=(each.store, size), daemon=True)
        for each in (where.file, where.node)
    ]
    for each in making:
        each.start()
    for each in making:
        each.join()
    if any(each.exitcode for each in making):
        raise SystemExit("a store could not be made")
    return time.perf_counter() - begun_s


def _asked(where: Places, size: Size, effort: Effort) -> dict[str, tuple[Times, Times]]:
    """Ask both stores the same, one question after the other."""
    ours, theirs = (
        questions.asked(config, size, effort.times) for config in (where.file, where.node)
    )
    return {name: (took, takes) for (name, took), (_, takes) in zip(ours, theirs, strict=True)}


def _outage(where: Places, server: Server, effort: Effort) -> Outage:
    """Have both stores told the same, PostgreSQL after an outage."""
    begun_s, old = old_messages(where.file, effort.messages)
    told = list(events(begun_s, effort.waiting, old))
    feeding.tell_and_count(where.file, told)
    return outage.outage(where.nodes, server, told)


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} …", file=sys.stderr, flush=True)
