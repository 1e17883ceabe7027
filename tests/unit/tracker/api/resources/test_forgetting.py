"""A person forgotten over HTTP."""

import asyncio
import json
import sqlite3
import threading

import pytest

from config.schema import Config
from tests.support.clients.admin import JSON, Answer, Client
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import spool_message
from tracker.api.requests import MOST_CHARACTERS
from tracker.api.resources import forgetting
from tracker.erasure.forget import Forgotten
from tracker.orders.forgetting import NotNow

__all__ = ["engine", "gives_back", "store_table"]

READER = "reader@example.net"


async def forget(client: Client, person: str = READER) -> Answer:
    """Ask for somebody to be forgotten."""
    body = json.dumps({"person": person}).encode()
    return await client.ask("/api/v1/forget", "POST", body, content_type=JSON)


async def test_a_person_is_erased(client: Client, config: Config) -> None:
    """The answer says what is gone; asked again, nothing is left."""
    spool_message(config, "sale", 1)
    answer = await forget(client)
    assert answer.status == 200, answer.body
    assert (answer.json["persons"], answer.json["deliveries"]) == (1, 1)
    octets = b"".join(
        each.read_bytes() for each in config.store.path.parent.glob("waypost.db*") if each.is_file()
    )
    assert READER.encode() not in octets
    again = await forget(client)
    assert (again.status, again.json["persons"]) == (200, 0)


async def test_what_takes_long_goes_on_and_is_told_when_asked_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 as long as it goes on; who asks again waits for the same work."""
    may_end, calls = threading.Event(), []

    def slow(_config: Config, name: str, _tell: object) -> Forgotten:
        calls.append(name)
        may_end.wait(30)
        return Forgotten(persons=1)

    monkeypatch.setattr(forgetting.forgetting, "forget", slow)
    monkeypatch.setattr(forgetting, "PATIENCE_S", 0.05)
    for _ in range(2):
        begun = await forget(client)
        assert (begun.status, begun.json) == (202, {"state": "begun"})
    monkeypatch.setattr(forgetting, "PATIENCE_S", 30.0)
    asked = asyncio.create_task(forget(client))
    while not asked.done():
        await asyncio.sleep(0.05)
        may_end.set()
    assert (asked.result().status, asked.result().json["persons"]) == (200, 1)
    assert len(calls) in {1, 2}


async def test_so_many_at_one_time_are_enough(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, to be asked again; one after the other gets its turn."""
    may_end = threading.Event()
    monkeypatch.setattr(
        forgetting.forgetting, "forget", lambda *_: (may_end.wait(30), Forgotten())[1]
    )
    monkeypatch.setattr(forgetting, "PATIENCE_S", 0.01)
    monkeypatch.setattr(forgetting, "MOST_AT_ONCE", 2)
    statuses = [(await forget(client, f"{n}@example.net")).status for n in range(3)]
    may_end.set()
    assert statuses == [202, 202, 503]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NotNow("nothing is erased yet, try again: the disk is full"), "nothing is erased yet"),
        (sqlite3.OperationalError("disk I/O error"), "not everything is erased, try again: disk"),
        (OSError(28, "No space left on device"), "not everything is erased"),
    ],
)
async def test_what_fails_is_told_and_may_be_tried_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
) -> None:
    """503, and a line in the log without the person."""

    def failing(*_: object) -> Forgotten:
        raise error

    monkeypatch.setattr(forgetting.forgetting, "forget", failing)
    answer = await forget(client)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json["error"].startswith(text)


@pytest.mark.parametrize("body", [b"{}", b'{"person": " "}', b'{"person": "a", "force": true}'])
async def test_nobody_is_forgotten_by_mistake(client: Client, body: bytes) -> None:
    """What makes no sense is 400."""
    assert (await client.ask("/api/v1/forget", "POST", body, content_type=JSON)).status == 400


async def test_a_name_that_nobody_can_have_is_not_looked_for(client: Client) -> None:
    """To look for one of 60,000 characters takes half a minute, in which no link would lead on."""
    answer = await forget(client, "a@" * 20_000)
    assert (answer.status, answer.json["problems"][0]["field"]) == (400, "person")
    assert (
        await forget(client, "a" * (MOST_CHARACTERS - len("@example.net")) + "@example.net")
    ).status == 200
