"""Waits with one timer for all of them."""

import asyncio

import pytest

from config.service.patience import Patience

SOON_S, LATER_S = 0.02, 30.0


async def _begun(patience: Patience, patience_s: float) -> asyncio.Task[None]:
    """Have a task wait, and return it once it does."""
    task = asyncio.create_task(patience.wait(patience_s))
    await asyncio.sleep(0)
    return task


async def test_a_wait_ends_when_it_is_told_to() -> None:
    """What was waited for has come."""
    patience = Patience()
    waiting = await _begun(patience, LATER_S)
    assert not waiting.done()
    patience.end()
    await asyncio.wait([waiting], timeout=LATER_S / 2)
    assert waiting.done()
    assert waiting.exception() is None
    patience.close()


async def test_a_wait_in_vain_ends_by_itself() -> None:
    """Nothing has come in time."""
    with pytest.raises(TimeoutError):
        await Patience().wait(SOON_S)


async def test_the_timer_of_an_earlier_wait_cuts_no_later_one_short() -> None:
    """The timer that is there fires, finds that more time is left, and is set anew."""
    patience = Patience()
    first = await _begun(patience, SOON_S)
    patience.end()
    await first
    second = await _begun(patience, LATER_S)
    await asyncio.sleep(3 * SOON_S)
    assert not second.done()
    patience.end()
    await second
    patience.close()


async def test_a_shorter_wait_is_not_held_up_by_the_timer_of_a_longer_one() -> None:
    """The timer is moved forward."""
    patience = Patience()
    first = await _begun(patience, LATER_S)
    patience.end()
    await first
    with pytest.raises(TimeoutError):
        await patience.wait(SOON_S)


async def test_a_wait_that_is_cancelled_leaves_the_next_one_alone() -> None:
    """Whoever waits next is told for itself."""
    patience = Patience()
    cancelled = await _begun(patience, LATER_S)
    cancelled.cancel()
    second = await _begun(patience, LATER_S)
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    patience.end()
    await second
    patience.close()


async def test_a_wait_without_bounds_outlasts_any_timer() -> None:
    """Its caller has a bound of its own."""
    patience = Patience()
    first = await _begun(patience, SOON_S)
    patience.end()
    await first
    second = asyncio.create_task(patience.wait_until(float("inf")))
    await asyncio.sleep(3 * SOON_S)
    assert not second.done()
    patience.end()
    await second


async def test_an_end_that_nobody_waits_for_is_forgotten() -> None:
    """The next wait is for what comes then."""
    patience = Patience()
    patience.end()
    with pytest.raises(TimeoutError):
        await patience.wait(SOON_S)
