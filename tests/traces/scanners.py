"""How mail filters, previews and browsers fetch links of a mail: each kind yields requests of one copy.

Facts used, from public threads of senders and vendors' documents: bursts of all links within a second
begin 43 s after sending in the median, 3 % within 20 s, a third after a minute, 2 % after five; filters
take a browser's name; some send HEAD first; some come from several networks; some claim browsers of years
ago; a second fetch follows a person's click by seconds, from another network and system; messengers fetch
a preview; browsers fetch ahead and say so.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.traces import visitors
from tests.traces.people import Kind, Mail, Request
from tests.traces.visitors import Visitor


@dataclass(frozen=True)
class Numbers:
    """What differs from one filter to the next; each trace draws its own."""

    sweep_s: float
    step_s: float
    fleet: int
    fleet_s: float

    @classmethod
    def drawn(cls, rng: Random) -> "Numbers":
        """Return numbers of one filter."""
        return cls(
            rng.uniform(0.2, 0.95), rng.uniform(1, 2), rng.randint(3, 6), rng.uniform(15, 40)
        )


def begins_at(rng: Random, mail: Mail) -> float:
    """Return when a filter looks at a mail: the median is 43 s, and the tail is long."""
    spread = 0.4 if rng.random() < 0.5 else 0.85
    towards = -1 if spread == 0.4 else 1
    return mail.sent_at_s + 43 * math.exp(towards * abs(rng.gauss(0, spread)))


def _all(mail: Mail) -> list[int]:
    return list(range(1, mail.links + 1))


def _within(
    rng: Random, at_s: float, links: list[int], span_s: float, visitor: Visitor
) -> Iterator[Request]:
    moments = sorted(rng.uniform(0, span_s) for _ in links)
    for moment_s, link in zip(moments, links, strict=True):
        yield Request(at_s + moment_s, link, visitor)


def _browser(rng: Random) -> Visitor:
    return Visitor(visitors.cloud(rng), visitors.navigation(rng, visitors.chrome(rng)))


def sweep(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: all links at once, with a whole browser's fields (headless, and not saying so)."""
    links = rng.sample(_all(mail), mail.links)
    span_s = Numbers.drawn(rng).sweep_s
    return _within(rng, begins_at(rng, mail), links, span_s, _browser(rng))


def library(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: all links, or some, by an HTTP library under a browser's name."""
    visitor = Visitor(visitors.cloud(rng), visitors.program(visitors.chrome(rng)))
    links = rng.sample(_all(mail), rng.randint(1, mail.links))
    return _within(rng, begins_at(rng, mail), links, rng.uniform(0.5, 30), visitor)


def head_first(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: HEAD for each link, then GET."""
    visitor, at_s = _browser(rng), begins_at(rng, mail)
    for link in rng.sample(_all(mail), rng.randint(1, mail.links)):
        yield Request(at_s, link, visitor, "HEAD")
        yield Request(at_s + rng.uniform(0.05, 2), link, visitor)
        at_s += rng.uniform(0.1, 3)


def walk(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: one link after the other, as the text has them."""
    visitor, at_s, step_s = _browser(rng), begins_at(rng, mail), Numbers.drawn(rng).step_s
    for link in _all(mail):
        yield Request(at_s, link, visitor)
        at_s += step_s * rng.uniform(0.8, 1.2)


def fleet(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: machines of several networks, each with a browser of its own."""
    numbers, at_s = Numbers.drawn(rng), begins_at(rng, mail)
    for _ in range(numbers.fleet):
        moment_s = at_s + rng.uniform(0, numbers.fleet_s)
        yield Request(moment_s, rng.randint(1, mail.links), _browser(rng))


def great_fleet(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: every link from a network of its own."""
    at_s, headers = begins_at(rng, mail), _browser(rng).headers
    for link in range(1, mail.links + 1):
        for _ in range(2):
            at_s += rng.uniform(0, 4)
            yield Request(at_s, link, Visitor(visitors.cloud(rng), headers))


def outdated(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: claims a browser of years ago, and has its fields."""
    agent = visitors.navigation(rng, rng.choice(visitors.OUTDATED), fetch_metadata=False)
    links = rng.sample(_all(mail), rng.randint(1, mail.links))
    visitor = Visitor(visitors.cloud(rng), agent)
    return _within(rng, begins_at(rng, mail), links, rng.uniform(1, 20), visitor)


def published(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: from a published network; some come back days later."""
    visitor = Visitor(visitors.published(rng), visitors.navigation(rng, visitors.chrome(rng)))
    at_s = begins_at(rng, mail) + rng.choice([0, 0, 0, rng.uniform(3600, 200_000)])
    links = rng.sample(_all(mail), rng.randint(1, mail.links))
    return _within(rng, at_s, links, rng.uniform(0.5, 20), visitor)


def vendor(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: from a security vendor's network, at delivery."""
    visitor = Visitor(visitors.vendor(rng), visitors.navigation(rng, visitors.chrome(rng)))
    links = rng.sample(_all(mail), max(1, mail.links - rng.randint(0, 3)))
    return _within(rng, begins_at(rng, mail), links, rng.uniform(0.3, 8), visitor)


def gateway(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: a filter in the company's own network, behind the address of its people."""
    headers = visitors.navigation(rng, visitors.chrome(rng))
    visitor = Visitor(mail.office, headers)
    return _within(rng, begins_at(rng, mail), _all(mail), Numbers.drawn(rng).sweep_s, visitor)


def named(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: a program that says what it is, or nothing."""
    visitor = Visitor(visitors.cloud(rng), visitors.program(rng.choice(visitors.LIBRARIES)))
    links = rng.sample(_all(mail), rng.randint(1, mail.links))
    return _within(rng, begins_at(rng, mail), links, rng.uniform(1, 60), visitor)


def lone(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: one link alone with a whole browser's fields: nobody can tell."""
    yield Request(begins_at(rng, mail), rng.randint(1, mail.links), _browser(rng))


def second_fetch(rng: Random, clicked: Request) -> Iterator[Request]:
    """Yield requests: what a person followed is fetched again, seconds later, from elsewhere."""
    yield Request(clicked.at_s + rng.uniform(2, 40), clicked.link, _browser(rng))


def preview(rng: Random, clicked: Request) -> Iterator[Request]:
    """Yield requests: a person shares the link, and the messenger looks at it."""
    visitor = Visitor(visitors.cloud(rng), visitors.program(rng.choice(visitors.ROBOTS)))
    yield Request(clicked.at_s + rng.uniform(5, 9000), clicked.link, visitor)


def ahead(rng: Random, clicked: Request) -> Iterator[Request]:
    """Yield requests: the person's own browser fetched the link before it was followed."""
    field = rng.choice(
        [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch"), ("X-Moz", "prefetch")]
    )
    yield Request(clicked.at_s - rng.uniform(0.3, 20), clicked.link, clicked.visitor.plus(field))


KINDS: dict[str, tuple[float, Kind]] = {
    "sweep": (30, sweep),
    "library": (10, library),
    "HEAD first": (8, head_first),
    "walk": (8, walk),
    "fleet": (8, fleet),
    "great fleet": (4, great_fleet),
    "outdated agent": (6, outdated),
    "published network": (10, published),
    "vendor's network": (10, vendor),
    "own gateway": (4, gateway),
    "named program": (4, named),
}
"""Each kind of filter at delivery, and its weight."""
LONE = "one link alone"
WHOLE_BROWSERS = {"sweep", "walk", "own gateway", "later sweep", "slow walk"}
"""Kinds that nothing but the number of their requests gives away."""
AFTER_CLICKS = {
    "second fetch": (0.04, second_fetch),
    "preview": (0.03, preview),
    "fetched ahead": (0.02, ahead),
}
"""What follows, or comes before, a share of people's clicks."""
