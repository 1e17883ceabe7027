"""Pages about campaigns and links, asked of a store of size: `store_at_size.py` prints how long each takes."""

import random
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from big_store import BEGUN_S, DAYS, LINKS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests

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


PAGES: Mapping[str, Page] = {
    **{
        f"page of {days} days": lambda chance, days=days: f"/?{_days(chance, days)}"
        for days in (7, 30, 90, 200)
    },
    "the same of 90 days, by people": lambda chance: f"/?sort=people&{_days(chance, 90)}",
    "page of a campaign": _campaign,
    "page of two campaigns": lambda chance: (
        f"{_campaign(chance)}?with={chance.randrange(DAYS) + 3}"
    ),
    "page of links": lambda _: "/links",
    "page of links, 90 days": lambda chance: f"/links?{_days(chance, 90)}",
    "page of links with a text": lambda chance: f"/links?q=article+{chance.randrange(LINKS)}",
    "page of a link": lambda chance: f"/links/{chance.randrange(DAYS * LINKS) + 1}",
}


def asked(config: Config, page: Page, chance: random.Random) -> None:
    """Ask a page; it must be there."""
    url = page(chance)
    if (answer := ask(config, url)).status_code not in {200, 404}:  # purged ones are not found
        raise RuntimeError(f"{url}: {answer.status_code}")
