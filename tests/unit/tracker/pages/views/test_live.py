"""New clicks as they come."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from config.schema import Config
from tests.support.checks.facts import SENT_S, clicked
from tests.support.clients.admin import Client
from tests.support.repository import ROOT
from tests.support.told_fixtures import ANN, HOSTILE, MESSAGE, SCRIPT, Put
from tracker.admin.admin import Admin
from tracker.listener import admission
from tracker.pages.views import live
from tracker.store.file.file_store import FileStore

STATIC = ROOT / "tracker" / "pages" / "static"


@dataclass
class Tail:
    """A stream, read event by event."""

    reader: asyncio.StreamReader

    async def block(self) -> dict[str, str]:
        """Return the fields of the next event."""
        found: dict[str, str] = {}
        async with asyncio.timeout(10):
            while line := (await self.reader.readline()).decode().rstrip("\r\n"):
                name, colon, value = line.partition(": ")
                if colon:
                    found[name] = value
                else:  # the frame of a chunk
                    return found or await self.block()
        return found or await self.block()

    async def clicks(self, count: int) -> list[dict[str, Any]]:
        """Return the next clicks, each with its cursor."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            event = await self.block()
            if event.get("event") == "click":
                found.append({"id": int(event["id"]), **json.loads(event["data"])})
        return found

    async def ended(self) -> None:
        """Read to the end of the answer, which says itself that it is one."""
        async with asyncio.timeout(10):
            await self.reader.readuntil(b"\r\n0\r\n\r\n")


@contextlib.asynccontextmanager
async def tail(client: Client, query: str = "", *fields: str) -> AsyncIterator[Tail]:
    """Open a stream."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    head = "".join(f"{each}\r\n" for each in ("Host: localhost", *fields))
    try:
        writer.write(f"GET /clicks/live{query} HTTP/1.1\r\n{head}\r\n".encode())
        status = await reader.readline()
        while (await reader.readline()).strip():
            pass
        assert b" 200 " in status, status
        yield Tail(reader)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask ten times as often as one should."""
    monkeypatch.setattr(live, "POLL_S", 0.1)
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.2)


@pytest.mark.usefixtures("told")
async def test_new_clicks_come_and_old_ones_do_not(client: Client, store_events: Put) -> None:
    """With what the script puts into a row: text, whatever stands in it."""
    async with tail(client) as stream:
        store_events(
            clicked("c6", MESSAGE, link=4, destination="https://example.net/4", at_s=SENT_S + 69000)
        )
        (click,) = await stream.clicks(1)
    assert (click["id"], click["person"]) == (6, ANN)
    assert (click["link"], click["link_name"]) == (HOSTILE.text, SCRIPT)
    assert (click["label"], click["judged"]) == ("human", "a person")
    assert set(click) == {
        *("id", "day", "time", "link", "link_id", "campaign", "campaign_id", "person", "message"),
        *("label", "judged", "reasons", "link_name"),
    }


@pytest.mark.parametrize("how", ["field", "query"])
@pytest.mark.usefixtures("told")
async def test_who_comes_again_goes_on_behind_the_last_one_seen(
    client: Client, store_events: Put, how: str
) -> None:
    """None is missed, and none comes twice."""
    told_by = ("", ("Last-Event-ID: 3",)) if how == "field" else ("?after=3", ())
    async with tail(client, told_by[0], *told_by[1]) as stream:
        assert [each["id"] for each in await stream.clicks(2)] == [4, 5]
        store_events(clicked("c6", MESSAGE, at_s=SENT_S + 69000))
        assert [each["id"] for each in await stream.clicks(1)] == [6]


@pytest.mark.usefixtures("told")
async def test_what_the_browser_saw_last_counts_before_what_the_page_says(client: Client) -> None:
    """Its address is that of the page, however long ago that was opened."""
    async with tail(client, "?after=1", "Last-Event-ID: 4") as stream:
        assert [each["id"] for each in await stream.clicks(1)] == [5]


@pytest.mark.usefixtures("told")
async def test_filters_choose(client: Client, store_events: Put) -> None:
    """As on the page; the cursor goes on with what does not fit as well."""
    async with tail(client, "?label=machine&after=0") as stream:
        assert [each["id"] for each in await stream.clicks(1)] == [4]
        store_events(clicked("c6", MESSAGE, at_s=SENT_S + 69000))
        while (await stream.block()).get("id") != "6":
            pass
        store_events(clicked("c7", MESSAGE, at_s=SENT_S + 79000, method="HEAD"))
        assert [each["id"] for each in await stream.clicks(1)] == [7]


@pytest.mark.usefixtures("told")
async def test_a_cursor_ahead_of_the_store_is_brought_back(
    client: Client, store_events: Put
) -> None:
    """Another store may have taken its place."""
    async with tail(client, "?after=999") as stream:
        store_events(clicked("c6", MESSAGE, at_s=SENT_S + 69000))
        assert [each["id"] for each in await stream.clicks(1)] == [6]


async def test_whoever_asks_for_the_head_takes_no_place(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no body, so that nothing would be seen of one."""
    monkeypatch.setattr(live, "MOST_TAILS", 0)
    answer = await client.ask("/clicks/live", "HEAD")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (
        200,
        "text/event-stream",
    )


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "0" * 5000, "1.5", "²"])
async def test_what_is_no_cursor_is_refused(client: Client, cursor: str) -> None:
    """By the name of the field."""
    answer = await client.ask("/clicks/live", last_event_id=cursor.encode().decode("latin-1"))
    assert answer.status == 400
    assert b"Last-Event-ID" in answer.body


@pytest.mark.usefixtures("told")
async def test_streams_are_bounded_and_make_room_when_they_end(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond that it is said when to try again."""
    monkeypatch.setattr(live, "MOST_TAILS", 1)
    async with tail(client) as stream:
        await stream.block()
        answer = await client.ask("/clicks/live")
        assert (answer.status, answer.headers["retry-after"]) == (503, str(live.FULL_RETRY_S))
    async with asyncio.timeout(10):
        while not await _has_room(client):
            pass


async def _has_room(client: Client) -> bool:
    """Return whether a stream can be opened, within what it takes to notice that another was closed."""
    try:
        async with tail(client) as stream:
            await stream.block()
            return True
    except AssertionError:
        await asyncio.sleep(live.HEARTBEAT_S)
        return False


@pytest.mark.usefixtures("told")
async def test_streams_end_when_the_process_stops(client: Client, admin: Admin) -> None:
    """At once, and as answers end: the browser asks again."""
    async with tail(client) as stream:
        await stream.block()
        admin.end()
        await stream.ended()
    assert (await client.ask("/clicks/live")).status == 503


@pytest.mark.usefixtures("told")
async def test_a_stream_ends_after_a_while(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks again shows anew that they may."""
    monkeypatch.setattr(live, "LASTS_S", 0.3)
    async with tail(client) as stream:
        await stream.ended()


@pytest.mark.usefixtures("told")
async def test_a_stream_outlives_the_patience_with_clients_that_owe_something(
    client: Client, store_events: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever listens owes nothing: it is we who owe the answer."""
    monkeypatch.setattr(admission, "PATIENCE_S", 0.1)
    async with tail(client) as stream:
        seen = [await stream.block() for _ in range(4)]
        assert {each.get("id") for each in seen[1:]} == {"5"}
        store_events(clicked("c6", MESSAGE, at_s=SENT_S + 69000))
        assert [each["id"] for each in await stream.clicks(1)] == [6]


@pytest.mark.usefixtures("told")
async def test_a_store_that_cannot_be_read_is_told_and_read_again(
    client: Client, config: Config, store_events: Put
) -> None:
    """The stream goes on, and nothing is missed."""
    path = config.store.path
    async with tail(client) as stream:
        await stream.block()
        aside = path.with_name("aside.db")
        path.rename(aside)
        path.write_bytes(b"no database at all" * 100)
        while (event := await stream.block()).get("event") != "trouble":
            pass
        assert "No new clicks for now" in json.loads(event["data"])["error"]
        aside.rename(path)
        while (await stream.block()).get("event") != "ready":
            pass
        store_events(clicked("c6", MESSAGE, at_s=SENT_S + 69000))
        assert [each["id"] for each in await stream.clicks(1)] == [6]


@pytest.mark.usefixtures("told")
async def test_a_stream_of_somebody_who_was_forgotten_ends(
    client: Client, config: Config, store_events: Put
) -> None:
    """There is nobody to tell of any more."""
    async with tail(client, f"?person={ANN}") as stream:
        await stream.block()
        opened = FileStore.open(config.store.path)
        with opened.transaction():
            opened.db.execute(
                "UPDATE deliveries SET person_id = NULL, address = '' WHERE number = 1"
            )
            opened.db.execute("DELETE FROM persons WHERE name = ?", [ANN])
        opened.close()
        store_events(clicked("c6", MESSAGE, recipient=2, at_s=SENT_S + 69000))
        while (event := await stream.block()).get("event") != "trouble":
            pass
        assert ANN in json.loads(event["data"])["error"]
        await stream.ended()


def test_the_script_is_short_and_puts_in_nothing_but_text() -> None:
    """As what others wrote is shown by it."""
    script = (STATIC / "live.js").read_text()
    assert len(script.splitlines()) < 150
    assert "textContent" in script
    assert not [
        each for each in ("innerHTML", "outerHTML", "insertAdjacent", "eval(") if each in script
    ]
