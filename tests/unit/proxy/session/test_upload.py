"""Taking in one message: it ends where it has to give way to others, and where its client does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import pytest

from proxy.client.connection import ClientConnection
from proxy.client.limits import RECEIVE_OCTETS
from proxy.scheduling.loop_budget import ITERATION_OCTETS, LoopBudget
from proxy.session import memory_budget, upload
from proxy.session.memory_budget import Lease, MemoryBudget
from proxy.session.upload import UploadAborted, receive
from proxy.smtp import replies
from proxy.smtp.data import Received, Refusal
from tests.support.clients.smtp_client import Dialogue
from tests.support.waiting_in_loop import until

BUDGET_OCTETS = 40_000
MAX_OCTETS = 30_000
LARGE = b"x" * 18_000 + b"\r\n"


@dataclass
class Uploading:
    """A client amid DATA, and what becomes of its message."""

    client: Dialogue
    lease: Lease
    receiving: "asyncio.Task[Received]"
    between: list[int]
    """What its lease held each time that there was something else to do between two chunks."""


@pytest.fixture
async def uploads() -> AsyncIterator[list[Uploading]]:
    """Begin three uploads of different clients, which share a budget."""
    accepted: asyncio.Queue[ClientConnection] = asyncio.Queue()
    arriving = memoryview(bytearray(RECEIVE_OCTETS))
    server = await asyncio.get_running_loop().create_server(
        lambda: ClientConnection(accepted.put_nowait, arriving), "127.0.0.1", 0
    )
    budget, loop_budget = MemoryBudget(BUDGET_OCTETS), LoopBudget(ITERATION_OCTETS)
    made: list[Uploading] = []
    connections: list[ClientConnection] = []

    async def meanwhile(lease: Lease, between: list[int]) -> None:
        between.append(lease.held_octets)
        await asyncio.sleep(0)

    for name in ("a", "b", "c"):
        client = await Dialogue.connect(server.sockets[0].getsockname()[1])
        connections.append(await accepted.get())
        lease, between = Lease(budget, (name,)), list[int]()
        receiving = receive(
            connections[-1],
            lease,
            loop_budget,
            MAX_OCTETS,
            normalise=False,
            meanwhile=partial(meanwhile, lease, between),
        )
        made.append(Uploading(client, lease, asyncio.create_task(receiving), between))
    yield made
    server.close()
    for each, connection in zip(made, connections, strict=True):
        each.receiving.cancel()
        await asyncio.gather(each.receiving, return_exceptions=True)
        connection.abort()
        await each.client.close()


async def test_a_message_is_taken_to_its_end(uploads: list[Uploading]) -> None:
    """It holds memory for as long as its lease."""
    uploads[0].client.send(LARGE + b".\r\n")
    received = await uploads[0].receiving
    assert (received.refusal, received.content) == (None, LARGE)
    assert uploads[0].lease.held_octets == len(LARGE)


async def test_there_is_something_else_to_do_after_each_chunk_but_the_last(
    uploads: list[Uploading],
) -> None:
    """The relay waits meanwhile, and must not hang up; after the last, it has work."""
    slow = uploads[0]
    for number, line in enumerate((b"one\r\n", b"two\r\n", b"three\r\n"), 1):
        slow.client.send(line)
        await until(lambda so_far=number: len(slow.between) == so_far)
    slow.client.send(b".\r\n")
    assert (await slow.receiving).content == b"one\r\ntwo\r\nthree\r\n"
    assert len(slow.between) == 3
    assert slow.between == sorted(slow.between)


async def test_a_slow_upload_ends_when_others_have_no_room(
    uploads: list[Uploading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, though it waits for its client; its memory is theirs."""
    slow, other, _ = uploads
    slow.client.send(LARGE)
    await until(lambda: slow.lease.held_octets > 0)
    monkeypatch.setattr(memory_budget, "UPLOAD_PATIENCE_S", 0.0)
    slow.lease._patience_s = 0.0
    other.client.send(LARGE + b".\r\n")
    with pytest.raises(UploadAborted) as aborted:
        await asyncio.wait_for(slow.receiving, 2)
    assert (aborted.value.reply, aborted.value.why) == (replies.TOO_SLOW_NOW, "slow")
    assert (await other.receiving).content == LARGE
    assert slow.lease.held_octets == 0


async def test_one_that_keeps_up_is_let_finish(uploads: list[Uploading]) -> None:
    """The next has no room then, and hears so at its end."""
    first, second, _ = uploads
    first.client.send(LARGE)
    await until(lambda: first.lease.held_octets > 0)
    second.client.send(LARGE + b".\r\n")
    assert (await second.receiving).refusal is Refusal.NO_MEMORY
    first.client.send(b".\r\n")
    assert (await first.receiving).content == LARGE


async def test_a_silent_client_is_not_taken_for_a_slow_one(
    uploads: list[Uploading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody needed its memory: it is its own silence that ends it."""
    monkeypatch.setattr(upload, "DATA_PATIENCE_S", 0.05)
    uploads[0].client.send(b"half a line")
    with pytest.raises(TimeoutError):
        await uploads[0].receiving
