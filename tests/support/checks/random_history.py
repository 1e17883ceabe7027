"""A random history of mail and clicks, as events: of several campaigns, links and readers, over some days."""

from collections.abc import Iterator
from random import Random

from tracker.events import (
    Clicked,
    Event,
    MessageAccepted,
    MessagePending,
    MessageRefused,
    Recipient,
    SentLink,
)

DAY_S = 86400
CAMPAIGNS = ("news", "sale", "Spring & <b>sale</b>", None)
PEOPLE = tuple(Recipient(n, f"reader{n}@example.net") for n in range(1, 7))
AGENTS = ("Browser/1", "curl/8", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0", "")
SIGNALS: tuple[tuple[str, ...], ...] = ((), ("no-html",), ("head",), ("prefetch",))


def history(chance: Random, begun_s: float, messages: int = 12, days: int = 4) -> Iterator[Event]:
    """Yield what happened, message by message; some are refused, some shared, some never answered."""
    for _ in range(messages):
        yield from _message(chance, begun_s + chance.randrange(days * DAY_S))


def _message(chance: Random, sent_s: float) -> Iterator[Event]:
    message = f"{chance.getrandbits(64):016x}"
    people = chance.sample(PEOPLE, chance.randint(1, 3))
    recipients = tuple(Recipient(n, each.address) for n, each in enumerate(people, 1))
    links = tuple(_link(chance, number) for number in range(1, chance.randint(2, 5)))
    shared = chance.random() < 0.2
    yield MessagePending(
        *(message, sent_s, "example.com", chance.choice(CAMPAIGNS)),
        shared=shared,
        recipients=recipients,
        links=links,
        sent_s=int(sent_s),
    )
    numbers = tuple(each.number for each in recipients)
    if chance.random() < 0.85:
        yield MessageAccepted(message, sent_s + 1, numbers, sent_s=int(sent_s))
    elif chance.random() < 0.5:
        yield MessageRefused(message, sent_s + 1, numbers, sent_s=int(sent_s))
        return
    for _ in range(chance.randint(0, 5)):
        recipient = 0 if shared else chance.choice(numbers)
        yield _click(chance, message, sent_s, recipient, chance.choice(links))


def _link(chance: Random, number: int) -> SentLink:
    where = chance.randrange(8)
    return SentLink(number, f"https://example.net/{where}", None, f"link {where}")


def _click(chance: Random, message: str, sent_s: float, recipient: int, link: SentLink) -> Clicked:
    at_s = sent_s + chance.choice((0.5, 60.0, 3600.0, 2 * DAY_S)) + chance.random()
    return Clicked(
        event_id=f"{int(at_s * 1000):012x}{chance.getrandbits(80):020x}",
        at_s=at_s,
        message_id=message,
        recipient=recipient,
        link=link.number,
        sent_at_s=int(sent_s),
        destination=link.url,
        method="GET",
        human=True,
        reasons=(),
        ip=f"198.51.100.{chance.randrange(256)}",
        user_agent=chance.choice(AGENTS),
        signals=chance.choice(SIGNALS),
    )
