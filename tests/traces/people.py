"""How people follow the links of a mail: each kind yields the requests of one reader of one copy.

Facts used: 34 % of clicks come within 1 hour of sending, 51 % within 3, 81 % within a day. People at
companies share an address by the hundred; browser isolation (Proofpoint, Mimecast) opens pages from the
vendor's network; some apps open links in views of their own; forwarded mail is read by others later.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.traces import visitors
from tests.traces.visitors import Visitor

MEDIAN_S, SPREAD = 2.9 * 3600, 2.45
"""A lognormal delay through the three published shares."""


@dataclass(frozen=True)
class Mail:
    """One copy, and where it is read. `office` is the address that its domain shares."""

    sent_at_s: float
    links: int
    office: str


@dataclass(frozen=True)
class Request:
    """One request, by whom and for which link, and whether HEAD."""

    at_s: float
    link: int
    visitor: Visitor
    method: str = "GET"


Kind = Callable[[Random, Mail], Iterator[Request]]


def opened_at(rng: Random, mail: Mail) -> float:
    """Return when a reader gets to a mail."""
    return mail.sent_at_s + max(9.0, rng.lognormvariate(math.log(MEDIAN_S), SPREAD))


def _reading(rng: Random, mail: Mail, visitor: Visitor, pause_s: float = 40) -> Iterator[Request]:
    """Yield one to three links, in any order, with time to look at each."""
    at_s = opened_at(rng, mail)
    for link in rng.sample(range(1, mail.links + 1), min(mail.links, rng.choice([1, 1, 1, 2, 3]))):
        yield Request(at_s, link, visitor)
        at_s += 3 + rng.expovariate(1 / pause_s)


def desktop(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: at home, on a computer."""
    return _reading(rng, mail, Visitor(visitors.address(rng), visitors.desktop(rng)))


def office(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: at work: hundreds behind one address, and the gateway's among them."""
    return _reading(rng, mail, Visitor(mail.office, visitors.desktop(rng)))


def phone(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: on a telephone."""
    return _reading(rng, mail, Visitor(visitors.address(rng), visitors.phone(rng)))


def in_app(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: in the view of an app."""
    return _reading(rng, mail, Visitor(visitors.address(rng), visitors.in_app(rng)))


def old_phone(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: on a telephone of years ago."""
    return _reading(rng, mail, Visitor(visitors.address(rng), visitors.old_phone(rng)))


def vpn(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: through a data centre."""
    return _reading(rng, mail, Visitor(visitors.cloud(rng), visitors.desktop(rng)))


def isolation(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: in a browser that a security vendor runs for them."""
    agent = visitors.navigation(rng, visitors.chrome(rng))
    return _reading(rng, mail, Visitor(visitors.vendor(rng), agent))


def screen_reader(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: hears the mail from top to bottom, and opens many links on the way."""
    visitor = Visitor(visitors.address(rng), visitors.desktop(rng))
    at_s = opened_at(rng, mail)
    for link in range(1, mail.links + 1):
        if rng.random() < 0.5:
            yield Request(at_s, link, visitor)
        at_s += 6 + rng.expovariate(1 / 25)


def fast_reader(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: waits for the mail, and clicks as soon as it is there."""
    visitor = Visitor(visitors.address(rng), rng.choice([visitors.desktop, visitors.phone])(rng))
    yield Request(mail.sent_at_s + rng.uniform(6, 60), rng.randint(1, mail.links), visitor)


def tabs(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: opens up to six links in tabs, one after the other."""
    visitor = Visitor(visitors.address(rng), visitors.desktop(rng))
    at_s = opened_at(rng, mail)
    links = sorted(rng.sample(range(1, mail.links + 1), min(6, mail.links)))
    for link in links:
        yield Request(at_s, link, visitor)
        at_s += rng.uniform(0.45, 1.2)


def double_click(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: clicks twice where once would do."""
    visitor = Visitor(visitors.address(rng), visitors.desktop(rng))
    at_s, link = opened_at(rng, mail), rng.randint(1, mail.links)
    yield Request(at_s, link, visitor)
    yield Request(at_s + rng.uniform(0.08, 0.5), link, visitor)


def two_devices(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: looks on the telephone, and later again on the computer."""
    at_s, link = opened_at(rng, mail), rng.randint(1, mail.links)
    yield Request(at_s, link, Visitor(visitors.address(rng), visitors.phone(rng)))
    later_s = at_s + rng.lognormvariate(math.log(3600), 1.5)
    yield Request(later_s, link, Visitor(mail.office, visitors.desktop(rng)))


def forwarding(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: reads, and passes the mail on to some others."""
    at_s = opened_at(rng, mail)
    for _ in range(rng.randint(2, 5)):
        headers = rng.choice([visitors.desktop, visitors.phone])(rng)
        yield Request(at_s, rng.randint(1, mail.links), Visitor(visitors.address(rng), headers))
        at_s += rng.lognormvariate(math.log(1800), 1.5)


def relayed(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: behind a relay of the browser's maker, which may change the address from link to link."""
    visitor = Visitor(visitors.address(rng), visitors.phone(rng))
    for request in _reading(rng, mail, visitor):
        moved = visitor.at(visitors.cloud(rng)) if rng.random() < 0.3 else request.visitor
        yield Request(request.at_s, request.link, moved)


def without_headers(rng: Random, mail: Mail) -> Iterator[Request]:
    """Yield clicks: has a proxy or an extension that takes header fields out."""
    dropped = rng.choice([("Accept-Language",), ("Sec-Fetch-",), ("Accept-Encoding", "DNT")])
    full = visitors.desktop(rng)
    headers = tuple(each for each in full if not each[0].startswith(dropped))
    return _reading(rng, mail, Visitor(visitors.address(rng), headers))


KINDS: dict[str, tuple[float, Kind]] = {
    "desktop": (20, desktop),
    "office": (20, office),
    "phone": (25, phone),
    "in-app": (6, in_app),
    "old phone": (5, old_phone),
    "VPN": (5, vpn),
    "browser isolation": (5, isolation),
    "screen reader": (4, screen_reader),
    "fast reader": (4, fast_reader),
    "six tabs": (5, tabs),
    "double click": (5, double_click),
    "two devices": (5, two_devices),
    "forwarding": (5, forwarding),
    "relayed": (5, relayed),
    "fields removed": (3, without_headers),
}
"""Each kind of reader, and its weight."""
