"""What comes to a store of size next: new messages with their clicks, and clicks on old messages.

Events have the proportions of the store: five clicks a message. For each tenth message there is a click on one
of long ago, which costs most (ADR 0029).
"""

import functools
import random
from collections.abc import Iterable, Iterator, Sequence

from bench.at_size.size import BEGUN_S, DAYS, LINKS, link_name, person_name
from config.schema import Config
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.store.keys import message_text
from tracker.store.reserved import DAY_S

CLICKS_A_MESSAGE = 5
READERS = 20_000
_OLD_EVERY = 10
_ONE = """
    SELECT sent_s, message_id FROM messages WHERE sent_s >= ? ORDER BY sent_s, message_id LIMIT 1
"""

OldMessage = tuple[int, int]
"""When it was sent, and its number."""


def events(begun_s: int, messages: int, old: Sequence[OldMessage]) -> Iterator[Event]:
    """Yield messages that were sent from a second on, a second each, with their clicks."""
    chance = random.Random(begun_s)
    links = _links([f"https://www.example.com/news/{n}" for n in range(LINKS)])
    for number in range(messages):
        sent_s, message = begun_s + number, f"{chance.getrandbits(64):016x}"
        reader = Recipient(1, person_name(chance.randrange(READERS) + 1))
        yield MessagePending(
            *(message, sent_s, "example.com", "News"),
            shared=False,
            recipients=(reader,),
            links=links,
            sent_s=sent_s,
        )
        yield MessageAccepted(message, sent_s + 0.2, (1,), sent_s=sent_s)
        for _ in range(CLICKS_A_MESSAGE):
            yield _click(chance, message, sent_s, links)
        if old and number % _OLD_EVERY == 0:
            old_s, old_message = chance.choice(old)
            yield _click(chance, message_text(old_message), old_s, _links_of_day(old_s))


def old_messages(config: Config, count: int) -> tuple[int, list[OldMessage]]:
    """Return the second after all messages of a store were sent, and some of them, of all days."""
    with database.reading(config.store) as db:
        latest_s = db.execute("SELECT max(sent_s) FROM messages").fetchone()[0]
        chance = random.Random(latest_s)
        moments = [BEGUN_S + chance.randrange((DAYS - 1) * DAY_S) for _ in range(count)]
        return latest_s + 1, [db.execute(_ONE, [each]).fetchone() for each in moments]


def spool(config: Config, told: Iterable[Event]) -> int:
    """Have events in a spool, durably; return how many octets it takes for them."""
    writer = Spool.open(config.store.spool_dir, "tracker")
    before = {path: path.stat().st_size for path in config.store.spool_dir.glob("*.log")}
    for future in [writer.append(event) for event in told]:
        future.result()
    writer.close()
    sizes = {path: path.stat().st_size for path in config.store.spool_dir.glob("*.log")}
    return sum(size - before.get(path, 0) for path, size in sizes.items())


def _links(urls: Iterable[str]) -> tuple[SentLink, ...]:
    return tuple(SentLink(n, url, None, f"News {n}") for n, url in enumerate(urls, 1))


@functools.cache
def _links_of_day(sent_s: int) -> tuple[SentLink, ...]:
    """Return the links of the messages that `big_store` sent then."""
    campaign = (sent_s - BEGUN_S) // DAY_S + 3
    return _links([link_name(campaign, number) for number in range(LINKS)])


def _click(
    chance: random.Random, message: str, sent_s: int, links: tuple[SentLink, ...]
) -> Clicked:
    at_s = sent_s + chance.expovariate(1 / 20_000)
    link = chance.choice(links)
    return Clicked(
        event_id=f"{int(at_s * 1000):012x}{chance.getrandbits(80):020x}",
        at_s=at_s,
        message_id=message,
        recipient=1,
        link=link.number,
        sent_at_s=sent_s,
        destination=link.url,
        method="GET",
        human=True,
        reasons=(),
        ip="198.51.100.0",
        user_agent=f"Mozilla/5.0 (variant {chance.randrange(300)})",
    )
