"""Many clients at one time: each turn of the event loop holds a bounded part of their work."""

import asyncio
import gc
import weakref
from collections import Counter

import pytest

from proxy.client.limits import RECEIVE_OF_MESSAGE_OCTETS, SESSION_BUFFER_OCTETS
from proxy.rewrite.submission import Submission, TellPending
from proxy.rewrite.transformer import Prepared, Transformer
from proxy.scheduling.loop_budget import ITERATION_OCTETS
from proxy.smtp.data import DataReader
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import Proxy
from tests.support.waiting_in_loop import until

CLIENTS = 48
MESSAGE = b"From: a@example.com\r\n\r\n" + b"x" * 70 + b"\r\n"


class Turns:
    """Counts the turns of the loop, and what is done in each."""

    def __init__(self) -> None:
        self.now = 0
        self.done: Counter[int] = Counter()
        self._counting = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while True:
            self.now += 1
            await asyncio.sleep(0)

    def note(self, amount: int) -> None:
        """Note work done in this turn."""
        self.done[self.now] += amount

    def stop(self) -> int:
        """Count no more; return the most that was done in a turn."""
        self._counting.cancel()
        return max(self.done.values())


async def upload(proxy: Proxy, content: bytes, together: asyncio.Barrier) -> int:
    """Send a message, all clients at the same time."""
    client = await proxy.dial()
    await client.transaction()
    await together.wait()
    return (await client.message(content)).code


async def test_all_upload_at_once(
    proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In no turn are more octets worked on than a turn holds, and all messages arrive."""
    turns, together, feed = Turns(), asyncio.Barrier(CLIENTS), DataReader.feed

    def noted(reader: DataReader, chunk: bytes) -> bool:
        turns.note(len(chunk))
        return feed(reader, chunk)

    monkeypatch.setattr(DataReader, "feed", noted)
    content = MESSAGE + (b"y" * 70 + b"\r\n") * 4000
    codes = await asyncio.gather(*(upload(proxy, content, together) for _ in range(CLIENTS)))
    most_octets = turns.stop()
    assert set(codes) == {250}
    assert len(relay.messages) == CLIENTS
    largest_octets = SESSION_BUFFER_OCTETS + RECEIVE_OF_MESSAGE_OCTETS  # of what one has sent
    assert largest_octets < most_octets <= ITERATION_OCTETS + largest_octets


async def test_all_end_at_once(
    proxy: Proxy, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that are not large are worked on one a turn."""
    turns, together, prepare = Turns(), asyncio.Barrier(CLIENTS), Transformer.prepare

    def noted(
        transformer: Transformer,
        content: bytes,
        submission: Submission,
        now_s: float,
        tell_pending: TellPending | None = None,
    ) -> Prepared:
        turns.note(1)
        return prepare(transformer, content, submission, now_s, tell_pending)

    monkeypatch.setattr(Transformer, "prepare", noted)
    codes = await asyncio.gather(*(upload(proxy, MESSAGE, together) for _ in range(CLIENTS)))
    most = turns.stop()
    assert set(codes) == {250}
    assert len(relay.messages) == CLIENTS
    assert most == 1


async def test_a_session_is_freed_as_it_ends(proxy: Proxy) -> None:
    """Nothing of it waits for the collector, which would hold up all others for what it finds."""
    client = await proxy.dial()
    await until(lambda: bool(proxy.server._sessions()))
    there = weakref.ref(proxy.server._sessions()[0])
    gc.disable()
    try:
        await client.ask(b"QUIT")
        await client.close()
        await until(lambda: not proxy.server._sessions())
        await asyncio.sleep(0)  # its task lets go of it
        assert there() is None
    finally:
        gc.enable()
