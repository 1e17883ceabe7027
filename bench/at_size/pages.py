"""Pages asked of a store of size: `questions` times each."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from bench.at_size.size import BEGUN_S, DAYS, LINKS, person_name
from config.schema import Config
from tests.support.pages import ask
from tracker.store.reserved import DAY_S

Page = Callable[[random.Random], str]


def _days(chance: random.Random, count: int) -> str:
    first = BEGUN_S + chance.randrange(DAYS - count + 1) * DAY_S
    days = (first, first + (count - 1) * DAY_S)
    begun, ended = (datetime.fromtimestamp(each, UTC).date() for each in days)
    return f"from={begun}&to={ended}"


def _campaign(chance: random.Random) -> str:
    return f"/campaigns/{chance.randrange(DAYS) + 3}"


def _page_of_days(days: int, chance: random.Random) -> str:
    return f"/?{_days(chance, days)}"


def _page_of_clicks(filters: str, chance: random.Random) -> str:
    return f"/clicks?{_filters(chance, filters)}"


PAGES: Mapping[str, Page] = {
    **{f"page of {days} days": partial(_page_of_days, days) for days in (7, 30, 90, 200)},
    "the same of 90 days, by people": lambda chance: f"/?sort=people&{_days(chance, 90)}",
    "page of a campaign": _campaign,
    "page of two campaigns": lambda chance: (
        f"{_campaign(chance)}?with={chance.randrange(DAYS) + 3}"
    ),
    "page of links": lambda _: "/links",
    "page of links, 90 days": lambda chance: f"/links?{_days(chance, 90)}",
    "page of links with a text": lambda chance: f"/links?q=article+{chance.randrange(LINKS)}",
    "page of a link": lambda chance: f"/links/{chance.randrange(DAYS * LINKS) + 1}",
    "page of clicks": lambda _: "/clicks",
    **{
        f"page of clicks, {name}": partial(_page_of_clicks, filters)
        for name, filters in (
            ("of a campaign", "campaign"),
            ("of a link", "link"),
            ("of a person", "person"),
            ("of machines", "label"),
            ("of a rule that caught few", "rule"),
            ("of a week", "week"),
            ("of 90 days, by a rule", "quarter rule"),
            ("of a campaign, by label and rule", "campaign label rule"),
            ("of a person, by rule, in 90 days", "person rule quarter"),
        )
    },
    "page of a person": lambda chance: f"/people/{_person(chance)}",
    "page of people that begin so": lambda chance: f"/people?q=reader{chance.randrange(99)}",
    "page of messages": lambda _: "/messages",
    "page of messages to somebody": lambda chance: f"/messages?q={_person(chance)}",
    "page of machines, 30 days": lambda chance: f"/machines?{_days(chance, 30)}",
    "page of machines, 90 days": lambda chance: f"/machines?{_days(chance, 90)}",
    "page of the state": lambda _: "/state",
}


def _person(chance: random.Random) -> str:
    return person_name(chance.randrange(100) + 1)


def _filters(chance: random.Random, wanted: str) -> str:
    """Return filters by their names, each with a value."""
    known = {
        "campaign": f"campaign={chance.randrange(DAYS) + 3}",
        "link": f"link={chance.randrange(DAYS * LINKS) + 1}",
        "person": f"person={_person(chance)}",
        "label": "label=machine",
        "rule": "rule=company",
        "week": _days(chance, 7),
        "quarter": _days(chance, 90),
    }
    return "&".join(known[each] for each in wanted.split())


def asked(config: Config, page: Page, chance: random.Random) -> None:
    """Ask a page; it must be there."""
    url = page(chance)
    if (answer := ask(config, url)).status_code not in {
        200,
        303,
        400,
        404,
    }:  # purged ones are not found
        raise RuntimeError(f"{url}: {answer.status_code}")
