"""A store as it is after 200 days, written by bulk into the product's own tables.

Each day one campaign goes to different readers out of all, with 25 links; a message has five clicks on
average, within two days, seven of ten a person's. Ids are random, as the product's are. The sums are the
product's own (`tracker.counting.sums`), a day at a time.
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker.counting import sums
from tracker.counting.model import Clicker, MessageSum, MessageTotals, Sums
from tracker.judging.judge import Verdict
from tracker.sql.sqlite import SQLite
from tracker.store import file_store, identities
from tracker.store.keys import address_octets, destination_hash
from tracker.store.reserved import DAY_S, HOUR_S, Kind
from tracker.urls.reader_id import Identifier

BEGUN_S = 1_770_000_000 // DAY_S * DAY_S
DAYS = 200
LINKS = 25
AGENTS = 300
CLICKS_OF_A_COPY = (0, 0, 1, 2, 3, 5, 6, 8, 10, 15)
KINDS = (Kind.CERTAIN, Kind.DOUBTFUL, Kind.MACHINE)
WEIGHTS = (60, 10, 30)
VERDICTS = (
    Verdict(human=True, doubtful=False, score=0, reasons=()),
    Verdict(human=True, doubtful=True, score=60, reasons=("no-html/1",)),
    Verdict(human=False, doubtful=False, score=100, reasons=("head/1",)),
)
"""Of each kind, by the rows that stand for them."""
IDENTIFIER = Identifier("wp_id", bytes(range(32)))

_CLICK = "INSERT INTO clicks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELIVERY = "INSERT INTO deliveries VALUES (?, ?, 1, ?, NULL, 1, 0, ?, ?, ?)"
_MESSAGE = "INSERT INTO messages VALUES (?, ?, ?, ?, 1, 0, 1, 0)"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a store is to be."""

    clicks: int

    @property
    def messages(self) -> int:
        """Each has five clicks."""
        return self.clicks // 5

    @property
    def persons(self) -> int:
        """Each gets ten messages."""
        return max(100, self.messages // 10)


def link_name(campaign: int, number: int) -> str:
    """Return what a link is called, and where it leads."""
    return f"https://www.example.com/campaigns/{campaign}/articles/{number}?ref=newsletter"


def person_name(number: int) -> str:
    """Return the address of a reader."""
    return f"reader{number}@{number % 997}.example.net"


def make(path: Path, size: Size, *, quiet: bool = True) -> None:
    """Make the store; the file must not be there."""
    store = file_store.FileStore.open(path)
    db = store.db
    for pragma in ("synchronous = OFF", "cache_size = -400000", "wal_autocheckpoint = 10000"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    with db.atomic():
        _names(db, size)
    chance = random.Random(1)
    begun = time.perf_counter()
    for day in range(DAYS):
        _Day(db, size, day, chance).write()
        if not quiet and day % 20 == 19:
            print(f"{day + 1} days, {time.perf_counter() - begun:.0f} s", flush=True)
    for _ in range(0, size.persons, identities.CHUNK):
        with db.atomic():
            identities.keep(db, IDENTIFIER)
    store.close()
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _names(db: SQLite, size: Size) -> None:
    """Write the rows that others name."""
    put = db.conn.executemany
    put(
        "INSERT INTO persons (id, name) VALUES (?, ?)",
        ((number, person_name(number)) for number in range(1, size.persons + 1)),
    )
    db.execute("INSERT INTO domains (name) VALUES ('example.com')")
    put(
        "INSERT INTO user_agents (id, name, clicks) VALUES (?, ?, ?)",
        (
            (number, f"Mozilla/5.0 (variant {number})", size.clicks)
            for number in range(1, AGENTS + 1)
        ),
    )
    put(
        "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)",
        (
            (row, each.human, each.doubtful, each.score, " ".join(each.reasons))
            for row, each in enumerate(VERDICTS, 1)
        ),
    )
    put(
        "INSERT INTO signal_sets VALUES (?, ?, ?)",
        ((1, "GET", ""), (2, "GET", "no-html"), (3, "HEAD", "head")),
    )
    for day in range(DAYS):
        campaign, first = day + 3, day * LINKS + 1
        db.execute("INSERT INTO campaigns VALUES (?, ?)", [campaign, f"Campaign {day + 1}"])
        names = [link_name(campaign, number) for number in range(LINKS)]
        put(
            "INSERT INTO links (id, name, text) VALUES (?, ?, ?)",
            ((row, name, f"Article {row}") for row, name in enumerate(names, first)),
        )
        put(
            "INSERT INTO destinations (id, hash, url, clicks) VALUES (?, ?, ?, ?)",
            (
                (row, destination_hash(name), name, size.clicks // DAYS)
                for row, name in enumerate(names, first)
            ),
        )
        put(
            "INSERT INTO campaign_links (campaign_id, link_id, day) VALUES (?, ?, ?)",
            ((campaign, first + number, BEGUN_S // DAY_S + day) for number in range(LINKS)),
        )
        db.execute(
            "INSERT INTO link_sets (id, hash, links, messages) VALUES (?, randomblob(16), ?, ?)",
            [day + 1, LINKS, size.messages // DAYS],
        )


class _Day:
    """What was sent on one day, and the clicks on it."""

    def __init__(self, db: SQLite, size: Size, day: int, chance: random.Random) -> None:
        self.db = db
        self.size = size
        self.number = day
        self.chance = chance
        self.campaign = day + 3
        self.sent_day = BEGUN_S // DAY_S + day
        self.sums = Sums()

    def write(self) -> None:
        """Write all of it, in one transaction."""
        messages, clicks = self._messages()
        clicks.sort(key=lambda click: click[2])  # by their moments: the order of arrival
        first = queries_next(self.db)
        rows = [(*click[:3], first + at, *click[3:]) for at, click in enumerate(clicks)]
        rows.sort(key=lambda row: row[:3])
        arrivals = [(row[3], row[0], row[1]) for row in rows]
        arrivals.sort()
        with self.db.atomic():
            put = self.db.conn.executemany
            put(_MESSAGE, [(*key, self.campaign, self.number + 1) for key, *_ in messages])
            put(_DELIVERY, [(*key, *rest) for key, *rest in messages])
            put(_CLICK, rows)
            put("INSERT INTO arrivals VALUES (?, ?, ?)", arrivals)
            sums.apply(self.db, self.sums)

    def _messages(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        chance, count = self.chance, self.size.messages // DAYS
        keys = sorted(
            (
                BEGUN_S + self.number * DAY_S + chance.randrange(DAY_S),
                chance.getrandbits(64) - 2**63,
            )
            for _ in range(count)
        )
        readers = chance.sample(range(1, self.size.persons + 1), min(count, self.size.persons))
        messages: list[tuple[object, ...]] = []
        clicks: list[tuple[object, ...]] = []
        for key, reader in zip(keys, readers, strict=True):
            found = list(self._clicks(key, reader))
            clicks += found
            kinds = [KINDS[int(click[8]) - 1] for click in found]  # type: ignore[call-overload]
            human, doubtful = len(kinds) - kinds.count(KINDS[2]), kinds.count(KINDS[1])
            messages.append((key, reader, len(kinds), human, doubtful))
            of_message = MessageTotals(
                self.campaign, self.sent_day, MessageSum(1, 1, int(human > 0))
            )
            self.sums.add_message(of_message, 1)
        return messages, clicks

    def _clicks(self, key: tuple[int, int], reader: int) -> Iterator[tuple[object, ...]]:
        """Yield rows of clicks on a copy, but for their arrival."""
        chance = self.chance
        agent, network = chance.randrange(AGENTS) + 1, address_octets(f"198.51.{reader % 256}.0")
        for _ in range(chance.choice(CLICKS_OF_A_COPY)):
            at_s = key[0] + chance.expovariate(1 / 20_000) % (2 * DAY_S)
            event = int(at_s * 1000).to_bytes(6, "big") + chance.randbytes(10)
            number = chance.randrange(LINKS)
            link = self.number * LINKS + number + 1
            verdict = chance.choices((1, 2, 3), WEIGHTS)[0]
            self._count(at_s, link, reader, KINDS[verdict - 1])
            self.sums.judged[self.sent_day, VERDICTS[verdict - 1]] += 1
            yield (*key, event, 1, number + 1, link, link, agent, verdict, verdict, network)

    def _count(self, at_s: float, link: int, reader: int, kind: Kind) -> None:
        for count in (
            self.sums.clicks[self.sent_day, self.campaign, link],
            self.sums.hours[int(at_s // HOUR_S), self.campaign],
        ):
            count.total += 1
            count.human += kind > Kind.MACHINE
            count.doubtful += kind is Kind.DOUBTFUL
        clicker = Clicker(self.sent_day, self.campaign, link, reader)
        if kind > self.sums.clickers.get(clicker, Kind.NOBODY):
            self.sums.clickers[clicker] = kind


def queries_next(db: SQLite) -> int:
    """Return the next number in the order of arrival."""
    return int(db.execute("SELECT ifnull(max(arrival), 0) + 1 FROM arrivals").fetchone()[0])
