"""How the turns of the event loop are shared out."""

import asyncio

from proxy.scheduling.loop_budget import LoopBudget


class Clock:
    """Counts the turns of the loop, as seen by a task that takes part in each."""

    def __init__(self) -> None:
        self.turn = 0
        self.task = asyncio.create_task(self.tick())

    async def tick(self) -> None:
        """Count on and on."""
        while True:
            self.turn += 1
            await asyncio.sleep(0)


async def worked(budget: LoopBudget, wanted: list[int]) -> list[tuple[int, int]]:
    """Have a task for each of `wanted` take that many octets; give (turn, octets) as they came."""
    clock, done = Clock(), []

    async def take(octets: int) -> None:
        await budget.take(octets)
        done.append((clock.turn, octets))

    await asyncio.gather(*map(take, wanted))
    clock.task.cancel()
    return done


async def test_room_is_had_at_once() -> None:
    """Who is alone never waits, however much was done in turns before."""
    budget = LoopBudget(100)
    for _ in range(5):
        asyncio.get_running_loop().call_soon(lambda: None)
        await asyncio.wait_for(budget.take(100), 10)
        await asyncio.sleep(0)


async def test_a_turn_holds_no_more_than_its_bound() -> None:
    """The last one in may go beyond it; the rest come in later turns."""
    done = await worked(LoopBudget(100), [40] * 30)
    in_turn = {turn: sum(o for t, o in done if t == turn) for turn, _ in done}
    assert max(in_turn.values()) == 120
    assert len(in_turn) == 10


async def test_first_come_first_served() -> None:
    """Nobody is overtaken, not even by who wants little."""
    done = await worked(LoopBudget(100), [90, 90, 5, 90, 5])
    assert [octets for _, octets in done] == [90, 90, 5, 90, 5]


async def test_more_than_a_turn_holds_has_a_turn_of_its_own() -> None:
    """A wish that never fits must not wait for ever."""
    done = await worked(LoopBudget(100), [1000, 1000, 1])
    assert len({turn for turn, _ in done}) == 3


async def test_who_gave_up_holds_nobody_up() -> None:
    """A session may end while it waits."""
    budget = LoopBudget(100)
    await budget.take(100)
    leaving = [asyncio.create_task(budget.take(100)) for _ in range(3)]
    staying = asyncio.create_task(budget.take(100))
    await asyncio.sleep(0)
    for each in leaving:
        each.cancel()
    await asyncio.wait_for(staying, 10)
    await asyncio.wait_for(budget.take(1), 10)
