"""How the event loop is shared out."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from proxy.scheduling.loop_budget import LoopBudget


class Clock:
    """Counts the iterations of the loop, as seen by a task that takes part in each."""

    def __init__(self) -> None:
        self.iteration = 0
        self.task = asyncio.create_task(self.tick())

    async def tick(self) -> None:
        """Count on and on."""
        while True:
            self.iteration += 1
            await asyncio.sleep(0)


async def worked(
    budget: LoopBudget, wanted: list[int], pauses: list[int] | None = None
) -> list[tuple[int, int]]:
    """Have a task for each of `wanted` take that many octets; return (iteration, octets) in order.

    `pauses`: how many iterations each of them lets pass before.
    """
    clock, done = Clock(), []

    async def take(octets: int, pause: int) -> None:
        for _ in range(pause):
            await asyncio.sleep(0)
        await budget.take(octets)
        done.append((clock.iteration, octets))

    await asyncio.gather(*map(take, wanted, pauses or [0] * len(wanted)))
    clock.task.cancel()
    return done


async def test_room_is_had_at_once() -> None:
    """Where this iteration and the last have some left, nobody waits for another."""
    budget, clock = LoopBudget(100), Clock()
    for _ in range(5):
        await asyncio.sleep(0)
        before = clock.iteration
        await budget.take(30)
        assert clock.iteration == before
    clock.task.cancel()


async def test_who_is_alone_hardly_waits() -> None:
    """Two iterations at most, however much was done in those before."""
    budget, clock = LoopBudget(100), Clock()
    for _ in range(5):
        before = clock.iteration
        await budget.take(100)
        assert clock.iteration - before <= 2
    clock.task.cancel()


async def test_an_iteration_holds_no_more_than_its_bound() -> None:
    """The last one in may go beyond it; the rest come in later iterations."""
    done = await worked(LoopBudget(100), [40] * 30)
    by_iteration = {at: sum(o for a, o in done if a == at) for at, _ in done}
    assert max(by_iteration.values()) == 120
    assert len(by_iteration) == 10


@given(wishes=st.lists(st.tuples(st.integers(1, 150), st.integers(0, 12)), max_size=40))
def test_only_one_goes_beyond_the_bound(wishes: list[tuple[int, int]]) -> None:
    """Whenever they come, and whatever they want."""
    wanted, pauses = [octets for octets, _ in wishes], [pause for _, pause in wishes]
    done = asyncio.run(worked(LoopBudget(100), wanted, pauses))
    assert sorted(octets for _, octets in done) == sorted(wanted)
    for iteration, _ in done:
        octets_in_it = [octets for at, octets in done if at == iteration]
        assert sum(octets_in_it) - max(octets_in_it) < 100


async def test_first_come_first_served() -> None:
    """Nobody is overtaken, not even by who wants little."""
    done = await worked(LoopBudget(100), [90, 90, 5, 90, 5])
    assert [octets for _, octets in done] == [90, 90, 5, 90, 5]


async def test_more_than_an_iteration_holds_has_one_of_its_own() -> None:
    """A wish that never fits must not wait for ever."""
    done = await worked(LoopBudget(100), [1000, 1000, 1])
    assert len({at for at, _ in done}) == 3


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
    assert all(each.cancelled() for each in leaving)
