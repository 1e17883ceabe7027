"""How much the relay gets of us: sessions, and messages in a while."""

import asyncio

import pytest

from config.service.shared_counts import LOOK_AGAIN_S, SharedCounts
from proxy.relay import pacing
from proxy.relay.pacing import Pace, SessionSlots, TooMuchNow


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody wait long."""
    monkeypatch.setattr(pacing, "WAIT_S", 0.05)


async def test_without_a_limit_all_have_a_session() -> None:
    """As by default."""
    slots = SessionSlots(None)
    for _ in range(1000):
        await slots.take()
    assert not slots.full


async def test_who_waits_longest_is_next() -> None:
    """And who comes later does not get ahead."""
    slots = SessionSlots(1)
    await slots.take()
    order: list[int] = []

    async def wait(number: int) -> None:
        await slots.take()
        order.append(number)
        slots.give_back()

    waiting = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    slots.give_back()
    await wait(3)
    await asyncio.gather(*waiting)
    assert order == [0, 1, 2, 3]
    assert not slots.full


async def test_who_waits_in_vain_hears_so(impatient: None) -> None:
    """And holds nothing."""
    slots = SessionSlots(1)
    await slots.take()
    with pytest.raises(TooMuchNow):
        await slots.take()
    slots.give_back()
    await slots.take()


async def test_who_gives_up_as_its_turn_comes_passes_it_on() -> None:
    """No slot is lost."""
    slots = SessionSlots(1)
    await slots.take()
    waiting = asyncio.create_task(slots.take())
    await asyncio.sleep(0)
    slots.give_back()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not slots.full


async def test_an_idle_session_makes_room() -> None:
    """The one that is idle for longest; not one that is busy again."""
    slots = SessionSlots(3)
    ended: list[str] = []

    def end(name: str) -> None:
        ended.append(name)
        slots.give_back()

    for name in "abc":
        await slots.take()
        slots.idle(name, lambda name=name: end(name))
    slots.busy("a")
    await slots.take()
    assert ended == ["b"]


async def test_a_session_that_becomes_idle_makes_room_for_who_waits() -> None:
    """At once."""
    slots = SessionSlots(1)
    await slots.take()
    waiting = asyncio.create_task(slots.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    slots.idle("a", slots.give_back)
    await waiting
    assert waiting.done()


async def test_messages_go_evenly() -> None:
    """After those that a second allows."""
    pace = Pace(2.0)
    now_s = asyncio.get_running_loop().time()
    await pace.turn()
    await pace.turn()
    assert pace._next_at_s > now_s
    assert pace._next_at_s <= now_s + 1.5


async def test_who_would_wait_too_long_hears_so_at_once(impatient: None) -> None:
    """And takes no turn of others."""
    pace = Pace(1.0)
    await pace.turn()
    before_s = pace._next_at_s
    with pytest.raises(TooMuchNow):
        await pace.turn()
    assert pace._next_at_s == before_s


async def test_without_a_rate_nobody_waits() -> None:
    """As by default."""
    pace = Pace(None)
    before_s = pace._next_at_s
    for _ in range(1000):
        await pace.turn()
    assert pace._next_at_s == before_s


async def test_workers_hold_the_limit_together() -> None:
    """A session that one of them gives back goes to who waits in another."""
    counts = SharedCounts(2)
    here, there = (SessionSlots(2, "relay", counts.of(index)) for index in range(2))
    await here.take()
    await here.take()
    waiting = asyncio.create_task(there.take())
    await asyncio.sleep(2 * LOOK_AGAIN_S)
    assert (there.full, waiting.done()) == (True, False)
    here.give_back()
    await waiting
    assert here.full


async def test_an_idle_session_makes_room_for_another_worker() -> None:
    """Within the time in which it looks for that."""
    counts = SharedCounts(2)
    here, there = (SessionSlots(1, "relay", counts.of(index)) for index in range(2))
    await here.take()
    here.idle("a", here.give_back)
    await there.take()
    assert not here._held


async def test_a_worker_whose_clients_queue_leaves_some_to_another() -> None:
    """Else they would pass its sessions on among themselves, and the other would never see one."""
    counts = SharedCounts(2)
    here, there = (SessionSlots(1, "relay", counts.of(index)) for index in range(2))

    async def take_turns() -> None:
        while True:
            await here.take()
            await asyncio.sleep(0)
            here.give_back()

    busy = [asyncio.create_task(take_turns()) for _ in range(3)]
    await asyncio.sleep(0)
    try:
        await there.take()
        assert not here._held
    finally:
        for each in busy:
            each.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
