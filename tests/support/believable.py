"""A believable sender: campaigns over some weeks to 200 readers, whose mail filters look at links too.

The same at each run, less the day on which it ends.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

from config.schema import Config
from tracker.events import (
    Clicked,
    Event,
    MessageAccepted,
    MessageHandled,
    MessagePending,
    Recipient,
    SentLink,
)
from tracker.spool.writer import Spool

DAY_S = 86400
_FIRST = [
    "Ada",
    "Ben",
    "Cara",
    "Dan",
    "Eva",
    "Finn",
    "Gina",
    "Hugo",
    "Iris",
    "Jan",
    "Kira",
    "Leo",
    "Mara",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Sam",
    "Tina",
    "Uwe",
]
_LAST = [
    "Ahrens",
    "Becker",
    "Costa",
    "Dubois",
    "Engel",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ito",
    "Jansen",
]
_DOMAINS = ("mail.example", "mail.example", "post.example", "web.example", "corp.example")
SCANNED = "corp.example"
"""A domain whose filter follows every link at once."""
READERS = tuple(
    f"{first}.{last}@{_DOMAINS[(number * 7 + other) % 5]}".lower()
    for number, first in enumerate(_FIRST)
    for other, last in enumerate(_LAST)
)
FILTER = "198.51.100.7"
"""Where its requests come from."""
SITE = "https://shop.example"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


@dataclass(frozen=True)
class Campaign:
    """What is sent `age` days before now, to so many readers, of whom such a share clicks."""

    name: str
    age: float
    readers: int
    interest: float
    links: tuple[tuple[str, str], ...]
    subject: str


_NEWS = (
    ("/stories/harvest", "Read the harvest story"),
    ("/offers/autumn?ref=newsletter", "See the autumn offers"),
    ("/recipes/pumpkin-soup", "Pumpkin soup in 20 minutes"),
    ("/unsubscribe/options", "Fewer e-mails, please"),
)
_SALE = (
    ("/sale", "Shop the sale"),
    ("/sale/boots?colour=brown&size=42", "Brown boots"),
    ("/sale/coats", "Winter coats, up to 40 % off"),
    ("/help/returns", "How returns work"),
)
_SHIPPED = (("/orders/track", "Track your parcel"), ("/help/returns", "How returns work"))
CAMPAIGNS = (
    *(
        Campaign(f"Newsletter {45 - week}", 3.2 + 7 * week, 200, 0.34 - 0.02 * week, _NEWS, "News")
        for week in range(8)
    ),
    Campaign("Black Friday", 1.3, 200, 0.42, _SALE, "Black Friday begins now"),
    Campaign("Black Friday, last call", 0.4, 120, 0.3, _SALE, "The last hours"),
    Campaign("Autumn sale", 24.4, 180, 0.28, _SALE, "Autumn sale: up to 40 % off"),
    *(
        Campaign("Order shipped", 0.7 + 2 * each, 5, 0.7, _SHIPPED, "Your order is on its way")
        for each in range(28)
    ),
)


def spool(config: Config, now_s: float, campaigns: tuple[Campaign, ...] = CAMPAIGNS) -> None:
    """Write all of it to the spool of a configuration."""
    writer = Spool.open(config.store.spool_dir, "proxy")
    for each in events(now_s, campaigns):
        writer.append(each)
    writer.close()


def events(now_s: float, campaigns: tuple[Campaign, ...] = CAMPAIGNS) -> Iterator[Event]:
    """Yield what happened up to a moment."""
    chance = random.Random(14)
    for number, campaign in enumerate(campaigns):
        everybody = campaign.readers == len(READERS)
        readers = READERS if everybody else chance.sample(READERS, campaign.readers)
        for place, reader in enumerate(readers):
            sent_s = int(now_s - campaign.age * DAY_S) + place % 40
            copy = _Copy(f"{number}/{place}", campaign, reader, sent_s)
            yield from copy.sent()
            yield from copy.clicks(chance, now_s)


@dataclass(frozen=True)
class _Copy:
    """What one reader got of a campaign, and what was made of it."""

    seed: str
    campaign: Campaign
    reader: str
    sent_s: int

    @property
    def id(self) -> str:
        return hashlib.sha256(self.seed.encode()).hexdigest()[:16]

    @property
    def links(self) -> tuple[SentLink, ...]:
        written = enumerate(self.campaign.links, 1)
        return tuple(SentLink(number, SITE + path, None, text) for number, (path, text) in written)

    def sent(self) -> Iterator[Event]:
        to = (Recipient(1, self.reader),)
        yield MessagePending(
            self.id, self.sent_s, "shop.example", self.campaign.name, shared=False,
            recipients=to, links=self.links, sent_s=self.sent_s,
        )  # fmt: skip
        yield MessageAccepted(self.id, self.sent_s, (1,), sent_s=self.sent_s)
        queue_id = self.seed.replace("/", "Q") + "A7"
        yield MessageHandled(
            self.id, self.sent_s, 1, "news@shop.example", "delivered",
            f"250 2.0.0 Ok: queued as {queue_id}", to, self.campaign.subject,
            f"{self.id}@shop.example", queue_id, "relay.example:587",
        )  # fmt: skip

    def clicks(self, chance: random.Random, now_s: float) -> Iterator[Event]:
        if self.reader.endswith(SCANNED):
            for link in self.links:
                yield self._click(link, self.sent_s + 43 + link.number / 10, FILTER, ("no-html",))
        if chance.random() < self.campaign.interest:
            yield from self._read(chance, now_s)

    def _read(self, chance: random.Random, now_s: float) -> Iterator[Event]:
        at_s = self.sent_s + 120 + chance.expovariate(1 / 9) * 3600
        address = f"203.0.113.{chance.randrange(1, 250)}"
        for link in self.links[: chance.choice((1, 1, 1, 2, 3))]:
            at_s += chance.uniform(20, 400)
            if at_s < now_s:
                yield self._click(link, at_s, address)

    def _click(
        self, link: SentLink, at_s: float, ip: str, signals: tuple[str, ...] = ()
    ) -> Clicked:
        rest = hashlib.sha256(f"{self.id}{link.number}{at_s}".encode()).hexdigest()[:20]
        return Clicked(
            f"{int(at_s * 1000):012x}{rest}", at_s, self.id, 1, link.number, self.sent_s,
            link.url, "GET", human=True, reasons=(), ip=ip, user_agent=_AGENT, signals=signals,
        )  # fmt: skip
