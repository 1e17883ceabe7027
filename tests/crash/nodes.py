"""`make crash-nodes`: kill -9 of two nodes' feeders and of their PostgreSQL at random while they count.

Every event has to be counted once, and every sum has to be what a recount of the rows says: a message is told of on
one node, clicked on either, and a fifth of all is told twice.

    python -m tests.crash.nodes --kills 500 --server-kills 20 --events 100000
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from config.schema import Config
from tests.support.checks.recount import judged_sums, recount, recount_judged
from tests.support.clients import victims
from tests.support.nodes import node
from tests.support.postgresql import Cluster, cluster
from tests.support.waiting import until
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.ingest.catch_up import catch_up
from tracker.reports import summary
from tracker.spool.writer import Spool
from tracker.sql.errors import DatabaseErrors
from tracker.sql.postgresql import connect
from tracker.store import database
from tracker.store.keys import event_octets, message_number

CLICKS = 8
"""Of each message: with what is told of the message itself, ten events."""
EVENTS_A_MESSAGE = CLICKS + 2
TWICE = 0.2
BURST = 5
"""Kills while what was spooled at once is counted."""
LONGEST_S = 0.6
"""Between kills: as long as a feeder needs to start, and to count a burst."""
CLICK_ID = 6
"""From this octet on an id is the event's own; before it is the moment."""
_BUSY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start IS NOT NULL
"""


@dataclass(frozen=True)
class Wanted:
    """How much is fed, and how often who is killed meanwhile."""

    kills: int
    server_kills: int
    events: int
    seed: int = 0


@dataclass
class Outcome:
    """What a run came to."""

    kills: int = 0
    amid: int = 0
    """Kills of a feeder while a transaction was open."""
    server_kills: int = 0
    told: int = 0
    """Events that were told, those that were told twice counted once."""
    seconds: float = 0.0
    clicks: Counter[bytes] = field(default_factory=Counter)
    """How often the store has each click that it has."""
    clicks_told: set[bytes] = field(default_factory=set)
    messages: set[int] = field(default_factory=set)
    messages_told: set[int] = field(default_factory=set)
    undelivered: int = 0
    is_sum_of_rows: bool = False
    clicks_summed: int = 0

    @property
    def faults(self) -> dict[str, object]:
        """What must not be, as far as it was."""
        found = {
            "clicks lost": len(self.clicks_told - self.clicks.keys()),
            "clicks that nobody made": len(self.clicks.keys() - self.clicks_told),
            "clicks counted again": sum(count > 1 for count in self.clicks.values()),
            "messages lost": len(self.messages_told - self.messages),
            "messages that nobody sent": len(self.messages - self.messages_told),
            "deliveries lost": self.undelivered,
            "sums that differ from a recount": not self.is_sum_of_rows,
            "clicks in rows and not in sums": self.clicks.total() - self.clicks_summed,
        }
        return {name: what for name, what in found.items() if what}

    def table(self) -> str:
        """Return the figures for people."""
        rows = [
            ("kill -9 of feeders", self.kills),
            ("of these amid a transaction", self.amid),
            ("kill -9 of PostgreSQL", self.server_kills),
            ("events told", self.told),
            ("clicks in the store", self.clicks.total()),
            ("messages in the store", len(self.messages)),
            ("seconds", round(self.seconds)),
        ]
        return "\n".join(f"{name:36}{value:>10}" for name, value in rows)


class Telling:
    """Tells two nodes of messages and clicks, so many at a time."""

    def __init__(self, nodes: Sequence[Config], wanted: Wanted, chance: random.Random) -> None:
        self._nodes = nodes
        self._chance = chance
        self._sent_s = int(time.time())
        self._left = wanted.events // EVENTS_A_MESSAGE
        bursts = max(1, wanted.kills // BURST)
        self._at_once = -(-self._left // bursts)
        self.clicks: set[bytes] = set()
        self.messages: set[int] = set()

    def more(self) -> None:
        """Have a burst of events in the spools of both, in no order of theirs, durable."""
        count = min(self._left, self._at_once)
        self._left -= count
        events = [event for _ in range(count) for event in self._message()]
        events += self._chance.sample(events, k=int(len(events) * TWICE))
        self._chance.shuffle(events)
        spools = [Spool.open(each.store.spool_dir, "tracker") for each in self._nodes]
        for event in events:
            self._chance.choice(spools).append(event)
        for spool in spools:
            spool.close()

    def _message(self) -> Iterator[Event]:
        number = len(self.messages) + 1
        name, at_s = f"{number:016x}", float(self._sent_s)
        self.messages.add(message_number(name))
        links = tuple(SentLink(n, f"https://example.net/{n}", None, "here") for n in range(1, 4))
        to = (Recipient(1, f"reader{number % 200}@example.net"),)
        yield MessagePending(
            *(name, at_s, "example.com", f"campaign {number % 5}"),
            shared=False,
            recipients=to,
            links=links,
            sent_s=self._sent_s,
        )
        yield MessageAccepted(name, at_s + 1, (1,), sent_s=self._sent_s)
        for click in range(CLICKS):
            yield self._click(name, f"{name}c{click}", click)

    def _click(self, message: str, event_id: str, number: int) -> Clicked:
        link = number % 3 + 1
        self.clicks.add(event_octets(event_id, 0)[CLICK_ID:])
        return Clicked(
            event_id=event_id,
            at_s=self._sent_s + self._chance.choice((5, 30, 30, 31, 4000)),
            message_id=message,
            recipient=1,
            link=link,
            sent_at_s=self._sent_s,
            destination=f"https://example.net/{link}",
            method="GET",
            human=number % 4 != 0,
            reasons=() if number % 4 else ("head",),
            ip=self._chance.choice((None, "192.0.2.0", "198.51.100.0")),
            user_agent="Browser/1",
        )


class Victims:
    """The feeders of both nodes, each of which is killed and started again."""

    def __init__(self, nodes: Sequence[Config], server: Cluster, chance: random.Random) -> None:
        self._context = victims.context()
        self._nodes = nodes
        self._server = server
        self._chance = chance
        self._alive: list[BaseProcess] = []

    def start(self) -> None:
        """Start whoever does not run."""
        self._alive += [self._start(each) for each in self._nodes[len(self._alive) :]]

    def kill(self, *, amid: bool) -> bool:
        """Kill one of them; where `amid`, in a transaction, if there is one within a second.

        Return whether there was one.
        """
        time.sleep(self._chance.uniform(0, LONGEST_S))
        busy = self._is_busy()
        until_s = time.monotonic() + 1
        while amid and not busy and time.monotonic() < until_s:
            busy = self._is_busy()
        at = self._chance.randrange(len(self._nodes))
        self._end(self._alive[at])
        self._alive[at] = self._start(self._nodes[at])
        return busy

    def end(self) -> None:
        """Kill all of them for good."""
        for each in self._alive:
            self._end(each)
        self._alive = []

    def _start(self, config: Config) -> BaseProcess:
        return victims.start(self._context, victims.feed_node, config)

    def _end(self, process: BaseProcess) -> None:
        process.kill()
        process.join()

    def _is_busy(self) -> bool:
        with (
            contextlib.suppress(*DatabaseErrors),
            contextlib.closing(connect(self._server.url("postgres"))) as db,
        ):
            return bool(db.execute(_BUSY).fetchall()[0][0])
        return False


def crash(folder: Path, wanted: Wanted) -> Outcome:
    """Feed and kill in `folder`, and tell what came of it."""
    chance = random.Random(wanted.seed)
    outcome = Outcome()
    begin_s = time.monotonic()
    with cluster().another() as server:
        url = server.url(server.empty_store())
        nodes = [node(folder, url, name) for name in ("a", "b")]
        telling = Telling(nodes, wanted, chance)
        _kill_all(Victims(nodes, server, chance), server, telling, wanted, outcome)
        for each in nodes:
            until(lambda each=each: catch_up(each).octets == 0, within_s=600)
        look(nodes[0], telling, outcome)
    outcome.seconds = time.monotonic() - begin_s
    return outcome


def _kill_all(
    feeders: Victims, server: Cluster, telling: Telling, wanted: Wanted, outcome: Outcome
) -> None:
    every = max(1, wanted.kills // max(1, wanted.server_kills))
    feeders.start()
    try:
        while outcome.kills < wanted.kills:
            if outcome.kills % BURST == 0:
                telling.more()
            outcome.amid += feeders.kill(amid=outcome.kills % 2 == 1)
            outcome.kills += 1
            if outcome.kills % every == 0 and outcome.server_kills < wanted.server_kills:
                server.kill()
                server.start()
                outcome.server_kills += 1
    finally:
        feeders.end()


def look(config: Config, telling: Telling, outcome: Outcome) -> None:
    """Compare what was told with rows, and rows with sums."""
    outcome.clicks_told, outcome.messages_told = telling.clicks, telling.messages
    outcome.told = len(telling.clicks) + 2 * len(telling.messages)
    with database.reading(config.store) as db:
        ids = db.execute("SELECT event_id FROM clicks").fetchall()
        outcome.clicks = Counter(bytes(each)[CLICK_ID:] for (each,) in ids)
        outcome.messages = {each for (each,) in db.execute("SELECT message_id FROM messages")}
        sql = "SELECT count(*) FROM deliveries WHERE accepted = 1"
        outcome.undelivered = len(telling.messages) - db.execute(sql).fetchone()[0]
        summed = summary.report(db)
        outcome.clicks_summed = summed.totals.clicks_all
        same_judged = judged_sums(db) == recount_judged(db)
        outcome.is_sum_of_rows = summed == recount(db) and same_judged


def main() -> int:
    """Run once, print the table; the exit status is 1 where something is lost, or counted twice."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--server-kills", type=int, default=20)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    wanted = Wanted(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="waypost-crash-") as name:
        outcome = crash(Path(name), wanted)
    sys.stdout.write(f"{outcome.table()}\n")
    sys.stderr.writelines(f"FAILED: {fault}: {what}\n" for fault, what in outcome.faults.items())
    return int(bool(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
