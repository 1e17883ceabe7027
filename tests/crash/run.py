"""`make crash`: kill -9 of proxy, relay and ingester at random under load, and count what is lost.

A message that was acknowledged to an application and is not on the relay's disk is lost: there must
be none, nor a refusal of our making, nor half a message, nor a second copy that no failed attempt
explains (RFC 1047: an attempt that failed after the final dot may have been delivered).

    python -m tests.crash.run --seconds 600 --kills 300 --messages 50000

Applications differ (`load.HABITS`): one command after the other or pipelined, in the clear or with
STARTTLS, small messages or a megabyte, to one up to four recipients.
"""

import argparse
import asyncio
import collections
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from tests.crash.load import HABITS, Application, Ledger
from tests.support.clients.programs import WAYPOST, free_port, waypost
from tests.support.stack import Stack

SINK = Path(__file__).with_name("sink.py")
AFTER_DOT = ("connection lost at dot", "no answer at dot", "451 4.4.2", "451 4.4.5")
"""Attempts that may have been delivered all the same: 451 4.4.5 is what is said while any copy of
several is pending, one of which may be in doubt."""


@dataclass
class Victim:
    """A process that is killed and started again."""

    name: str
    arguments: Sequence[str | Path]
    port: int
    log: Path
    kills: int = 0
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = await asyncio.to_thread(
                subprocess.Popen, self.arguments, stdout=log, stderr=log
            )
        for _ in range(1200):
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} does not start: {self._last_words}")
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{self.name} does not listen: {self._last_words}")

    @property
    def _last_words(self) -> str:
        """The end of its log, which is deleted with the run's folder."""
        return self.log.read_text(errors="replace")[-2000:]

    async def kill(self) -> None:
        """Kill it with SIGKILL and start it again."""
        self.end()
        self.kills += 1
        await self.start()

    def end(self) -> None:
        """Kill it for good."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass
class Outcome:
    """What a run came to."""

    kills: dict[str, int]
    ledger: Ledger
    delivered: collections.Counter[str]
    """How often each `message/recipient` stands in the relay's journal."""
    shared: bool
    half: int
    integrity: str
    reported: dict[str, int]
    """How many messages the report counts under the name of each."""
    in_flight: int = 0
    """Messages past their final dot as the proxy or the relay was killed, all kills together."""
    seconds: float = 0
    causes: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def lost(self) -> list[str]:
        """Acknowledged, and not on the relay's disk."""
        due = {f"{key}/{each}" for key, to in self.ledger.acknowledged.items() for each in to}
        return sorted(due - self.delivered.keys())

    @property
    def uncounted(self) -> list[str]:
        """Acknowledged, and in no report."""
        return sorted(self.ledger.acknowledged.keys() - self.reported.keys())

    @property
    def counted_again(self) -> list[str]:
        """Sent again and counted as another message, where each recipient gets a copy of their own.

        With one recipient, or one copy for all, nothing tells a retry from another message.
        """
        several = {key for key, to in self.ledger.acknowledged.items() if len(to) > 1}
        return (
            [] if self.shared else sorted(key for key in several if self.reported.get(key, 0) > 1)
        )

    @property
    def repeated(self) -> collections.Counter[str]:
        """How often each message was delivered again.

        One attempt of a shared message reaches all of its recipients; where each gets a copy of
        their own, each copy is an attempt.
        """
        again: collections.Counter[str] = collections.Counter()
        for name, copies in self.delivered.items():
            key = name.partition("/")[0]
            again[key] = max(again[key], copies - 1) if self.shared else again[key] + copies - 1
        return again

    @property
    def faults(self) -> dict[str, object]:
        """What must not be, as far as it was."""
        found = {
            "acknowledged messages lost": self.lost,
            "refusals of our making": self.ledger.refused,
            "half messages": self.half,
            "duplicates without a cause": self.causes["unexplained"],
            "store damaged": "" if self.integrity == "ok" else self.integrity,
            "acknowledged messages that no report counts": self.uncounted,
            "retries counted as other messages": self.counted_again,
            "messages reported that were never sent": max(
                0, sum(self.reported.values()) - self.delivered.total()
            ),
        }
        return {name: what for name, what in found.items() if what}

    def explain(self) -> None:
        """Find for each second copy the failed attempt that left it behind."""
        for key, count in self.repeated.items():
            after_dot = [
                next((start for start in AFTER_DOT if why.startswith(start)), None)
                for why in self.ledger.failures.get(key, [])
            ]
            reasons = [why for why in after_dot if why is not None]
            self.causes.update(reasons[:count])
            self.causes["unexplained"] += max(0, count - len(reasons))

    def table(self) -> str:
        """Return the figures for people."""
        rows: list[tuple[str, object]] = [
            *((f"kill -9 of the {name}", count) for name, count in self.kills.items()),
            ("seconds", f"{self.seconds:.0f}"),
            ("messages acknowledged", len(self.ledger.acknowledged)),
            ("attempts that failed", sum(map(len, self.ledger.failures.values()))),
            ("copies at the relay", self.delivered.total()),
            ("acknowledged messages lost", len(self.lost)),
            ("half messages at the relay", self.half),
            ("refusals (5xx) of our making", len(self.ledger.refused)),
            *((f"duplicates: {why}", count) for why, count in sorted(self.causes.items())),
            ("messages in flight at the kills", self.in_flight),
            (
                "duplicates a message in flight",
                f"{self.repeated.total() / max(1, self.in_flight):.2f}",
            ),
            ("messages in the report", sum(self.reported.values())),
            ("acknowledged messages in no report", len(self.uncounted)),
            ("retries counted as other messages", len(self.counted_again)),
            ("integrity of the store", self.integrity),
        ]
        return "\n".join(f"{name:44}{value:>12}" for name, value in rows)


@dataclass(frozen=True)
class Wanted:
    """How long a run is: until there were at least so many seconds, kills and messages."""

    seconds: float
    kills: int
    messages: int = 0
    applications: int = 12
    recipients: int = 4
    """A message goes to one up to so many."""
    copies: str = "shared"
    """`[proxy] copies`."""
    seed: int = 0


async def crash(folder: Path, wanted: Wanted) -> Outcome:
    """Run load and kills in `folder`, and tell what came of it."""
    sink_port = free_port()
    stack = Stack(folder / "waypost", sink_port).furnish(proxy=_settings(folder, wanted))
    journal = folder / "journal"
    victims = [
        Victim("proxy", [WAYPOST, "proxy", "-c", stack.config], stack.smtp, folder / "proxy.log"),
        Victim(
            "relay", [sys.executable, SINK, str(sink_port), journal], sink_port, folder / "sink.log"
        ),
        Victim(
            "ingester", [WAYPOST, "tracker", "-c", stack.config], stack.http, folder / "tracker.log"
        ),
    ]
    begin_s = time.monotonic()
    ledger = Ledger()
    try:
        await asyncio.gather(*(victim.start() for victim in victims))
        stop = asyncio.Event()
        load = [
            Application(stack.smtp, ledger, HABITS[at % len(HABITS)], wanted.recipients)
            for at in range(wanted.applications)
        ]
        running = [asyncio.create_task(each.run(stop)) for each in load]
        in_flight = await _kill_at_random(victims, wanted, ledger, begin_s + wanted.seconds)
        stop.set()
        await asyncio.gather(*running)
    finally:
        for victim in victims:
            victim.end()
    outcome = _outcome(stack, victims, ledger, journal, shared=wanted.copies == "shared")
    outcome.in_flight = in_flight
    outcome.seconds = time.monotonic() - begin_s
    outcome.explain()
    return outcome


def _settings(folder: Path, wanted: Wanted) -> str:
    """Return what `[proxy]` says: which copies, and a certificate for STARTTLS."""
    certificate, key = folder / "proxy.crt", folder / "proxy.key"
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    key.chmod(0o600)
    return f'copies = "{wanted.copies}"\ntls_cert = "{certificate}"\ntls_key = "{key}"'


async def _kill_at_random(
    victims: Sequence[Victim], wanted: Wanted, ledger: Ledger, end_s: float
) -> int:
    """Kill until enough was killed and sent; return how many messages were in flight then."""
    in_flight = 0
    chance = random.Random(wanted.seed)
    turn: list[Victim] = []
    while (
        (now_s := time.monotonic()) < end_s
        or _kills(victims) < wanted.kills
        or len(ledger.acknowledged) < wanted.messages
    ):
        left = max(1, wanted.kills - _kills(victims))
        pause_s = max(0.0, end_s - now_s) / left
        # Never evenly: a kill finds the others at any stage of their own return.
        await asyncio.sleep(min(max(pause_s, 0.1), 5.0) * 2 * chance.random())
        if _kills(victims) < wanted.kills:
            turn = turn or chance.sample(victims, k=len(victims))
            victim = turn.pop()
            in_flight += ledger.in_flight if victim.name != "ingester" else 0
            await victim.kill()
    return in_flight


def _kills(victims: Sequence[Victim]) -> int:
    return sum(victim.kills for victim in victims)


def _outcome(
    stack: Stack, victims: Sequence[Victim], ledger: Ledger, journal: Path, *, shared: bool
) -> Outcome:
    lines = journal.read_text("latin-1").splitlines()
    report = waypost("report", "-c", stack.config, "--json")
    with sqlite3.connect(stack.database) as store:
        integrity = str(store.execute("PRAGMA integrity_check").fetchone()[0])
    store.close()
    return Outcome(
        kills={victim.name: victim.kills for victim in victims},
        ledger=ledger,
        delivered=collections.Counter(line for line in lines if not line.startswith("HALF")),
        shared=shared,
        half=sum(line.startswith("HALF") for line in lines),
        integrity=integrity,
        reported={
            each["campaign"]: each["messages"]
            for each in json.loads(report.stdout)["campaigns"]
            if each["messages"]
        },
    )


def main() -> int:
    """Run once, print the table; the exit status is 1 where something is lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--applications", type=int, default=12)
    parser.add_argument("--recipients", type=int, default=4)
    parser.add_argument("--copies", choices=("shared", "per-recipient"), default="shared")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    wanted = Wanted(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="waypost-crash-") as name:
        outcome = asyncio.run(crash(Path(name), wanted))
    sys.stdout.write(f"{outcome.table()}\n")
    sys.stderr.writelines(f"FAILED: {fault}: {what}\n" for fault, what in outcome.faults.items())
    return int(bool(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
