"""How the event loop is shared out."""

import asyncio

import pytest
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


async def test_while_little_is_used_the_loop_is_left_alone() -> None:
    """A callback would keep it from waiting; half a bound may be used before there is one."""
    budget, calls = LoopBudget(100), []
    loop = asyncio.get_running_loop()
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(loop, "call_soon", lambda call, *_: calls.append(call))
        await budget.take(49)
        assert not calls
        await budget.take(1)
    assert calls == [budget._tick]


async def test_the_loop_is_left_alone_again_once_all_is_done() -> None:
    """However much was."""
    budget = LoopBudget(100)
    await asyncio.gather(*(budget.take(100) for _ in range(3)))
    for _ in range(4):
        await asyncio.sleep(0)
    assert not budget._ticking


async def test_no_iteration_has_two_turns() -> None:
    """However many want one at the same time; all have theirs, first come, first served."""
    budget, clock, done = LoopBudget(10_000_000), Clock(), []

    async def work(name: int) -> None:
        await budget.turn()
        done.append((clock.iteration, name))

    await asyncio.gather(*map(work, range(10)))
    clock.task.cancel()
    assert [name for _, name in done] == list(range(10))
    assert len({iteration for iteration, _ in done}) == 10


async def test_others_go_on_while_somebody_waits_for_a_turn() -> None:
    """A command is little work: it stands in no line behind messages."""
    budget = LoopBudget(10_000_000)
    first, second = (asyncio.create_task(budget.turn()) for _ in range(2))
    await asyncio.sleep(0)
    assert (first.done(), second.done()) == (True, False)
    assert budget.taken(1)
    await asyncio.wait_for(second, 10)


async def test_a_turn_waits_for_room() -> None:
    """An iteration that has been used up by others is none for a message."""
    budget, clock = LoopBudget(100), Clock()
    await asyncio.sleep(0)
    await budget.take(100)
    before = clock.iteration
    await budget.turn()
    assert clock.iteration > before
    clock.task.cancel()


async def test_who_gave_up_in_line_keeps_the_turn_from_nobody() -> None:
    """Be it before its turn, or just as that came."""
    budget = LoopBudget(10_000_000)
    first, early, late = (asyncio.create_task(budget.turn()) for _ in range(3))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.sleep(0)  # the turn of the first has ended, and is the last one's
    late.cancel()
    await asyncio.gather(first, early, late, return_exceptions=True)
    assert (first.cancelled(), early.cancelled(), late.cancelled()) == (False, True, True)
    await asyncio.wait_for(budget.turn(), 10)


async def test_who_gave_up_while_its_turn_waited_for_room_keeps_the_turn_from_nobody() -> None:
    """Its session has ended; others have messages."""
    budget = LoopBudget(100)
    await budget.take(100)
    waiting = asyncio.create_task(budget.turn())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait_for(budget.turn(), 10)
    assert waiting.cancelled()
