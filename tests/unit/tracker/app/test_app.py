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
from tests.support.feeding import click_count, eventually
from tests.support.log_lines import capture_logs
from tests.support.readers.readers import BROWSER
from tests.support.waiting_in_loop import until, until_told
from tracker.app import app
from tracker.app.in_force import InForce
from tracker.app.parts import prepare
from tracker.listener import sockets as listening
from tracker.minting.short_links import ShortLinks
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
async def serving(
    config: Config,
    reload: Callable[[], Config] | None = None,
    process: app.Process = app.THE_ONLY,
) -> AsyncIterator[int]:
    """Run the tracker until the block ends; gives its port."""
    sockets = listening.bind(config.tracker.listen)
    port = listening.names(sockets)[0].port
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(
        app.serve(
            InForce(config, prepare(config, sockets)),
            stop=stop,
            on_ready=ready.set,
            read=reload,
            process=process,
        )
    )
    await asyncio.wait({task, asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
    yield port
    stop.set()
    await asyncio.wait_for(task, 20)


def children() -> str:
    """Return the processes that this one has started."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


async def follow(port: int, path: str) -> tuple[int, str | None]:
    """Request a path; gives the status and where it leads."""

    def ask() -> tuple[int, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
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

        async def leads() -> bool:
            return (await follow(port, furnished.link()))[0] == 302

        await until_told(leads)
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
        assert (await follow(port, furnished.link()))[0] == 302
        await asyncio.to_thread(eventually, lambda: click_count(furnished.config) > 0)
    assert click_count(furnished.config) == 1


async def test_one_that_does_not_lead_redirects_and_no_more(
    furnished: Furnished, tmp_path: Path
) -> None:
    """Of several workers one has the admin listener, and feeds the store."""
    follower = app.Process("tracker-1", leads=False)
    before = children()
    with capture_logs() as lines:
        async with serving(furnished.config, process=follower) as port:
            assert (await follow(port, furnished.link()))[0] == 302
            assert children() == before
    (ready,) = (line for line in lines if line["event"] == "tracker_ready")
    assert ready["admin"] == []
    assert not (tmp_path / "waypost.db").exists()


async def test_a_short_link_that_a_command_made_leads_on_at_once(furnished: Furnished) -> None:
    """Or another worker: whoever holds it may follow it, though its file was not looked at since."""
    async with serving(furnished.config) as port:
        token = furnished.link().removeprefix("/c/")
        for _ in range(5):  # the file is looked at every second: hardly each time just now
            code = ShortLinks.load(furnished.config.store.file).add(token)
            assert await follow(port, f"/s/{code}") == (302, "https://example.com/?a=1#b")
        assert (await follow(port, "/s/unknown"))[0] == 404


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
        for told in ("tracker_not_reloaded", "tracker_reloaded"):
            with capture_logs() as lines:
                os.kill(os.getpid(), signal.SIGHUP)
                await until(lambda: told in [line["event"] for line in lines])  # noqa: B023
            await follow(port, furnished.link())
            kept = [
                json.loads(line.partition(b" ")[2])["ip"]
                for segment in furnished.config.store.spool_dir.glob("*.log")
                for line in segment.read_bytes().splitlines()
            ]
    assert kept == ["127.0.0.0", None]
