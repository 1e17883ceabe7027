"""The tracker as a whole, in this process: its start, its clicks and its stop."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.keys import token_keys
from config.loading.load import ConfigError, Problem
from config.schema import Config, PrivacyConfig
from tests.support.readers.readers import BROWSER
from tracker.app import app
from tracker.app.parts import prepare
from tracker.listener import sockets as listening
from tracker.store.database import StoreError, reading
from tracker.tokens import Keyring, Link, mint


@dataclass
class Furnished:
    """A configuration with keys in a folder of its own, and a link that its tracker knows."""

    config: Config
    keyring: Keyring

    def link(self, destination: str = "https://example.com/?a=1#b") -> str:
        """Mint the path of a new link."""
        return "/c/" + mint(self.keyring, Link(b"12345678", 1, 1, int(time.time()), destination))


@pytest.fixture
def furnished(tmp_path: Path) -> Furnished:
    """Make keys and a configuration that listens on a free port."""
    file = tmp_path / "token.keys"
    token_keys.write_token_keys(file, [token_keys.new_token_key()])
    config = Config.model_validate(
        {
            "tracker": {"listen": ["127.0.0.1:0"], "admin_listen": []},
            "store": {"url": f"sqlite:///{tmp_path}/waypost.db"},
            "keys": {"file": str(file)},
        }
    )
    return Furnished(config, Keyring.load(file))


@contextlib.asynccontextmanager
async def serving(config: Config, reload: Callable[[], Config] | None = None) -> AsyncIterator[int]:
    """Run the tracker until the block ends; gives its port."""
    sockets = listening.bind(config.tracker.listen)
    port = listening.names(sockets)[0].port
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(
        app.serve(
            config,
            stop=stop,
            on_ready=ready.set,
            parts=prepare(config, sockets),
            reload=reload,
        )
    )
    await asyncio.wait({task, asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
    yield port
    stop.set()
    await asyncio.wait_for(task, 20)


async def follow(port: int, path: str) -> tuple[int, str | None]:
    """Request a path; gives the status and where it leads."""

    def ask() -> tuple[int, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=BROWSER)
            answer = connection.getresponse()
            return answer.status, answer.headers["Location"]

    return await asyncio.to_thread(ask)


async def test_a_click_is_redirected_and_kept(furnished: Furnished) -> None:
    """The way of one click, from the socket to the spool."""
    async with serving(furnished.config) as port:
        assert await follow(port, furnished.link()) == (302, "https://example.com/?a=1#b")
        (segment,) = furnished.config.store.spool_dir.glob("*.log")
        assert b"https://example.com/?a=1#b" in segment.read_bytes()


async def test_a_new_key_is_in_force_within_seconds(furnished: Furnished) -> None:
    """Rotation needs no restart of the tracker, so that no fresh link is ever dead."""
    assert furnished.config.keys.file is not None
    old = token_keys.read_token_keys(furnished.config.keys.file)
    async with serving(furnished.config) as port:
        before = furnished.link()
        new = [*old, token_keys.new_token_key(old)]
        token_keys.write_token_keys(furnished.config.keys.file, new, replace=True)
        furnished.keyring = Keyring(new)
        deadline = time.monotonic() + 10
        while (await follow(port, furnished.link()))[0] != 302:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        assert (await follow(port, before))[0] == 302


async def test_a_spool_that_cannot_be_made_does_not_stop_redirects(furnished: Furnished) -> None:
    """P8: a file stands where the spool's folder should be, and readers still arrive."""
    furnished.config.store.spool_dir.write_text("in the way")
    async with serving(furnished.config) as port:
        for _ in range(3):
            assert (await follow(port, furnished.link()))[0] == 302


async def test_a_click_reaches_the_store(furnished: Furnished) -> None:
    """The ingester runs beside the redirector."""
    async with serving(furnished.config) as port:
        await follow(port, furnished.link())
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(StoreError), reading(furnished.config.store.path) as db:
                if db["clicks"].count:
                    break
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_sighup_reads_the_configuration_again(furnished: Furnished) -> None:
    """What is kept of addresses changes without a restart; a broken file changes nothing."""
    answers: list[Config | ConfigError] = [
        ConfigError((Problem(Path("waypost.toml"), 1, "privacy.ip", "is not known"),)),
        furnished.config.model_copy(update={"privacy": PrivacyConfig(ip="none")}),
    ]

    def reload() -> Config:
        answer = answers.pop(0)
        if isinstance(answer, ConfigError):
            raise answer
        return answer

    async with serving(furnished.config, reload) as port:
        kept = []
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.1)
            await follow(port, furnished.link())
            kept = [
                json.loads(line.partition(b" ")[2])["ip"]
                for segment in furnished.config.store.spool_dir.glob("*.log")
                for line in segment.read_bytes().splitlines()
            ]
    assert kept == ["127.0.0.0", None]
