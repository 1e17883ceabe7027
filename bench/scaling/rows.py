"""The one table of `make bench-scale`.

Owns: what stands in which row, and what is wanted of it.
Does not own: the measuring (`measuring`), or what follows for a day of mail (`capacity`).
"""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict

from bench.at_size.pages import PAGES
from bench.at_size.questions import Times
from bench.scaling.counting import Counted
from bench.scaling.feeding import Three
from bench.scaling.measuring import Measured
from bench.support.table import Row, Section, Target

ANSWER = Target(300, "ms", at_least=False)
BESIDE_SQLITE = Target(0.7, "x SQLite")
BESIDE_EMPTY = Target(0.8, "x empty")
SOON = Target(2, "s", at_least=False)
FILE, ONE, TWO = "SQLite", "PostgreSQL, one node", "PostgreSQL, two nodes at once"
EACH = "Each question, page and call of the API, p95 (p50)"
"""The section that is too long for a page."""


def sections(found: Measured) -> list[Section]:
    """Return the table."""
    clicks, empty = f"{found.size.clicks:,} clicks", found.beside.empty
    return [
        Section(
            f"Counting {empty.file.events:,.0f} events, into stores with nothing in them",
            [*_rates(empty), *_costs(empty)],
            asdict(empty),
        ),
        Section(
            f"The same events, into stores of {clicks}",
            [*_rates(found.beside.size, empty), *_costs(found.beside.size)],
            asdict(found.beside.size),
        ),
        Section(
            f"Counting {found.large.file.events:,.0f} events, into stores of {clicks}, clicks on old messages included",
            [*_rates(found.large), *_costs(found.large)],
            asdict(found.large),
        ),
        Section("Octets", list(_octets(found))),
        Section(f"Asked of {clicks}: PostgreSQL", list(_asked(found.asked))),
        Section(EACH, list(_each(found.asked)), _raw(found.asked)),
        Section(
            "PostgreSQL is gone while two nodes take events",
            list(_outage(found)),
            asdict(found.outage),
        ),
        Section(
            "A decision made on one node, in force on the other",
            list(_decisions(found.decisions_s)),
            found.decisions_s,
        ),
    ]


def _rates(three: Three, empty: Three | None = None) -> Iterator[Row]:
    """Yield events a second, by wall; a store of size beside an empty one."""
    share = three.one.per_s / three.file.per_s
    for name, took, was, ratio, target, judged in (
        (FILE, three.file, empty.file if empty else None, "", None, None),
        (
            ONE,
            three.one,
            empty.one if empty else None,
            f"{share:.2f} x SQLite",
            BESIDE_SQLITE,
            share,
        ),
        (TWO, three.two, empty.two if empty else None, _over(three.two, three.one), None, None),
    ):
        yield Row(f"{name}: events a second", f"{took.per_s:,.0f}", ratio, target, judged)
        if was is not None:
            of_it = took.per_s / was.per_s
            yield Row(
                f"{name}: beside an empty store", "", f"{of_it:.2f} x empty", BESIDE_EMPTY, of_it
            )


def _over(two: Counted, one: Counted) -> str:
    return f"{two.per_s / one.per_s:.2f} x one node"


def _costs(three: Three) -> Iterator[Row]:
    """Yield what an event takes."""
    yield Row(f"{FILE}: CPU an event", f"{three.file.node_us:.0f} µs")
    for name, took in ((ONE, three.one), (TWO, three.two)):
        ratio = f"{took.node_us / three.file.node_us:.2f} x SQLite"
        yield Row(f"{name}: CPU of the node an event", f"{took.node_us:.0f} µs", ratio)
        yield Row(f"{name}: CPU of the database an event", f"{took.server_us:.0f} µs")
    most = f"{1e6 / three.two.turn_us:,.0f} events a second at most"
    yield Row(f"{TWO}: of their turns to write, an event", f"{three.two.turn_us:.0f} µs", most)


def _octets(found: Measured) -> Iterator[Row]:
    ours, theirs = found.octets
    for name, of_file, of_server in (
        ("a click, its sums and sets included", ours.click, theirs.click),
        ("a message to one reader", ours.message, theirs.message),
    ):
        yield Row(f"{FILE}: {name}", f"{of_file:.0f}")
        yield Row(f"PostgreSQL: {name}", f"{of_server:.0f}", f"{of_server / of_file:.2f} x SQLite")
    log = found.large.one.log_octets_an_event
    yield Row("PostgreSQL: write-ahead log an event", f"{log:,.0f}")
    clicks, messages = found.spool
    yield Row("spool: a click", f"{clicks:.0f}")
    yield Row("spool: a message of 25 links to one reader", f"{messages:.0f}")


def _asked(asked: dict[str, tuple[Times, Times]]) -> Iterator[Row]:
    """Yield the slowest of each kind, and how many there are."""
    for kind, is_one in _KINDS.items():
        of_kind = {name: took for name, took in asked.items() if is_one(name)}
        name, (file, server) = max(of_kind.items(), key=lambda each: each[1][1].p95)
        half = statistics.median(took.p50 for _, took in of_kind.values())
        yield Row(
            f"{len(of_kind)} {kind}: the slowest p95, {name.removeprefix('API: ')}",
            f"{server.p95:.0f} ms",
            f"SQLite {file.p95:.0f} ms",
            ANSWER,
            server.p95,
        )
        beside = statistics.median(took.p50 for took, _ in of_kind.values())
        yield Row(
            f"{len(of_kind)} {kind}: half of them", f"{half:.0f} ms", f"SQLite {beside:.0f} ms"
        )


_KINDS: dict[str, Callable[[str], bool]] = {
    "questions of commands": lambda name: name not in PAGES and not name.startswith("API: "),
    "pages": lambda name: name in PAGES,
    "calls of the API": lambda name: name.startswith("API: "),
}


def _each(asked: dict[str, tuple[Times, Times]]) -> Iterator[Row]:
    for name, (file, server) in asked.items():
        took, takes = (f"{each.p95:.0f} ms ({each.p50:.0f})" for each in (file, server))
        yield Row(name, takes, f"SQLite {took}", ANSWER, server.p95)


def _raw(asked: dict[str, tuple[Times, Times]]) -> dict[str, object]:
    return {
        name: {"sqlite": asdict(took), "postgresql": asdict(takes)}
        for name, (took, takes) in asked.items()
    }


def _outage(found: Measured) -> Iterator[Row]:
    outage = found.outage
    yield Row("it is away for", f"{outage.gone_s:.1f} s")
    yield Row("events that wait then", f"{outage.events:,}")
    yield Row("from when it is back until the first are counted", f"{outage.first_s:.1f} s")
    yield Row("until all are counted", f"{outage.all_s:.1f} s")
    beside = f"{outage.per_s / found.large.two.per_s:.2f} x two nodes without an outage"
    yield Row("events a second, once they are counted again", f"{outage.per_s:,.0f}", beside)


def _decisions(waits_s: list[float]) -> Iterator[Row]:
    yield Row(f"half of {len(waits_s)}", f"{statistics.median(waits_s):.2f} s")
    longest_s = max(waits_s)
    yield Row("the longest", f"{longest_s:.2f} s", "", SOON, longest_s)
