"""A store as it is after 200 days, written by bulk into the product's own tables, on either engine.

Each day one campaign goes to different readers out of all, with 25 links; a message has five clicks on
average, within two days, seven of ten a person's. Ids are random, as the product's are; two stores of one
size have the same rows. The sums are the product's own (`tracker.counting.sums`), a day at a time.

Owns: what is in the store. Does not own: how an engine takes rows by bulk (`bulk`).
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.at_size.bulk import Bulk
from bench.at_size.size import AGENTS, BEGUN_S, DAYS, LINKS, Size, link_name, person_name
from config.schema import StoreConfig
from tracker.counting import sums
from tracker.counting.model import Clicker, ClickSum, MessageSum, MessageTotals, Sums
from tracker.judging.judge import Verdict
from tracker.store.keys import address_octets, destination_hash
from tracker.store.reserved import DAY_S, HOUR_S, Kind
from tracker.store.rows import identities
from tracker.urls.reader_id import Identifier

CLICKS_OF_A_COPY = (0, 0, 1, 2, 3, 5, 6, 8, 10, 15)
KINDS = (Kind.CERTAIN, Kind.DOUBTFUL, Kind.MACHINE)
TENTHS = (1, 1, 1, 1, 1, 1, 2, 3, 3, 3)
"""Of ten clicks: the rows of `VERDICTS`, from 1."""
VERDICTS = (
    Verdict(human=True, doubtful=False, score=0, reasons=()),
    Verdict(human=True, doubtful=True, score=60, reasons=("no-html/1",)),
    Verdict(human=False, doubtful=False, score=100, reasons=("head/1",)),
)
"""Of each kind, by the rows that stand for them."""
IDENTIFIER = Identifier("wp_id", bytes(range(32)))
TOLD_DAYS = 20

_MESSAGE = "sent_s message_id campaign_id link_set_id domain_id shared counted unknown"
_DELIVERY = (
    "sent_s message_id number person_id address accepted refused"
    " clicks clicks_human clicks_doubtful"
)
_CLICK = (
    "sent_s message_id event_id arrival recipient number destination_id link_id"
    " user_agent_id signal_set_id verdict_id ip"
)

Row = tuple[Any, ...]


def make(store: StoreConfig, size: Size, *, quiet: bool = True) -> float:
    """Make the store, of which there must be nothing yet; return how many seconds that took."""
    chance = random.Random(1)
    begun_s = time.perf_counter()
    with Bulk.into(store, [BEGUN_S + day * DAY_S for day in range(DAYS)]) as bulk:
        with bulk.db.atomic():
            _names(bulk, size, chance)
        arrival = 1
        for day in range(DAYS):
            arrival = _Day(bulk, size, day, chance).write(arrival)
            if not quiet and day % TOLD_DAYS == TOLD_DAYS - 1:
                print(f"{day + 1} days, {time.perf_counter() - begun_s:.0f} s", flush=True)
        for _ in range(0, size.persons, identities.CHUNK):
            with bulk.db.atomic():
                identities.keep(bulk.db, IDENTIFIER)
        bulk.given(persons=size.persons, arrivals=arrival - 1)
    return time.perf_counter() - begun_s


def _names(bulk: Bulk, size: Size, chance: random.Random) -> None:
    """Write the rows that others name."""
    persons = range(1, size.persons + 1)
    bulk.put("persons", "id name", ((number, person_name(number)) for number in persons))
    bulk.put("domains", "id name", [(1, "example.com")])
    bulk.put(
        "user_agents",
        "id name clicks",
        ((n, f"Mozilla/5.0 (variant {n})", size.clicks) for n in range(1, AGENTS + 1)),
    )
    bulk.put(
        "verdicts",
        "id human doubtful score reasons",
        (
            (row, int(each.human), int(each.doubtful), each.score, " ".join(each.reasons))
            for row, each in enumerate(VERDICTS, 1)
        ),
    )
    signals = ((1, "GET", ""), (2, "GET", "no-html"), (3, "HEAD", "head"))
    bulk.put("signal_sets", "id method signals", signals)
    for day in range(DAYS):
        _names_of_day(bulk, size, day, chance)


def _names_of_day(bulk: Bulk, size: Size, day: int, chance: random.Random) -> None:
    """Write a campaign with its links."""
    campaign, first = day + 3, day * LINKS + 1
    names = list(enumerate((link_name(campaign, number) for number in range(LINKS)), first))
    clicks, messages = size.clicks // DAYS, size.messages // DAYS
    bulk.put("campaigns", "id name", [(campaign, f"Campaign {day + 1}")])
    bulk.put("links", "id name text", ((row, name, f"Article {row}") for row, name in names))
    bulk.put(
        "destinations",
        "id hash url clicks",
        ((row, destination_hash(name), name, clicks) for row, name in names),
    )
    listed = ((campaign, row, BEGUN_S // DAY_S + day) for row, _ in names)
    bulk.put("campaign_links", "campaign_id link_id day", listed)
    link_set = (day + 1, chance.randbytes(16), LINKS, messages)
    bulk.put("link_sets", "id hash links messages", [link_set])


class _Day:
    """What was sent on one day, and the clicks on it."""

    def __init__(self, bulk: Bulk, size: Size, day: int, chance: random.Random) -> None:
        self.bulk = bulk
        self.size = size
        self.number = day
        self.chance = chance
        self.campaign = day + 3
        self.sent_day = BEGUN_S // DAY_S + day
        self.sums = Sums()
        self.of_links: list[tuple[int, int]] = []
        """Of each click its link and verdict; beside it, its hour and verdict."""
        self.of_hours: list[tuple[int, int]] = []

    def write(self, arrival: int) -> int:
        """Write all of it, in one transaction; clicks arrive from a number on. Return the next."""
        messages, clicks = self._messages()
        clicks.sort(key=lambda click: click[2])  # by their moments: the order of arrival
        rows = [(*click[:3], arrival + at, *click[3:]) for at, click in enumerate(clicks)]
        arrivals = [(row[3], row[0], row[1]) for row in rows]
        rows.sort(key=lambda row: row[:3])
        self._sum_up()
        with self.bulk.db.atomic():
            sent = [(*key, self.campaign, self.number + 1, 1, 0, 1, 0) for key, *_ in messages]
            self.bulk.put("messages", _MESSAGE, sent)
            copies = [(*key, 1, who, None, 1, 0, *clicked) for key, who, *clicked in messages]
            self.bulk.put("deliveries", _DELIVERY, copies)
            self.bulk.put("clicks", _CLICK, rows)
            self.bulk.put("arrivals", "arrival sent_s message_id", arrivals)
            sums.apply(self.bulk.db, self.sums)
        return arrival + len(rows)

    def _messages(self) -> tuple[list[Row], list[Row]]:
        chance, count = self.chance, self.size.messages // DAYS
        keys = sorted(
            (
                BEGUN_S + self.number * DAY_S + chance.randrange(DAY_S),
                chance.getrandbits(64) - 2**63,
            )
            for _ in range(count)
        )
        readers = chance.sample(range(1, self.size.persons + 1), min(count, self.size.persons))
        messages: list[Row] = []
        clicks: list[Row] = []
        for key, reader in zip(keys, readers, strict=True):
            found = list(self._clicks(key, reader))
            clicks += found
            verdicts = [click[8] for click in found]
            human, doubtful = len(verdicts) - verdicts.count(3), verdicts.count(2)
            messages.append((key, reader, len(verdicts), human, doubtful))
            sent = MessageSum(1, 1, int(human > 0))
            self.sums.add_message(MessageTotals(self.campaign, self.sent_day, sent), 1)
        return messages, clicks

    def _clicks(self, key: tuple[int, int], reader: int) -> Iterator[Row]:
        """Yield rows of clicks on a copy, but for their arrival."""
        chance, draw = self.chance, self.chance.random
        agent, network = chance.randrange(AGENTS) + 1, address_octets(f"198.51.{reader % 256}.0")
        for _ in range(chance.choice(CLICKS_OF_A_COPY)):
            at_s = key[0] + chance.expovariate(1 / 20_000) % (2 * DAY_S)
            event = int(at_s * 1000).to_bytes(6, "big") + chance.randbytes(10)
            number = int(draw() * LINKS)
            link = self.number * LINKS + number + 1
            verdict = TENTHS[int(draw() * len(TENTHS))]
            self.of_links.append((link, verdict))
            self.of_hours.append((int(at_s // HOUR_S), verdict))
            clicker, kind = self._clicker(link, reader), KINDS[verdict - 1]
            if kind > self.sums.clickers.get(clicker, Kind.NOBODY):
                self.sums.clickers[clicker] = kind
            yield (*key, event, 1, number + 1, link, link, agent, verdict, verdict, network)

    def _clicker(self, link: int, reader: int) -> Clicker:
        return Clicker(self.sent_day, self.campaign, link, reader)

    def _sum_up(self) -> None:
        """Have the sums of this day say what its clicks were."""
        for (link, verdict), count in Counter(self.of_links).items():
            _add(self.sums.clicks[self.sent_day, self.campaign, link], verdict, count)
            self.sums.judged[self.sent_day, VERDICTS[verdict - 1]] += count
        for (hour, verdict), count in Counter(self.of_hours).items():
            _add(self.sums.hours[hour, self.campaign], verdict, count)


def _add(to: ClickSum, verdict: int, count: int) -> None:
    """Add so many clicks of one verdict."""
    kind = KINDS[verdict - 1]
    to.total += count
    to.human += count * (kind > Kind.MACHINE)
    to.doubtful += count * (kind is Kind.DOUBTFUL)
