"""The process for large messages, where it dies."""

import asyncio
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from proxy.rewrite.transformer import Submission
from proxy.scheduling.offload import OffloadProcess
from tests.support.session_fixtures import configuration

SUBMISSION = Submission(b"a@example.com", (b"b@example.net", b"c@example.net"), trusted=True)
MESSAGE = (
    b"From: a@example.com\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n'
)


async def test_who_hears_late_of_a_death_does_not_end_the_next_process(tmp_path: Path) -> None:
    """All who had work there hear of it one after another; somebody may have begun anew between."""
    offload = OffloadProcess(configuration(tmp_path, 25))
    futures: list[Future[None]] = [Future(), Future()]
    dead = offload._started()
    early, late = (asyncio.create_task(offload._done(each)) for each in futures)
    await asyncio.sleep(0)
    futures[0].set_exception(BrokenProcessPool())
    with pytest.raises(BrokenProcessPool):
        await early
    async with offload.prepared(MESSAGE, SUBMISSION, 1_790_000_000) as make:
        futures[1].set_exception(BrokenProcessPool())
        with pytest.raises(BrokenProcessPool):
            await late
        assert make is not None
        assert b"/c/" in (await make(0)).content
    assert offload._pool is not dead
    offload.close()


async def test_keys_are_probed_where_the_service_starts_alone(tmp_path: Path) -> None:
    """The process for large messages has the same ones, and begins sooner without dkimpy."""
    offload = OffloadProcess(configuration(tmp_path, 25))
    loaded = offload._submitted(eval, "'dkim' in __import__('sys').modules")
    assert await offload._done(loaded) is False
    offload.close()
