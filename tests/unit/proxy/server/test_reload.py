"""What a reload changes in a proxy that runs, and what has to wait for a restart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from config.keys.token_keys import KeyFileError
from config.loading.load import ConfigError
from config.schema import Config
from config.service.reload import changed
from proxy.server.reload import TAKE_RESTART, InForce, renewed
from proxy.session.services import Services
from tests.support.log_lines import capture_logs
from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.repository import DOCS
from tests.support.session_fixtures import Proxy, StartProxy, configuration

MESSAGE = (
    b"From: a@example.com\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://example.net/">read</a>\r\n'
)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Services]:
    """Start the services of a usual configuration."""
    services = Services.start(configuration(tmp_path, 25))
    yield services
    services.stop()


def waiting(before: Services, config: Config) -> tuple[list[str], Services]:
    """Return what the log says of keys that take a restart, and the services after a reload."""
    with capture_logs() as lines:
        after = renewed(before, lambda: config)
    assert lines[0]["event"] == "proxy_reloaded"
    return [key for line in lines[1:] for key in line["keys"]], after


async def test_a_reload_serves_new_sessions_by_the_new_configuration(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Any
) -> None:
    """Sessions that are on keep what they began with, and none is dropped."""
    proxy = await start_proxy()
    old = await proxy.dial()
    folder = tmp_path / "new"
    folder.mkdir()
    changed = configuration(folder, relay.port, proxy={"hostname": "new.test"})
    proxy.server.reload(lambda: changed)
    new = await proxy.dial(greet=False)
    assert (await new.reply()).lines[0].startswith(b"new.test ESMTP")
    assert (await old.ask(b"HELO client.test")).lines == (b"proxy.test",)


async def test_a_reload_says_what_takes_a_restart(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """Once all else is in force; and nothing where nothing is."""
    proxy = await start_proxy()
    new = configuration(tmp_path, relay.port, proxy={"listen": ["127.0.0.1:1"], "workers": 2})
    with capture_logs() as lines:
        proxy.server.reload(lambda: new)
        proxy.server.reload(_unusable)
    reloaded, waiting, refused = lines
    assert (reloaded["event"], refused["event"]) == ("proxy_reloaded", "proxy_not_reloaded")
    assert (waiting["event"], waiting["service"]) == ("restart_needed", "proxy")
    assert {"proxy.listen", "proxy.workers"} <= set(waiting["keys"])


def _unusable() -> Config:
    raise ConfigError(())


async def test_a_reload_makes_room_for_larger_messages(
    start_proxy: StartProxy, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """A message as large as `max_size` allows by now would hear 452 for ever."""
    proxy = await start_proxy(proxy={"max_size": "66kB"})
    proxy.server.services.memory_budget.limit_octets = 2 * 66_000
    changed = configuration(tmp_path, relay.port, proxy={"max_size": "1MB"})
    proxy.server.reload(lambda: changed)
    client = await proxy.dial()
    await client.transaction()
    assert (await client.message(MESSAGE + b"<p>more</p>\r\n" * 30_000)).code == 250


@pytest.mark.parametrize("problem", [ValueError, KeyFileError, ConfigError, RuntimeError])
async def test_an_unusable_new_configuration_changes_nothing(
    problem: type[Exception], proxy: Proxy
) -> None:
    """The old one stays in force, and the log says why."""

    def broken() -> Any:
        raise problem("waypost.toml:1: nonsense")

    with capture_logs() as lines:
        proxy.server.reload(broken)
    assert [line["event"] for line in lines] == ["proxy_not_reloaded"]
    assert (await (await proxy.dial()).ask(b"NOOP")).code == 250


@pytest.mark.parametrize("key", TAKE_RESTART)
def test_what_takes_a_restart_is_named_and_stays(
    started: Services, tmp_path: Path, key: str
) -> None:
    """At each reload, until it is taken back."""
    other = {
        "proxy.listen": ["127.0.0.1:1"],
        "proxy.listen_tls": ["127.0.0.1:2"],
        "proxy.workers": 3,
        "store.url": "sqlite:////nowhere/other.db",
        "store.state": "/nowhere",
        "keys.file": "/nowhere/other.keys",
        "log.level": "error",
        "log.format": "json",
    }
    table, _, name = key.partition(".")
    dump = started.config.model_dump()
    config = Config.model_validate({**dump, table: {**dump[table], name: other[key]}}, strict=False)
    before = started
    for _ in range(2):
        keys, after = waiting(before, config)
        assert keys == [key]
        assert changed((key,), started.config, after.config) == ()
        after.dispatcher.close()
        before = after
    keys, after = waiting(before, started.config)
    assert keys == []
    after.dispatcher.close()


def test_a_certificate_stays_until_a_restart(tmp_path: Path) -> None:
    """Clients log in on sockets that are open; its file may be gone."""
    issued = trustme.CA().issue_cert("proxy.test")
    certificate = tmp_path / "proxy.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    services = Services.start(configuration(tmp_path, 25, proxy={"tls_cert": str(certificate)}))
    certificate.unlink()
    without = services.config.model_copy(
        update={"proxy": services.proxy.model_copy(update={"tls_cert": None})}
    )
    keys, after = waiting(services, without)
    assert keys == ["proxy.tls_cert"]
    assert after.tls_context is services.tls_context
    keys, again = waiting(after, without)
    assert keys == ["proxy.tls_cert"]
    for each in (after, again):
        each.dispatcher.close()
    services.stop()


def test_a_worker_begins_with_the_certificate_that_stays_in_force(tmp_path: Path) -> None:
    """It replaces one that has it; all else is as the new configuration says, but for a restart."""
    issued = trustme.CA().issue_cert("proxy.test")
    certificate = tmp_path / "proxy.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    first = configuration(tmp_path, 25, proxy={"tls_cert": str(certificate)})
    in_force = InForce(first)
    before = in_force.tls_context
    assert before is not None
    without = {"tls_cert": None, "hostname": "new.test", "workers": 3}
    in_force.reload(first.model_copy(update={"proxy": first.proxy.model_copy(update=without)}))
    assert in_force.tls_context is before
    assert (in_force.config.proxy.hostname, in_force.config.proxy.workers) == ("new.test", 1)
    certificate.write_text("this is no certificate")
    with pytest.raises(OSError, match="PEM"):
        in_force.reload(first)
    assert in_force.tls_context is before
    assert in_force.config.proxy.tls_cert is None


@pytest.mark.parametrize("key", [*TAKE_RESTART, "proxy.tls_cert"])
def test_what_takes_a_restart_is_documented(key: str) -> None:
    """Where operators look for what a reload does."""
    text = (DOCS / "operations.md").read_text()
    assert f"`{key}`" in text.partition("## What a reload changes")[2].partition("\n## ")[0]


def test_the_store_stays_for_as_long_as_the_process_lives(
    started: Services, tmp_path: Path
) -> None:
    """Spool and store belong together: one of them cannot move alone."""
    (tmp_path / "new").mkdir()
    keys, after = waiting(started, configuration(tmp_path / "new", 25))
    assert "store.url" in keys
    assert after.config.store == started.config.store
    after.dispatcher.close()
