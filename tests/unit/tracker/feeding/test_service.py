"""Feeding as a service of its own."""

import asyncio
import os
import signal
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from config.loading.load import ConfigError, Problem
from config.schema import Config
from tests.support.feeding import click_count, eventually, put
from tracker.feeding import service
from tracker.spool.writer import Spool


@pytest.fixture(autouse=True)
def as_important_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the priority of this process alone: it cannot be had back."""
    monkeypatch.setattr(service, "give_way", lambda: None)


def named(lines: list[MutableMapping[str, Any]]) -> list[str]:
    """Return what was logged of the service, in order."""
    return [each["event"] for each in lines if each["event"].startswith(("feeder", "restart"))]


async def test_it_feeds_until_it_is_to_stop(
    storing: Config, spool: Spool, logged: list[MutableMapping[str, Any]]
) -> None:
    """It is ready at once, whatever waits."""
    put(spool, 1, 2)
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(
        service.serve(storing, stop=stop, on_ready=ready.set, reload=lambda: storing)
    )
    await asyncio.wait_for(ready.wait(), 20)
    await asyncio.to_thread(eventually, lambda: click_count(storing) == 2)
    stop.set()
    await asyncio.wait_for(serving, 20)
    assert named(logged) == ["feeder_ready", "feeder_stopping"]


async def test_sighup_reads_the_configuration_again(
    storing: Config, tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    """One that cannot be used changes nothing; the store stays the same until a restart."""
    elsewhere = Config.model_validate({"store": {"url": f"sqlite:///{tmp_path}/elsewhere.db"}})
    answers: list[Config | ConfigError] = [
        ConfigError((Problem(Path("waypost.toml"), 1, "privacy.ip", "is not known"),)),
        elsewhere,
    ]

    asked = asyncio.Event()

    def reload() -> Config:
        asked.set()
        answer = answers.pop(0)
        if isinstance(answer, ConfigError):
            raise answer
        return answer

    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(
        service.serve(storing, stop=stop, on_ready=ready.set, reload=reload)
    )
    await asyncio.wait_for(ready.wait(), 20)
    for _ in range(2):
        asked.clear()
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(asked.wait(), 20)
    stop.set()
    await asyncio.wait_for(serving, 20)
    assert named(logged) == [
        "feeder_ready",
        "feeder_not_reloaded",
        "feeder_reloaded",
        "restart_needed",
        "feeder_stopping",
    ]
    assert not (tmp_path / "elsewhere.db").exists()
