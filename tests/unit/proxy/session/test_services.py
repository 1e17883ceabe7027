"""What the sessions of a process share, and what a reload hands on."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.service.shared_counts import SharedCounts
from proxy.session.memory_budget import LARGEST_MESSAGES, UPLOAD_BUDGET_OCTETS, Lease
from proxy.session.services import Services
from tests.support.log_lines import capture_logs
from tests.support.session_fixtures import configuration
from tracker.decisions.files import CONSENTS
from tracker.decisions.heard import NeverHeard


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
    assert after.relays is not started.relays
    after.dispatcher.close()


def test_slots_for_logins_are_as_the_new_configuration_has_them(
    started: Services, tmp_path: Path
) -> None:
    """At once: whoever is logging in goes on."""
    assert started.login_slots.limit == started.config.relay.max_logins
    after = reloaded(started, tmp_path / "new", relay={"max_logins": 9})
    assert started.login_slots.limit == 9
    after.dispatcher.close()


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


async def test_workers_share_the_memory_for_mail(tmp_path: Path) -> None:
    """All of them together stay within the bound."""
    counts = SharedCounts(2)
    config = configuration(tmp_path, 25, proxy={"max_size": "1MB"})
    here, there = (Services.start(config, counts=counts.of(index)) for index in range(2))
    half_octets = UPLOAD_BUDGET_OCTETS // 2
    with Lease(here.memory_budget, ("a",)) as lease:
        assert lease.resize(half_octets)
        assert not Lease(there.memory_budget, ("b",)).resize(half_octets)
    assert Lease(there.memory_budget, ("b",)).resize(half_octets)
    for each in (here, there):
        each.stop()


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
    CONSENTS.file_of(config.store.file).mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        Services.start(config)


def test_what_was_never_heard_of_other_nodes_is_told_at_the_start(tmp_path: Path) -> None:
    """Nobody here knows who must not be tracked; later on, the database may be gone."""
    store = {"url": "postgresql:///w", "state": str(tmp_path), "node": "a"}
    config = configuration(tmp_path, 25, store=store)
    with pytest.raises(NeverHeard):
        Services.start(config)
    CONSENTS.shared_of(config.store.file).touch()
    Services.start(config).stop()


def test_a_broken_record_of_deliveries_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """A retry may then be delivered twice; mail goes on, and the log says so."""
    (tmp_path / "waypost.db.journal").mkdir()
    with capture_logs() as lines:
        services = Services.start(configuration(tmp_path, 25))
    assert "journal_failed" in [line["event"] for line in lines]
    services.stop()
