"""Answers that last end with the access of whoever asked."""

import asyncio
import contextlib
import http.client
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.support import http_server
from tests.support.clients.admin import authenticator
from tests.support.state import beside
from tracker.access import files, lasting
from tracker.access.access import Scope
from tracker.access.files import ACCESS
from tracker.access.guard import Guard
from tracker.access.lasting import LOOK_EVERY_S, LastingAnswer
from tracker.access.tokens import Tokens
from tracker.listener import asgi

PIECE = {"type": "http.response.body", "body": b"a piece", "more_body": True}
END = {"type": "http.response.body", "body": b"", "more_body": False}


class Wire:
    """Keeps what is sent, and says whether it may go on; counts how often it is asked."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.now_s = 0.0
        self.may = True
        self.asked = 0

    async def send(self, message: Any) -> None:
        """Keep a message."""
        self.sent.append(message)

    async def may_go_on(self) -> bool:
        """Return it."""
        self.asked += 1
        return self.may

    @property
    def answer(self) -> LastingAnswer:
        """Begin an answer."""
        return LastingAnswer(self.send, self.may_go_on, lambda: self.now_s)


async def test_a_short_answer_is_not_looked_at_again() -> None:
    """Nor the last piece of a long one: it was let in."""
    wire = Wire()
    answer = wire.answer
    await answer(PIECE)
    wire.now_s = 100.0
    await answer(END)
    assert (wire.sent, wire.asked) == ([PIECE, END], 0)


async def test_a_long_answer_is_looked_at_now_and_then() -> None:
    """However many pieces it has."""
    wire = Wire()
    answer = wire.answer
    for _ in range(10):
        wire.now_s += LOOK_EVERY_S / 2
        await answer(PIECE)
    assert (wire.sent, wire.asked) == ([PIECE] * 10, 5)


async def test_an_answer_ends_when_it_may_not_go_on() -> None:
    """What is still sent goes nowhere."""
    wire = Wire()
    answer = wire.answer
    await answer(PIECE)
    wire.now_s, wire.may = LOOK_EVERY_S, False
    for message in (PIECE, PIECE, END):
        await answer(message)
    assert wire.sent == [PIECE, END]


async def _endless(_request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.01)

    return StreamingResponse(pieces())


@pytest.mark.parametrize("revoked", ["mine", "other"])
async def test_what_lasts_ends_with_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revoked: str
) -> None:
    """And with no other; the application is told, and stops."""
    monkeypatch.setattr(lasting, "LOOK_EVERY_S", 0.05)
    store = tmp_path / "waypost.db"
    mine, _ = files.add(beside(store), "mine", [Scope.FIGURES], None)
    files.add(beside(store), "other", [Scope.FIGURES], None)
    who = authenticator(b"horse staple", store=store)
    guarded = Guard(Starlette(routes=[Route("/", _endless)]), who)

    def read_on(answer: http.client.HTTPResponse, pieces: int) -> bytes:
        return answer.read(pieces)

    async with http_server.serving(asgi.serving(guarded)) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
        with contextlib.closing(connection):
            headers = {"Authorization": f"Bearer {mine}"}
            await asyncio.to_thread(connection.request, "GET", "/", headers=headers)
            answer = await asyncio.to_thread(connection.getresponse)
            assert await asyncio.to_thread(read_on, answer, 20) == b"." * 20
            known = Tokens.from_records(ACCESS.merged(beside(store)).records)
            files.revoke(beside(store), next(known.named(revoked)))
            who._tokens.refresh()
            if revoked == "mine":
                await asyncio.to_thread(answer.read)  # to its end
            else:
                assert await asyncio.to_thread(read_on, answer, 200) == b"." * 200
