"""The API asked on a store of size: `questions` times each call, validation included."""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from bench.at_size.size import BEGUN_S, DAYS, LINKS, Size, person_name
from config.schema import Config
from tracker.access.access import EVERYTHING
from tracker.access.needs import STATE_KEY
from tracker.api.api import Api
from tracker.store import database
from tracker.store.keys import message_text
from tracker.store.reserved import DAY_S

if TYPE_CHECKING:
    from fastapi import FastAPI

Call = Callable[[random.Random], str]


def _days(chance: random.Random, count: int) -> str:
    first = BEGUN_S + chance.randrange(DAYS - count + 1) * DAY_S
    begun, ended = (
        datetime.fromtimestamp(each, UTC).date() for each in (first, first + count * DAY_S)
    )
    return f"since={begun}&until={ended}"


def _campaign(chance: random.Random) -> int:
    return chance.randrange(DAYS) + 3


def _campaigns_of(days: int, chance: random.Random) -> str:
    return f"/campaigns?limit=1000&{_days(chance, days)}"


def _link(chance: random.Random) -> int:
    return chance.randrange(DAYS * LINKS) + 1


def _person(chance: random.Random) -> str:
    return quote(person_name(chance.randrange(100) + 1).upper())


CALLS: Mapping[str, Call] = {
    "report": lambda chance: f"/report?{_days(chance, 90)}",
    "campaigns": lambda _: "/campaigns?limit=1000",
    **{f"campaigns, {days} days": partial(_campaigns_of, days) for days in (30, 90, 200)},
    "a campaign": lambda chance: f"/campaigns/{_campaign(chance)}",
    "a campaign, 90 days": lambda chance: f"/campaigns/{_campaign(chance)}?{_days(chance, 90)}",
    "links": lambda chance: f"/links?limit=1000&after={chance.randrange(DAYS * LINKS)}",
    "links, 90 days": lambda chance: f"/links?limit=1000&{_days(chance, 90)}",
    "links of a campaign": lambda chance: f"/links?limit=1000&campaign={_campaign(chance)}",
    "links of a campaign, 90 days": lambda chance: (
        f"/links?limit=1000&campaign={_campaign(chance)}&{_days(chance, 90)}"
    ),
    "a link": lambda chance: f"/links/{_link(chance)}",
    "people": lambda chance: f"/people?limit=100&after={chance.randrange(100_000)}",
    "people, a thousand": lambda chance: f"/people?limit=1000&after={chance.randrange(100_000)}",
    "people that begin so": lambda chance: f"/people?search=reader{chance.randrange(99)}",
    "a person": lambda chance: f"/people?person={_person(chance)}",
    "a person's timeline": lambda chance: (
        f"/people/{chance.randrange(100) + 1}/timeline?limit=1000"
    ),
    "messages": lambda _: "/messages",
    "messages, a thousand": lambda _: "/messages?limit=1000",
    "messages to somebody": lambda chance: f"/messages?search={_person(chance)}",
    "clicks, the latest": lambda _: "/clicks?newest_first=true",
    "clicks of a campaign": lambda chance: f"/clicks?campaign={_campaign(chance)}",
    "clicks of a link": lambda chance: f"/clicks?link={_link(chance)}",
    "clicks of a person": lambda chance: f"/clicks?person={_person(chance)}",
    "clicks by a rule that caught few": lambda _: "/clicks?rule=company",
    "clicks, 90 days, by a rule": lambda chance: f"/clicks?rule=head&{_days(chance, 90)}",
    "who is behind an id": lambda chance: f"/identify?id={_person(chance)}",
    "consents": lambda _: "/consents",
    "the state": lambda _: "/state",
}


def _about_size(size: Size) -> Mapping[str, Call]:
    """Return the calls that go on somewhere in the first half of all clicks."""
    half = size.clicks // 2
    return {
        "clicks": lambda chance: f"/clicks?after={chance.randrange(half)}",
        "clicks, a thousand": lambda chance: f"/clicks?limit=1000&after={chance.randrange(half)}",
        "clicks of machines": lambda chance: (
            f"/clicks?label=machine&after={chance.randrange(half)}"
        ),
    }


def calls(config: Config, size: Size) -> Mapping[str, Call]:
    """Return all calls, one message's story of some at random included."""
    sql = "SELECT message_id FROM messages WHERE sent_s >= ? ORDER BY sent_s, message_id LIMIT 1"
    chance = random.Random(7)
    with database.reading(config.store) as db:
        ids = [
            message_text(
                db.execute(sql, [BEGUN_S + chance.randrange((DAYS - 1) * DAY_S)]).fetchone()[0]
            )
            for _ in range(100)
        ]
    own: Mapping[str, Call] = {"a message": lambda chance: f"/messages/{chance.choice(ids)}"}
    return {**CALLS, **_about_size(size), **own}


class Asking:
    """Asks the API in this process, as the admin listener would."""

    def __init__(self, config: Config) -> None:
        self._app: FastAPI = Api(lambda: config, _no_link).app
        self._runner = asyncio.Runner()

    def __call__(self, call: Call, chance: random.Random) -> None:
        """Make one call; it must be answered."""
        path, _, query = call(chance).partition("?")
        status = self._runner.run(self._status(path, query))
        if status not in {200, 404}:  # 404: of what was purged or is nobody's
            raise RuntimeError(f"{path}?{query}: {status}")

    async def _status(self, path: str, query: str) -> int:
        found = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                found.append(message["status"])

        scope: dict[str, Any] = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
            "root_path": "", "headers": [], "query_string": query.encode(),
            "client": None, "server": None, "scheme": "http", "http_version": "1.1",
            "state": {STATE_KEY: EVERYTHING},
        }  # fmt: skip
        await self._app(scope, receive, send)
        return int(found[0])


def _no_link(*_: object) -> NoReturn:
    raise RuntimeError("the store is only asked")
