"""Kinds and numbers that the rules were not chosen by: what is said of them is what to expect elsewhere."""

import math
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from tests.traces import people, scanners, visitors
from tests.traces.generate import Mix
from tests.traces.people import Kind, Mail, Request, opened_at
from tests.traces.scanners import begins_at
from tests.traces.visitors import Visitor


def _whole_browser(rng: Random) -> Visitor:
    return Visitor(visitors.cloud(rng), visitors.navigation(rng, visitors.chrome(rng)))


def slow_walk(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: one link after the other, some seconds each."""
    visitor, at_s = _whole_browser(rng), begins_at(rng, mail)
    for link in range(1, mail.links + 1):
        yield Request(at_s, link, visitor)
        at_s += rng.uniform(2.5, 4.5)


def later_sweep(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: a mailbox is looked through again, hours or days after delivery."""
    visitor, at_s = _whole_browser(rng), mail.sent_at_s + rng.uniform(600, 400_000)
    for link in rng.sample(range(1, mail.links + 1), mail.links):
        at_s += rng.uniform(0.01, 0.2)
        yield Request(at_s, link, visitor)


def two_clouds(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: two filters, one after the other, each of which looks at some links."""
    at_s = begins_at(rng, mail)
    for _ in range(2):
        visitor = _whole_browser(rng)
        for link in rng.sample(range(1, mail.links + 1), rng.randint(1, min(4, mail.links))):
            yield Request(at_s, link, visitor)
            at_s += rng.uniform(0.05, 1.5)
        at_s += rng.uniform(5, 90)


def retried(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: a library with some of a browser's fields, which comes back."""
    fields = visitors.navigation(rng, visitors.chrome(rng), fetch_metadata=False)
    visitor, at_s = Visitor(visitors.cloud(rng), fields), begins_at(rng, mail)
    for _ in range(3):
        yield Request(at_s, rng.randint(1, mail.links), visitor)
        at_s += rng.uniform(1, 60)


def all_articles(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: reads a newsletter to its end, and every article."""
    visitor = Visitor(visitors.address(rng), visitors.phone(rng))
    at_s = opened_at(rng, mail)
    for link in range(1, mail.links + 1):
        yield Request(at_s, link, visitor)
        at_s += 8 + rng.lognormvariate(math.log(40), 1)


def three_tabs(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: opens some links, and then reads."""
    visitor = Visitor(mail.office, visitors.desktop(rng))
    at_s = opened_at(rng, mail)
    for link in rng.sample(range(1, mail.links + 1), min(3, mail.links)):
        yield Request(at_s, link, visitor)
        at_s += rng.uniform(0.8, 4)


def again(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: comes back to the same link for days."""
    visitor, at_s = Visitor(visitors.address(rng), visitors.desktop(rng)), opened_at(rng, mail)
    link = rng.randint(1, mail.links)
    for _ in range(rng.randint(2, 6)):
        yield Request(at_s, link, visitor)
        at_s += rng.lognormvariate(math.log(7200), 2)


def colleagues(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield requests: several people of one office, one of whom told the others of it."""
    at_s, link = opened_at(rng, mail), rng.randint(1, mail.links)
    for _ in range(rng.randint(2, 5)):
        yield Request(at_s, link, Visitor(mail.office, visitors.desktop(rng)))
        at_s += 5 + rng.lognormvariate(math.log(120), 1)


PEOPLE: dict[str, tuple[float, Kind]] = {
    "all articles": (3, all_articles),
    "three tabs": (5, three_tabs),
    "again": (5, again),
    "colleagues": (4, colleagues),
}
SCANNERS: dict[str, tuple[float, Kind]] = {
    "slow walk": (5, slow_walk),
    "later sweep": (5, later_sweep),
    "two clouds": (5, two_clouds),
    "retried": (5, retried),
}
HELD_OUT = Mix(people.KINDS | PEOPLE, scanners.KINDS | SCANNERS)
MORE_FILTERS = replace(HELD_OUT, filtered=0.35, click_rate=0.08)
"""More filters and fewer readers than in the traces that the rules were chosen by."""
