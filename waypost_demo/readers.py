"""The readers of the demo and their mail filters: who they are, and how they follow links.

Owns: whom mail goes to, who clicks what, when and with which browser. All of it follows from a seed.
Does not own: how their clicks are judged (`tracker.judging`), or the mail (`waypost_demo.mailings`).

Addresses are those of RFC 5737, RFC 3849 and RFC 2606, which nobody has.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

Filter = Literal["sweep", "head-first", "published"]
"""What a mail server does with the links of mail before its readers see it."""

_DAY_S = 86_400
_LOOKED_AT = 0.5
"""The share of its mail that a filter looks at which takes samples."""
_NIGHT_ENDS_S = 6.5 * 3600
_MEDIAN_S, _SPREAD = 2.9 * 3600, 2.1
"""A lognormal delay: about a third of clicks come within an hour, four in five within a day."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom mail goes to. `keen` is how likely a letter gets a click of theirs."""

    number: int
    address: str
    keen: float
    person: str | None = None
    filtered_by: Filter | None = None

    @property
    def network(self) -> str:
        """The address that their requests come from."""
        if self.number % 3 == 0:
            return f"198.51.100.{self.number + 10}"
        return f"2001:db8:{self.number + 0x100:x}:1::{self.number + 1:x}"


class Fetch(NamedTuple):
    """One request: when, for which link by its text, from where, and with which header fields."""

    at_s: float
    text: str
    address: str
    fields: Mapping[str, str]
    method: str = "GET"


DOMAINS: tuple[tuple[str, int, Filter | None], ...] = (
    ("example.net", 29, None),
    ("school.example.net", 11, None),
    ("studio.example.org", 8, "published"),
    ("company.example.org", 7, "sweep"),
    ("post.example.net", 5, "head-first"),
)
"""Domains of readers, how many they are, and the filter there."""

KEEN = (0.1, 0.25, 0.05, 0.55, 0.15, 0.35, 0.8)


def everybody() -> list[Reader]:
    """Return all readers. Those of the studio have an id of the application's own."""
    found: list[Reader] = []
    for domain, count, filtered_by in DOMAINS:
        for _ in range(count):
            number = len(found) + 1
            person = f"member-{300 + number}" if domain.startswith("studio") else None
            keen = KEEN[number % len(KEEN)]
            found.append(Reader(number, f"reader{number:02}@{domain}", keen, person, filtered_by))
    return found


CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0{} Safari/537.36"
WEBKIT = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1{} Safari/{}"
BROWSERS = (
    CHROME.format("Windows NT 10.0; Win64; x64", 146, ""),
    CHROME.format("Linux; Android 10; K", 146, " Mobile"),
    WEBKIT.format("iPhone; CPU iPhone OS 18_7 like Mac OS X", " Mobile/15E148", "604.1"),
    WEBKIT.format("Macintosh; Intel Mac OS X 10_15_7", "", "605.1.15"),
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    CHROME.format("Windows NT 10.0; Win64; x64", 145, "") + " Edg/145.0.0.0",
)
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PREVIEWER = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"


def browser(agent: str) -> dict[str, str]:
    """Return what a reader's browser sends: without it, a click is taken for a machine's."""
    return {"user-agent": agent, "accept": ACCEPT, "accept-language": "en"}


def fetches(
    rng: Random, reader: Reader, sent_s: float, links: Mapping[str, float], appeal: float = 1.0
) -> list[Fetch]:
    """Return all requests for links of one message, in order of time.

    `links` are their texts and how much each is liked, `appeal` how much the message is.
    """
    found = [*_filter(rng, reader, sent_s, list(links))]
    if rng.random() < reader.keen * appeal:
        found += _reading(rng, reader, sent_s, links)
    return sorted(found, key=lambda fetch: fetch.at_s)


def _filter(rng: Random, reader: Reader, sent_s: float, texts: list[str]) -> Iterator[Fetch]:
    """Yield what the filter of a domain fetches, within a minute or two of sending."""
    begins_s = sent_s + 43 * math.exp(abs(rng.gauss(0, 0.5)))
    fields = browser(BROWSERS[0])
    if reader.filtered_by == "sweep":
        for text in texts:
            yield Fetch(begins_s + rng.uniform(0, 0.5), text, "203.0.113.9", fields)
    elif reader.filtered_by == "head-first":
        for text in texts[:2]:
            yield Fetch(begins_s, text, "203.0.113.20", fields, "HEAD")
            yield Fetch(begins_s + rng.uniform(0.1, 1), text, "203.0.113.20", fields)
            begins_s += rng.uniform(3, 9)
    elif reader.filtered_by == "published" and rng.random() < _LOOKED_AT:
        yield Fetch(begins_s, rng.choice(texts), "203.0.113.70", fields)


def _reading(
    rng: Random, reader: Reader, sent_s: float, links: Mapping[str, float]
) -> Iterator[Fetch]:
    """Yield the clicks of a person who opens the mail, and what follows from them."""
    fields = browser(BROWSERS[reader.number % len(BROWSERS)])
    if reader.number % 11 == 0:
        del fields["accept-language"]  # an extension takes it out: such clicks are doubtful
    at_s = _by_day(sent_s + 60 + rng.lognormvariate(math.log(_MEDIAN_S), _SPREAD))
    for text in _chosen(rng, links):
        clicked = Fetch(at_s, text, reader.network, fields)
        yield clicked
        yield from _besides(rng, reader, clicked)
        at_s += 15 + rng.expovariate(1 / 60)


def _besides(rng: Random, reader: Reader, clicked: Fetch) -> Iterator[Fetch]:
    """Yield what a machine fetches because a person clicked; mostly nothing."""
    kind = rng.choices(("none", "preview", "prefetch", "again"), (90, 4, 3, 3))[0]
    if kind == "preview":  # the link was shared, and a messenger looks at it
        shown = {"user-agent": PREVIEWER, "accept": "*/*"}
        later_s = clicked.at_s + rng.uniform(60, 900)
        yield clicked._replace(at_s=later_s, address="203.0.113.140", fields=shown)
    elif kind == "prefetch":
        ahead = {**clicked.fields, "sec-purpose": "prefetch"}
        yield clicked._replace(at_s=clicked.at_s - rng.uniform(1, 8), fields=ahead)
    elif kind == "again":
        other = browser(BROWSERS[(reader.number + 1) % len(BROWSERS)])
        later_s = clicked.at_s + rng.uniform(5, 20)
        yield clicked._replace(at_s=later_s, address="203.0.113.201", fields=other)


def _chosen(rng: Random, links: Mapping[str, float]) -> list[str]:
    """Return one to three links, those that are liked rather than others."""
    wanted = rng.choice((1, 1, 1, 2, 2, 3))
    chosen = rng.choices(list(links), list(links.values()), k=wanted)
    return list(dict.fromkeys(chosen))


def _by_day(at_s: float) -> float:
    """Return a moment, or one in the morning where it is in the night."""
    of_day_s = at_s % _DAY_S
    if of_day_s < _NIGHT_ENDS_S:
        return at_s + _NIGHT_ENDS_S - of_day_s * 0.5
    return at_s
