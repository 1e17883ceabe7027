"""SIGHUP is passed on to every service in the process."""

import asyncio
import os
import signal
import threading

import pytest

from config.schema import Config
from config.service import reload, systemd
from config.service.reload import changed, keep, on_sighup, reload_unheard, tell


async def hang_up(told: asyncio.Event) -> None:
    """Send ourselves SIGHUP, and wait until `told` is set."""
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(5):
        await told.wait()


async def test_everyone_is_told() -> None:
    """Two who live in one process both hear one signal."""
    first, second = asyncio.Event(), asyncio.Event()
    with on_sighup(first.set), on_sighup(second.set):
        await hang_up(second)
    assert first.is_set()


async def test_who_has_left_is_told_no_more() -> None:
    """The one who stays still hears it."""
    left, stays = asyncio.Event(), asyncio.Event()
    with on_sighup(stays.set):
        with on_sighup(left.set):
            pass
        await hang_up(stays)
    assert not left.is_set()


async def test_it_does_not_end_a_process_that_all_have_left() -> None:
    """Who stops has work to finish, and whoever sends the signal cannot know."""
    with on_sighup(asyncio.Event().set):
        pass
    assert signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0)


async def test_one_that_came_while_blocked_is_heard() -> None:
    """So that a process which is about to begin loses none, and is not ended by it."""
    told = asyncio.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
    with on_sighup(told.set):
        async with asyncio.timeout(5):
            assert await told.wait()


@pytest.mark.parametrize(
    ("waiting", "told"), [((), ""), (("a.b",), "takes a restart for a.b"), (None, "not reloaded")]
)
def test_systemd_hears_what_only_workers_log(
    waiting: tuple[str, ...] | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes a restart, or why nothing was reloaded; no error gets further."""
    heard: list[str] = []
    monkeypatch.setattr(systemd, "status", heard.append)

    def reload() -> tuple[str, ...]:
        if waiting is None:
            raise RuntimeError("a fault")
        return waiting

    reload_unheard("a service", reload)
    assert told in heard[-1]
    assert ("a fault" in heard[-1]) == (waiting is None)
    reload_unheard("a service", tuple)  # as it was before this test


BEFORE = Config.model_validate({"proxy": {"workers": 1}, "log": {"level": "error"}})
AFTER = Config.model_validate({"proxy": {"workers": 2, "max_copies": 5}, "log": {"level": "error"}})


def test_keys_that_have_changed_are_named() -> None:
    """Of those that are asked about."""
    assert changed(("proxy.workers", "log.level"), BEFORE, AFTER) == ("proxy.workers",)


def test_keys_that_are_kept_stay_and_all_others_are_new() -> None:
    """Neither configuration is changed itself."""
    kept = keep(("proxy.workers", "log.level"), BEFORE, AFTER)
    assert (kept.proxy.workers, kept.proxy.max_copies) == (1, 5)
    assert changed(("proxy.workers", "proxy.max_copies"), AFTER, kept) == ("proxy.workers",)
    assert AFTER.proxy.workers == 2


def test_systemd_is_told_what_is_not_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each service in the process, until its next reload."""
    told: list[str] = []
    monkeypatch.setattr(systemd, "status", told.append)
    monkeypatch.setattr(reload, "_left_out", {})
    tell("proxy", refused="waypost.toml:3: proxy.max_size: not a size")
    tell("tracker", waiting=["store.url", "log.level"])
    tell("proxy")
    tell("tracker")
    refused = (
        "proxy not reloaded, what was in force stays: waypost.toml:3: proxy.max_size: not a size"
    )
    waiting = "tracker takes a restart for store.url, log.level"
    assert told == [refused, f"{refused}; {waiting}", waiting, ""]
