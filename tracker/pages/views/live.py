"""New clicks as they are counted, as server-sent events (HTML Living Standard §9.2).

Owns: the stream, how many there may be at one time, and their end.
Does not own: which clicks fit (`tracker.reports.log`), what may be asked (`clicks`), or the script that
reads them (`static/live.js`).

The id of an event is the arrival of its click. Who was cut off goes on behind the last one that they
saw, by `Last-Event-ID` or `after`: none is missed, and none comes twice. While nothing fits, ids alone
come, so that as little as possible is looked at again.
"""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from config.schema import Config
from tracker.access.access import Scope
from tracker.access.needs import require
from tracker.answers.errors import InvalidRequest
from tracker.answers.responses import UNCACHED
from tracker.pages.rendering.errors import FAILURES, failed
from tracker.pages.views.clicks import ClicksView, Shown, known_filters, shown
from tracker.reports.figures import Json
from tracker.reports.known import Unknown
from tracker.reports.log import page as log
from tracker.reports.log.filters import Filter
from tracker.store import database
from tracker.store.database import StoreError

if TYPE_CHECKING:
    from starlette.types import Receive, Send
    from starlette.types import Scope as AsgiScope

MOST_TAILS = 20
"""Streams at one time; each asks the store at most once a second."""
POLL_S = 1.0
HEARTBEAT_S = 5.0
"""So often at least something is sent: who has gone is noticed by it."""
LASTS_S = 300.0
"""Then the browser has to ask again, and show anew who it is."""
RETRY_MS = 1000
"""How soon a browser should ask again."""
FULL_RETRY_S = 10
ROWS = 100
_MOST_CURSOR = 2**63 - 1
_CURSOR_DIGITS = len(str(_MOST_CURSOR))
_MEDIA_TYPE = "text/event-stream"
_HEADERS = UNCACHED | {"x-accel-buffering": "no"}
"""nginx would keep a stream back until a buffer of its is full."""


@dataclass(slots=True)
class Tails:
    """The streams of a process: how many there are, and whether they are to end."""

    count: int = 0
    ended: bool = False
    _latest: int = 0
    _read_s: float = -math.inf
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def end(self) -> None:
        """End all streams soon: the process stops."""
        self.ended = True

    async def latest(self, config: Config) -> int:
        """Return the arrival of the click that was counted last, read once a second for all streams."""
        async with self._reading:
            if time.monotonic() >= self._read_s + POLL_S:
                self._latest = await run_in_threadpool(_latest, config)
                self._read_s = time.monotonic()
        return self._latest


def _latest(config: Config) -> int:
    with database.reading(config.store) as db:
        return log.latest(db)


@dataclass(frozen=True, slots=True)
class Live:
    """The stream; `config` is called for each question."""

    config: Callable[[], Config]
    tails: Tails

    @property
    def routes(self) -> list[Route]:
        """Where it is."""
        return [Route("/clicks/live", self._live, methods=["GET"])]

    async def _live(self, request: Request) -> Response:
        try:
            require(request, Scope.FIGURES, Scope.PERSONS)
            asked = ClicksView.of(request)
            cursor = await run_in_threadpool(self._begin, asked, _cursor(request, asked))
        except FAILURES as error:
            return failed(request, error)
        if request.method == "HEAD":  # has no body, so that nothing would be seen of a place
            return Response(media_type=_MEDIA_TYPE, headers=_HEADERS)
        if self.tails.count >= MOST_TAILS or self.tails.ended:
            raise HTTPException(
                503, "as many live views as there may be", {"retry-after": str(FULL_RETRY_S)}
            )
        return _Tail(self._events(asked.filter, cursor), self.tails)

    def _begin(self, asked: ClicksView, cursor: int | None) -> int:
        """Return where to begin; raises StoreError and InvalidRequest."""
        with known_filters(), database.reading(self.config().store) as db:
            latest = log.latest(db)
            log.page(db, asked.filter, cursor=latest, limit=1)
        # A cursor of a store that another one has replaced may lie ahead of all clicks.
        return latest if cursor is None else min(cursor, latest)

    async def _events(self, asked: Filter, cursor: int) -> AsyncIterator[bytes]:
        """Yield events until the process stops, the client has gone, or it is time to ask again."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        told_s = begun_s = time.monotonic()
        troubled = False
        while not self.tails.ended and time.monotonic() < begun_s + LASTS_S:
            try:
                latest = await self.tails.latest(self.config())
                cursor = min(
                    cursor, latest
                )  # as another store may have taken the place of this one
                if troubled:
                    yield _event("ready", {})
                    troubled = False
                while latest > cursor and not self.tails.ended:
                    rows, cursor = await run_in_threadpool(self._news, asked, cursor)
                    yield _text(rows, cursor)
                    told_s = time.monotonic()
            except (StoreError, OSError) as error:
                troubled = True
                yield _event("trouble", {"error": f"No new clicks for now: {error}"})
            except Unknown as error:  # whoever was asked for was forgotten meanwhile
                yield _event("trouble", {"error": str(error)})
                return
            if time.monotonic() >= told_s + HEARTBEAT_S:
                yield _text([], cursor)
                told_s = time.monotonic()
            await _pause(self.tails)

    def _news(self, asked: Filter, cursor: int) -> tuple[list[Shown], int]:
        """Return clicks behind a cursor, some at once, and the cursor behind them."""
        with database.reading(self.config().store) as db:
            found = log.page(db, asked, cursor=cursor, limit=ROWS)
            return shown(db, found.rows), found.cursor


class _Tail(StreamingResponse):
    """A stream that counts while it is sent."""

    def __init__(self, events: AsyncIterator[bytes], tails: Tails) -> None:
        super().__init__(events, media_type=_MEDIA_TYPE, headers=_HEADERS)
        self._tails = tails

    async def __call__(self, scope: "AsgiScope", receive: "Receive", send: "Send") -> None:
        """Send it."""
        self._tails.count += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._tails.count -= 1


async def _pause(tails: Tails) -> None:
    """Wait until it may be worth asking again."""
    for _ in range(10):
        if tails.ended:
            return
        await asyncio.sleep(POLL_S / 10)


def _cursor(request: Request, asked: ClicksView) -> int | None:
    """Return behind which click to begin; None: the latest. Raises InvalidRequest."""
    told = request.headers.get("last-event-id", "")
    if not told:
        return asked.after
    if not (
        told.isascii()
        and told.isdecimal()
        and len(told) <= _CURSOR_DIGITS
        and int(told) <= _MOST_CURSOR
    ):
        raise InvalidRequest([("Last-Event-ID", "is no cursor of this list")])
    return int(told)


def _text(rows: list[Shown], cursor: int) -> bytes:
    events = [_event("click", _json(row), row.cursor) for row in rows]
    return b"".join(events) + f"id: {cursor}\n\n".encode()


def _json(row: Shown) -> Json:
    """Return what the script puts into a row."""
    return {
        "day": row.day,
        "time": row.time,
        "link": row.called,
        "link_name": row.link.for_people,
        "link_id": row.link_id,
        "campaign": row.campaign.for_people,
        "campaign_id": row.campaign_id,
        "person": row.person,
        "message": row.message,
        "label": row.label,
        "judged": row.judged,
        "reasons": row.reasons,
    }


def _event(kind: str, data: Json, cursor: int | None = None) -> bytes:
    name = "" if cursor is None else f"id: {cursor}\n"
    return f"{name}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
