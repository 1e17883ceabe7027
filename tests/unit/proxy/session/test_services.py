"""What the sessions of a process share, and what a reload hands on."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs

from config.schema import Config
from config.service.reload import changed
from proxy.session.memory_budget import LARGEST_MESSAGES, UPLOAD_BUDGET_OCTETS
from proxy.session.services import TAKE_RESTART, Services
from tests.support.repository import DOCS
from tests.support.session_fixtures import configuration
from tracker.decisions.files import CONSENTS


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Services]:
    """Start the services of a usual configuration."""
    services = Services.start(configuration(tmp_path, 25))
    yield services
    services.stop()


def reloaded(before: Services, folder: Path, **tables: Any) -> Services:
    """Return the services that take the place of `before`; `tables` change the configuration."""
    folder.mkdir()
    return Services.start(configuration(folder, 25, **tables), before)


def test_a_reload_hands_on_what_must_not_double(started: Services, tmp_path: Path) -> None:
    """Files that are open, consents that are read, what is in use of both budgets, failed logins."""
    after = reloaded(started, tmp_path / "new")
    assert after.spool is started.spool
    assert after.delivered_db is started.delivered_db
    assert after.consents is started.consents
    assert after.memory_budget is started.memory_budget
    assert after.loop_budget is started.loop_budget
    assert after.login_slots is started.login_slots
    assert after.login_limits is started.login_limits
    after.dispatcher.close()


def test_a_reload_makes_the_rest_anew(started: Services, tmp_path: Path) -> None:
    """Keys, senders and settings are the new configuration's."""
    after = reloaded(started, tmp_path / "new", proxy={"hostname": "new.test"})
    assert after.hostname == after.proxy.hostname == "new.test"
    assert after.dispatcher is not started.dispatcher
    assert after.capability_cache is not started.capability_cache
    after.dispatcher.close()


def test_whether_the_log_names_accounts_is_the_new_configurations(
    started: Services, tmp_path: Path
) -> None:
    """As the operator has it from now on."""
    assert started.login_limits.names_accounts
    after = reloaded(started, tmp_path / "new", privacy={"ip": "none"})
    assert not after.login_limits.names_accounts
    after.dispatcher.close()


def test_the_store_stays_for_as_long_as_the_process_lives(
    started: Services, tmp_path: Path
) -> None:
    """Spool and store belong together: one of them cannot move alone."""
    after = reloaded(started, tmp_path / "new")
    assert after.config.store == started.config.store
    after.dispatcher.close()


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
        "keys.file": "/nowhere/other.keys",
        "log.level": "error",
        "log.format": "json",
    }
    table, _, name = key.partition(".")
    dump = started.config.model_dump()
    config = Config.model_validate({**dump, table: {**dump[table], name: other[key]}}, strict=False)
    before = started
    for _ in range(2):
        assert before.take_restart(config) == [key]
        after = Services.start(config, before)
        assert changed((key,), started.config, after.config) == ()
        after.dispatcher.close()
        before = after
    assert before.take_restart(started.config) == []


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
    assert services.take_restart(without) == ["proxy.tls_cert"]
    after = Services.start(without, services)
    assert after.tls_context is services.tls_context
    assert after.take_restart(without) == ["proxy.tls_cert"]
    after.dispatcher.close()
    services.stop()


@pytest.mark.parametrize("key", [*TAKE_RESTART, "proxy.tls_cert"])
def test_what_takes_a_restart_is_documented(key: str) -> None:
    """Where operators look for what a reload does."""
    text = (DOCS / "operations.md").read_text()
    assert f"`{key}`" in text.partition("## What a reload changes")[2].partition("\n## ")[0]


def test_slots_for_logins_are_as_the_new_configuration_has_them(
    started: Services, tmp_path: Path
) -> None:
    """At once: whoever is logging in goes on."""
    assert started.login_slots.limit == started.relay.max_logins
    after = reloaded(started, tmp_path / "new", relay={"max_logins": 9})
    assert started.login_slots.limit == 9
    after.dispatcher.close()


@pytest.mark.parametrize(("workers", "share"), [(4, 2), (16, 1)])
def test_workers_share_the_slots_for_logins(workers: int, share: int, tmp_path: Path) -> None:
    """Each has one at least."""
    services = Services.start(configuration(tmp_path, 25, proxy={"workers": workers}))
    assert services.login_slots.limit == share
    services.stop()


def test_without_copies_nothing_is_remembered_of_deliveries(tmp_path: Path) -> None:
    """One message to all needs no memory of who has it."""
    services = Services.start(configuration(tmp_path, 25, proxy={"copies": "shared"}))
    assert services.delivered_db is None
    services.stop()


def test_the_host_name_is_the_systems_where_none_is_set(tmp_path: Path) -> None:
    """As in EHLO of any mail server."""
    services = Services.start(configuration(tmp_path, 25, proxy={"hostname": None}))
    assert services.hostname
    services.stop()


def test_workers_share_the_memory_for_mail(tmp_path: Path) -> None:
    """All of them together stay within the bound."""
    services = Services.start(configuration(tmp_path, 25, proxy={"workers": 4, "max_size": "1MB"}))
    assert services.memory_budget.limit_octets == UPLOAD_BUDGET_OCTETS // 4
    services.stop()


def test_two_of_the_largest_messages_always_fit(tmp_path: Path) -> None:
    """Else one message of `max_size` would hear 452 for ever."""
    services = Services.start(configuration(tmp_path, 25, proxy={"max_size": "200MB"}))
    assert services.memory_budget.limit_octets == LARGEST_MESSAGES * services.proxy.max_size
    services.stop()


def test_a_certificate_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    """Not at the first STARTTLS."""
    (tmp_path / "proxy.pem").write_text("this is no certificate")
    tables = {"tls_cert": str(tmp_path / "proxy.pem")}
    with pytest.raises(ssl.SSLError):
        Services.start(configuration(tmp_path, 25, proxy=tables))


def test_consents_that_cannot_be_read_are_told_at_the_start(tmp_path: Path) -> None:
    """Nobody would know who must not be tracked."""
    config = configuration(tmp_path, 25)
    CONSENTS.file_of(config.store.path).mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        Services.start(config)


def test_a_broken_record_of_deliveries_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """A retry may then be delivered twice; mail goes on, and the log says so."""
    (tmp_path / "waypost.db.journal").mkdir()
    with capture_logs() as lines:
        services = Services.start(configuration(tmp_path, 25))
    assert "journal_failed" in [line["event"] for line in lines]
    services.stop()
