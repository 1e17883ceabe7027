"""Something done now and then while a client is silent."""

import asyncio

import pytest

from proxy.relay.keep_alive import IdleKeepAlive, KeepAlive
from tests.support.waiting_in_loop import until

SOON_S = 0.01
NEVER_S = 3600.0


async def test_it_is_done_again_and_again_until_it_is_stopped() -> None:
    """Not before the first time has passed."""
    done: list[None] = []

    async def act() -> None:
        done.append(None)

    alive = KeepAlive(act, SOON_S)
    assert not done
    await until(lambda: len(done) >= 3)
    await alive.stop()
    assert alive._task is not None
    assert alive._task.done()


async def test_what_never_began_is_stopped_at_once() -> None:
    """As after most commands."""
    alive = KeepAlive(asyncio.sleep, NEVER_S)  # type: ignore[arg-type]
    await alive.stop()
    assert alive._task is None


async def test_what_is_being_done_is_waited_for() -> None:
    """The next command must not read the reply to this one."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def act() -> None:
        begun.set()
        await may_end.wait()

    alive = KeepAlive(act, SOON_S)
    await begun.wait()
    stopping = asyncio.create_task(alive.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    may_end.set()
    await stopping


async def test_a_session_that_was_cancelled_does_not_begin_to_wait() -> None:
    """As it ends, at a stop of the service."""
    begun = asyncio.Event()

    async def act() -> None:
        begun.set()
        await asyncio.sleep(NEVER_S)

    alive = KeepAlive(act, SOON_S)

    async def session() -> None:
        try:
            await asyncio.sleep(NEVER_S)
        finally:
            await alive.stop()

    await begun.wait()
    running = asyncio.create_task(session())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    task = alive._task
    assert task is not None
    await until(task.done)


async def test_a_session_that_is_cancelled_waits_for_nothing() -> None:
    """What is being done ends with it."""
    begun = asyncio.Event()

    async def act() -> None:
        begun.set()
        await asyncio.sleep(NEVER_S)

    alive = KeepAlive(act, SOON_S)
    await begun.wait()
    stopping = asyncio.create_task(alive.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    task = alive._task
    assert task is not None
    await until(task.done)


async def test_a_long_silence_is_kept_alive_and_its_end_waited_for() -> None:
    """From the time on that makes it long, as often as that passes."""
    done: list[None] = []

    async def act() -> None:
        done.append(None)

    silences = IdleKeepAlive(act, SOON_S)
    silences.begin()
    assert not done
    await until(lambda: len(done) >= 2)
    lasting = silences._keep_alive
    await silences.end()
    assert lasting is not None
    assert lasting._stopped.is_set()
    silences.close()


async def test_short_silences_share_one_timer() -> None:
    """As it is put off by nobody, it costs nothing that clients go on."""
    silences = IdleKeepAlive(asyncio.sleep, NEVER_S)  # type: ignore[arg-type]
    silences.begin()
    timer = silences._timer
    await silences.end()
    silences.begin()
    assert silences._timer is timer
    silences.close()
    assert timer is not None
    assert timer.cancelled()


async def test_a_silence_that_began_late_is_not_long_when_the_timer_fires() -> None:
    """It is measured from its own beginning."""
    done: list[float] = []

    async def act() -> None:
        done.append(asyncio.get_running_loop().time())

    silences, late_s = IdleKeepAlive(act, 10 * SOON_S), 5 * SOON_S
    silences.begin()
    await asyncio.sleep(late_s)
    await silences.end()
    begun_s = asyncio.get_running_loop().time()
    silences.begin()
    await until(lambda: bool(done))
    assert done[0] - begun_s >= 9 * SOON_S
    await silences.end()
    silences.close()


async def test_no_silence_leaves_no_timer_behind() -> None:
    """A client that is being served may take its time."""
    silences = IdleKeepAlive(asyncio.sleep, SOON_S)  # type: ignore[arg-type]
    silences.begin()
    await silences.end()
    await until(lambda: silences._timer is None)
    assert silences._keep_alive is None
