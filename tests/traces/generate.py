"""Traces whose truth is known: mail to many domains, a fifth of which have a filter that fetches links.

`lines` yields what `waypost classify` reads; `kind` and `human` are the truth, which it ignores.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from tests.traces import people, scanners, visitors
from tests.traces.people import Mail, Request

Json = dict[str, object]
STARTS_AT_S = 1_795_430_400.0
FILTERED = 0.2
"""The share of domains with a filter."""


@dataclass(frozen=True)
class Mix:
    """Which kinds a trace has, in which shares, and how many people click."""

    people: dict[str, tuple[float, people.Kind]]
    scanners: dict[str, tuple[float, people.Kind]]
    click_rate: float = 0.12
    lone_share: float = 0.02
    filtered: float = FILTERED


STANDARD = Mix(people.KINDS, scanners.KINDS)


def lines(messages: int, seed: int, mix: Mix = STANDARD) -> list[Json]:
    """Return the lines of a trace, by time."""
    rng = Random(seed)
    domains = [_filter(rng, mix) for _ in range(max(20, messages // 40))]
    offices = [visitors.address(rng) for _ in domains]
    trace: list[Json] = []
    for number in range(messages):
        domain = rng.randrange(len(domains))
        mail = Mail(STARTS_AT_S + number * 7.3, _links(rng), offices[domain])
        trace.append(_message(number, mail, domain))
        is_https = rng.random() < 0.93
        for kind, human, request in _requests(rng, mail, domains[domain], mix):
            trace.append(_request(number, request, kind, human=human, https=is_https))
    return sorted(trace, key=lambda line: (line.get("sent_at_s", line.get("ts")), line["type"]))


def _links(rng: Random) -> int:
    return rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20])


def _filter(rng: Random, mix: Mix) -> str | None:
    return _drawn(rng, mix.scanners) if rng.random() < mix.filtered else None


def _drawn(rng: Random, kinds: dict[str, tuple[float, people.Kind]]) -> str:
    return rng.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]


def _requests(
    rng: Random, mail: Mail, filtered_by: str | None, mix: Mix
) -> Iterator[tuple[str, bool, Request]]:
    """Yield kind, truth and request, those of one copy."""
    if filtered_by and rng.random() < mix.lone_share:
        yield from _all(scanners.LONE, scanners.lone(rng, mail), human=False)
    elif filtered_by:
        requests = list(mix.scanners[filtered_by][1](rng, mail))
        is_lone = len(requests) == 1 and filtered_by in scanners.WHOLE_BROWSERS
        yield from _all(scanners.LONE if is_lone else filtered_by, requests, human=False)
    if rng.random() >= mix.click_rate:
        return
    kind = _drawn(rng, mix.people)
    for request in mix.people[kind][1](rng, mail):
        yield kind, True, request
        for after, (share, fetch) in scanners.AFTER_CLICKS.items():
            if rng.random() < share:
                yield from _all(after, fetch(rng, request), human=False)


def _all(
    kind: str, requests: Iterable[Request], *, human: bool
) -> Iterator[tuple[str, bool, Request]]:
    return ((kind, human, request) for request in requests)


def _message(number: int, mail: Mail, domain: int) -> Json:
    return {
        "type": "message",
        "message_id": f"{number:016x}",
        "sent_at_s": mail.sent_at_s,
        "links": mail.links,
        "recipients": 1,
        "domain": f"d{domain}.example",
    }


def _request(number: int, request: Request, kind: str, *, human: bool, https: bool) -> Json:
    headers = [list(each) for each in request.visitor.headers if each[1]]
    if not https:
        headers = [each for each in headers if not each[0].startswith("Sec-Fetch-")]
    return {
        "type": "request",
        "ts": round(request.at_s, 3),
        "message_id": f"{number:016x}",
        "recipient": 1,
        "link": request.link,
        "method": request.method,
        "https": https,
        "headers": headers,
        "ip": request.visitor.ip,
        "kind": kind,
        "human": human,
    }
