"""Slots for logins: how many there are, whose share they are, and who is next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.service.shared_counts import LOOK_AGAIN_S, SharedCounts
from proxy.client import login_slots
from proxy.client.login_slots import LoginsCrowded, LoginSlots
from tests.support.waiting_in_loop import until


@asynccontextmanager
async def held(slots: LoginSlots, *networks: str) -> AsyncIterator[AsyncExitStack]:
    """Hold a slot for each of `networks`; closing what is returned gives them back."""
    async with AsyncExitStack() as stack:
        for network in networks:
            await stack.enter_async_context(slots.slot(network))
        yield stack


async def waiting(slots: LoginSlots, network: str, admitted: list[str]) -> "asyncio.Task[None]":
    """Have somebody wait for a slot, and note it in `admitted` when there is one."""

    async def wait() -> None:
        async with slots.slot(network):
            admitted.append(network)
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


async def test_a_slot_is_had_at_once_while_there_is_one() -> None:
    """And given back at the end."""
    slots = LoginSlots(3)
    async with held(slots, "a", "b", "a"):
        assert slots.held == 3
    assert slots.held == 0


async def test_who_waits_is_next_when_one_is_given_back() -> None:
    """First come, first served."""
    slots, admitted = LoginSlots(2), list[str]()
    async with held(slots, "a", "b") as holding:
        tasks = [await waiting(slots, name, admitted) for name in ("c", "d")]
        assert not admitted
        await holding.aclose()
        await asyncio.sleep(0)
        assert admitted == ["c", "d"]
    for task in tasks:
        task.cancel()


async def test_a_network_has_half_of_them() -> None:
    """Others are served while it waits for one of its own."""
    slots, admitted = LoginSlots(4), list[str]()
    async with held(slots, "a", "a"):
        tasks = [await waiting(slots, name, admitted) for name in ("a", "b")]
        assert admitted == ["b"]
    for task in tasks:
        task.cancel()


async def test_the_network_that_holds_the_fewest_is_next() -> None:
    """Those of one who tries again and again come after one who tries once."""
    slots, admitted = LoginSlots(4), list[str]()
    async with held(slots, "a", "b", "c") as holding, held(slots, "d"):
        tasks = [await waiting(slots, name, admitted) for name in ("d", "d", "e")]
        await holding.aclose()
        await asyncio.sleep(0)
        assert admitted[0] == "e"
    for task in tasks:
        task.cancel()


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a slot that nobody waits for any more goes to nobody."""
    monkeypatch.setattr(login_slots, "LOGIN_WAIT_S", 0.01)
    slots = LoginSlots(1)
    async with held(slots, "a"):
        with pytest.raises(LoginsCrowded):
            await slots._take("b")
    async with held(slots, "b"):
        assert slots.held == 1


async def test_a_slot_that_comes_too_late_is_given_back() -> None:
    """Whoever waited was cancelled in the same turn of the loop."""
    slots, admitted = LoginSlots(1), list[str]()
    async with held(slots, "a") as holding:
        task = await waiting(slots, "b", admitted)
        await holding.aclose()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (slots.held, admitted) == (0, [])


@given(st.integers(1, 5), st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
def test_slots_are_never_too_many_and_never_lost(limit: int, steps: list[tuple[str, bool]]) -> None:
    """Whoever comes and goes, in whatever order."""

    async def play() -> None:
        slots = LoginSlots(limit)
        tasks: list[asyncio.Task[None]] = []
        for network, leave in steps:
            if leave and tasks:
                tasks.pop(0).cancel()
                await asyncio.sleep(0)
            tasks.append(await waiting(slots, network, []))
            await asyncio.sleep(0)
            assert slots.held <= limit
            assert max(slots._held.values()) <= (limit + 1) // 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (slots.held, slots._waiting) == (0, {})

    asyncio.run(play())


async def test_workers_hold_the_slots_together() -> None:
    """One that is given back goes to who waits in another process; and so does a network's share."""
    counts = SharedCounts(2)
    here, there = (LoginSlots(2, counts.of(index)) for index in range(2))
    admitted: list[str] = []
    async with held(here, "a"):
        tasks = [await waiting(there, network, admitted) for network in ("a", "b")]
        await asyncio.sleep(2 * LOOK_AGAIN_S)
        await until(lambda: (admitted, here.held, there.held) == (["b"], 2, 2))
    tasks[1].cancel()
    await until(lambda: admitted == ["b", "a"])
    assert (here.held, there.held) == (1, 1)
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (here.held, there.held) == (0, 0)


async def test_a_worker_whose_clients_queue_leaves_some_to_another() -> None:
    """Else they would pass its slots on among themselves, and the other would never see one."""
    counts = SharedCounts(2)
    here, there = (LoginSlots(1, counts.of(index)) for index in range(2))

    async def log_in_again(network: str) -> None:
        while True:
            async with here.slot(network):
                await asyncio.sleep(0)

    busy = [asyncio.create_task(log_in_again(network)) for network in "abc"]
    await asyncio.sleep(0)
    try:
        async with held(there, "d"):
            assert here.held == 1
    finally:
        for each in busy:
            each.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
