"""Everything that a store of size is asked: questions of commands, pages and calls of the API, timed.

Each is asked so often, each time with other arguments and, as commands and pages do it, by a connection
of its own. Two stores of one size are asked the same.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypedDict

from bench.at_size import api, pages
from bench.at_size.big_store import IDENTIFIER
from bench.at_size.size import BEGUN_S, DAYS, LINKS, Size, link_name, person_name
from config.schema import Config
from tracker.reports import activity, clicks, known, summary
from tracker.reports.breakdown import breakdown
from tracker.sql.db import Db
from tracker.store import database
from tracker.store.reserved import DAY_S
from tracker.store.rows import persons

PAGE = 1000
Question = Callable[[Db, random.Random], Any]


@dataclass(frozen=True, slots=True)
class Times:
    """How long something takes, in ms, 50 and 95 of a hundred times; beside it, of the processor."""

    p50: float
    p95: float
    cpu_p50: float
    cpu_p95: float


def asked(config: Config, size: Size, times: int) -> Iterator[tuple[str, Times]]:
    """Ask each question and page, and make each call of the API, so often; yield how long each took."""

    def answer(question: Question, chance: random.Random) -> None:
        with database.reading(config.store) as db:
            question(db, chance)

    for name, question in _questions(size).items():
        yield name, _timed(partial(answer, question), random.Random(name), times)
    for name, page in pages.PAGES.items():
        yield name, _timed(partial(pages.asked, config, page), random.Random(name), times)
    ask = api.Asking(config)
    for name, call in api.calls(config, size).items():
        yield f"API: {name}", _timed(partial(ask, call), random.Random(name), times)


def _timed(ask: Callable[[random.Random], None], chance: random.Random, times: int) -> Times:
    found = []
    for _ in range(times):
        begun_s, used_s = time.perf_counter(), time.process_time()
        ask(chance)
        now_s = time.perf_counter()
        found.append((1000 * (now_s - begun_s), 1000 * (time.process_time() - used_s)))
    wall, used = (sorted(each) for each in zip(*found, strict=True))
    most = min(len(found) - 1, int(0.95 * len(found)))
    return Times(statistics.median(wall), wall[most], statistics.median(used), used[most])


def _campaign(chance: random.Random) -> str:
    return f"Campaign {chance.randrange(DAYS) + 1}"


class _Days(TypedDict):
    """From when until when something is asked about."""

    since_s: float
    until_s: float


def _days(chance: random.Random, days: int) -> _Days:
    first = BEGUN_S + chance.randrange(DAYS - days + 1) * DAY_S
    return {"since_s": first, "until_s": first + days * DAY_S}


def _link(chance: random.Random) -> str:
    return link_name(chance.randrange(DAYS) + 3, chance.randrange(LINKS))


def _report_of_days(days: int, db: Db, chance: random.Random) -> object:
    return summary.report(db, **_days(chance, days))


def _questions(size: Size) -> dict[str, Question]:
    def person(chance: random.Random) -> str:
        return person_name(chance.randrange(size.persons) + 1).upper()

    return {
        "report": lambda db, _: summary.report(db),
        "report of a campaign": lambda db, chance: summary.report(db, campaign=_campaign(chance)),
        **{f"report of {days} days": partial(_report_of_days, days) for days in (1, 30, 90, 200)},
        "report of a campaign in 90 days": lambda db, chance: summary.report(
            db, campaign=_campaign(chance), **_days(chance, 90)
        ),
        "clickers of a link": lambda db, chance: list(clicks.clickers(db, _link(chance))),
        "activity of a person": lambda db, chance: list(
            activity.activity(db, *known.person(db, person(chance)))
        ),
        "a thousand clicks after a cursor": lambda db, chance: list(
            islice(clicks.clicks(db, after=chance.randrange(size.clicks // 2)), PAGE)
        ),
        "by day": lambda db, _: list(breakdown(db, "day")),
        "by hour, 30 days": lambda db, chance: list(breakdown(db, "hour", **_days(chance, 30))),
        "by link, a campaign": lambda db, chance: list(
            breakdown(db, "link", campaign=_campaign(chance))
        ),
        "by sender, a day": lambda db, chance: list(breakdown(db, "sender", **_days(chance, 1))),
        "by recipient-domain, a day": lambda db, chance: list(
            breakdown(db, "recipient-domain", **_days(chance, 1))
        ),
        "who is behind an id": lambda db, chance: persons.behind_id(
            db, IDENTIFIER, IDENTIFIER.hashed(person(chance).lower())
        ),
    }
