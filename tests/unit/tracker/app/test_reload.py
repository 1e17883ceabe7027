"""What a reload changes in a tracker that runs, and what has to wait for a restart."""

import asyncio
import base64
import contextlib
import http.client
import os
import signal
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from config.keys import token_keys
from config.loading.load import ConfigError, Problem
from config.schema import Config
from config.service import descriptors
from tests.support.clients.programs import free_port
from tests.support.feeding import metric
from tests.support.log_lines import capture_logs
from tests.support.repository import DOCS
from tests.support.waiting_in_loop import until
from tracker.app import app
from tracker.app.in_force import TAKE_RESTART, InForce
from tracker.app.parts import prepare


@dataclass
class Running:
    """A tracker in this loop, and the tables that its next reload reads."""

    tables: dict[str, dict[str, Any]]
    problem: str = ""
    lines: list[MutableMapping[str, Any]] = field(default_factory=list)

    def read(self) -> Config:
        """Return the configuration as it is now."""
        if self.problem:
            raise ConfigError((Problem(Path("waypost.toml"), 1, "", self.problem),))
        return Config.model_validate(self.tables)

    async def reload(self) -> list[MutableMapping[str, Any]]:
        """Send SIGHUP; return what is logged once the tracker has read its configuration."""
        with capture_logs() as lines:
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: any("reloaded" in line["event"] for line in lines))
        return lines

    async def status(self, password: str | None = None) -> int:
        """Ask the admin listener for the metrics."""
        address = self.tables["tracker"]["admin_listen"][0]

        def ask() -> int:
            connection = http.client.HTTPConnection(address, timeout=60)
            pair = base64.b64encode(f":{password}".encode()).decode()
            headers = {} if password is None else {"Authorization": f"Basic {pair}"}
            with contextlib.closing(connection):
                connection.request("GET", "/metrics", headers=headers)
                return connection.getresponse().status

        return await asyncio.to_thread(ask)

    async def holds(self, connections: int) -> None:
        """Wait until it has so many of readers."""
        await until(lambda: metric("waypost_http_connections", listener="public") == connections)


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return a configuration with both listeners on free ports."""
    file = tmp_path / "token.keys"
    token_keys.write_token_keys(file, [token_keys.new_token_key()])
    return {
        "tracker": {
            "listen": [f"127.0.0.1:{free_port()}"],
            "admin_listen": [f"127.0.0.1:{free_port()}"],
        },
        "store": {"url": f"sqlite:///{tmp_path}/waypost.db"},
        "keys": {"file": str(file)},
        "log": {"level": "info", "format": "json"},
    }


@contextlib.asynccontextmanager
async def serving(tables: dict[str, dict[str, Any]]) -> AsyncIterator[Running]:
    """Run the tracker until the block ends."""
    running = Running({name: dict(table) for name, table in tables.items()})
    config = running.read()
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(
        app.serve(
            InForce(config, prepare(config)),
            stop=stop,
            on_ready=ready.set,
            read=running.read,
            process=app.Process("serve", takes_mail=True),
        )
    )
    await asyncio.wait({task, asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def test_more_sessions_of_mail_leave_fewer_connections_to_readers(
    tables: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process that has both, of the descriptors that there are; and the other way round."""
    monkeypatch.setattr(descriptors, "allowed", lambda: 600)
    tables["tracker"]["trusted_proxies"] = ["127.0.0.1/32"]
    tables["proxy"] = {"max_sessions": 20}
    address = tables["tracker"]["listen"][0].split(":")
    async with serving(tables) as running, contextlib.AsyncExitStack() as opened:

        async def connect(count: int) -> None:
            for _ in range(count):
                _, writer = await asyncio.open_connection(*address)
                opened.callback(writer.close)

        await connect(150)
        await running.holds(150)
        running.tables["proxy"]["max_sessions"] = 160
        await running.reload()
        await running.holds(99)
        running.tables["proxy"]["max_sessions"] = 20
        await running.reload()
        assert metric("waypost_http_connections", listener="public") == 99
        await connect(51)
        await running.holds(150)
        assert metric("waypost_http_connections", listener="public") == 150


def secret(path: Path, text: str) -> str:
    """Write a password that only its owner may read; return its path."""
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def events(lines: list[MutableMapping[str, Any]]) -> list[str]:
    """Return the names of events."""
    return [line["event"] for line in lines]


async def test_a_password_that_is_added_is_asked_for(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """From the reload on: whoever adds one does so because it is needed."""
    async with serving(tables) as running:
        assert await running.status() == 200
        running.tables["tracker"]["admin_password_file"] = secret(tmp_path / "a", "horse")
        assert events(await running.reload()) == ["tracker_reloaded"]
        assert await running.status() == 401
        assert await running.status("horse") == 200


async def test_a_password_file_is_changed_to_another(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """The old password opens nothing, and the new file is watched."""
    tables["tracker"]["admin_password_file"] = secret(tmp_path / "a", "horse")
    async with serving(tables) as running:
        running.tables["tracker"]["admin_password_file"] = secret(tmp_path / "b", "staple")
        assert events(await running.reload()) == ["tracker_reloaded"]
        assert (await running.status("horse"), await running.status("staple")) == (401, 200)
        with capture_logs() as lines:  # to try wrong ones until it is known would lock it
            secret(tmp_path / "b", "battery")
            await until(lambda: "file_reloaded" in events(lines))
        assert await running.status("battery") == 200


async def test_a_password_that_is_removed_is_asked_for_until_a_restart(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """The sockets may be open to a network; each reload says so."""
    tables["tracker"]["admin_password_file"] = secret(tmp_path / "a", "horse")
    async with serving(tables) as running:
        del running.tables["tracker"]["admin_password_file"]
        for _ in range(2):
            lines = await running.reload()
            assert events(lines) == ["tracker_reloaded", "restart_needed"]
            assert lines[1]["service"] == "tracker"
            assert lines[1]["keys"] == ["tracker.admin_password_file"]
            assert (await running.status(), await running.status("horse")) == (401, 200)


async def test_a_password_that_cannot_be_read_changes_nothing(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """All of the old configuration stays, whatever else the new one says."""
    async with serving(tables) as running:
        file = secret(tmp_path / "a", "horse")
        (tmp_path / "a").chmod(0o644)
        running.tables["tracker"]["admin_password_file"] = file
        running.tables["log"]["level"] = "error"
        lines = await running.reload()
        assert events(lines) == ["tracker_not_reloaded"]
        assert file in lines[0]["problems"]
        assert await running.status() == 200


async def test_a_certificate_that_cannot_be_used_leaves_the_password(
    tables: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """It is all or nothing."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "tls.pem")
    tables["tracker"]["tls_cert"] = str(tmp_path / "tls.pem")
    async with serving(tables) as running:
        running.tables["tracker"]["admin_password_file"] = secret(tmp_path / "a", "horse")
        (tmp_path / "tls.pem").write_text("this is no certificate")
        assert events(await running.reload()) == ["tracker_not_reloaded"]
        assert await running.status() == 200


CHANGED = {
    "tracker.listen": ["127.0.0.1:1"],
    "tracker.workers": 2,
    "tracker.admin_listen": ["127.0.0.1:2"],
    "store.url": "sqlite:////nowhere/other.db",
    "store.state": "/nowhere",
    "store.node": "other",
    "store.passfile": "/nowhere/pgpass",
    "store.hold": "2h",
    "keys.file": "/nowhere/other.keys",
    "log.level": "error",
    "log.format": "console",
}


@pytest.mark.parametrize("key", TAKE_RESTART)
async def test_what_takes_a_restart_is_named(tables: dict[str, dict[str, Any]], key: str) -> None:
    """The log says which key it is, at every reload; and no more once it is taken back."""
    table, _, name = key.partition(".")
    async with serving(tables) as running:
        admin = running.tables["tracker"]["admin_listen"]
        before = running.tables[table].get(name)
        for _ in range(2):
            running.tables[table][name] = CHANGED[key]
            lines = await running.reload()
            assert events(lines) == ["tracker_reloaded", "restart_needed"]
            assert lines[1]["keys"] == [key]
        running.tables[table][name] = before
        if before is None:
            del running.tables[table][name]
        assert events(await running.reload()) == ["tracker_reloaded"]
        assert running.tables["tracker"]["admin_listen"] == admin
        assert await running.status() == 200


@pytest.mark.parametrize("at_start", [False, True])
async def test_https_is_switched_by_a_restart(
    tables: dict[str, dict[str, Any]], tmp_path: Path, *, at_start: bool
) -> None:
    """On or off; the file of a certificate that is named no more may be gone."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "tls.pem")
    with_tls = {**tables["tracker"], "tls_cert": str(tmp_path / "tls.pem")}
    states = [tables["tracker"], with_tls]
    async with serving({**tables, "tracker": states[at_start]}) as running:
        running.tables["tracker"] = dict(states[not at_start])
        if at_start:
            (tmp_path / "tls.pem").unlink()
        lines = await running.reload()
        assert events(lines) == ["tracker_reloaded", "restart_needed"]
        assert lines[1]["keys"] == ["tracker.tls_cert"]


async def test_a_configuration_with_problems_changes_nothing(
    tables: dict[str, dict[str, Any]],
) -> None:
    """Nothing is said to be waiting, either."""
    async with serving(tables) as running:
        running.problem = "is not TOML"
        lines = await running.reload()
        assert events(lines) == ["tracker_not_reloaded"]
        assert "is not TOML" in lines[0]["problems"]


@pytest.mark.parametrize("key", [*TAKE_RESTART, "tracker.tls_cert", "tracker.admin_password_file"])
def test_what_takes_a_restart_is_documented(key: str) -> None:
    """Where operators look for what a reload does."""
    text = (DOCS / "operations.md").read_text()
    assert f"`{key}`" in text.partition("## What a reload changes")[2].partition("\n## ")[0]
