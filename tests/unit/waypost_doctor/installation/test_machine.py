"""The machine: its clock, and descriptors."""

import os
import resource
import socket
import time
from pathlib import Path

from config.keys.dns_answers import resolver_of
from config.schema import Config, ProxyConfig, StoreConfig
from config.values import Address
from tests.support.feeding import spool_message
from tracker.ingest.catch_up import catch_up
from waypost_doctor.findings import Kind
from waypost_doctor.installation import machine
from waypost_doctor.patient import Patient


def patient(store: Path, **proxy: object) -> Patient:
    """Return one with a store."""
    listening = {"listen": (Address("127.0.0.1", 1),)} | proxy
    config = Config(
        store=StoreConfig(url=f"sqlite:///{store}"),
        proxy=ProxyConfig(**listening),  # type: ignore[arg-type]
    )
    return Patient(config, resolver_of("127.0.0.1:1"))


def test_mail_of_the_future_shows_a_clock_that_is_behind(storing: Config) -> None:
    """Whatever the kernel says of it."""
    spool_message(storing, "Spring", 1, at_s=time.time() + 3600)
    catch_up(storing)
    first, _ = machine.test(patient(storing.store.path))
    assert first.kind is Kind.CLOCK_BEHIND


def test_the_kernel_is_asked_whether_the_clock_is_kept_right(tmp_path: Path) -> None:
    """It changes nothing; and what it says of this machine is one of three answers."""
    before = time.clock_gettime(time.CLOCK_REALTIME)
    first, _ = machine.test(patient(tmp_path / "none.db"))
    assert abs(time.clock_gettime(time.CLOCK_REALTIME) - before) < 60
    assert first.kind in {None, Kind.CLOCK_ALONE}
    assert "clock is kept right" in first.what or "keeps the clock right" in first.what


def test_descriptors_are_those_of_the_service_that_runs(tmp_path: Path) -> None:
    """It is found by its port: here, it is this process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address("127.0.0.1", listening.getsockname()[1])
        _, told = machine.test(patient(tmp_path / "none.db", listen=(address,)))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert told.what.startswith(f"process {os.getpid()} may open {hard} files")


def test_too_few_descriptors_for_the_sessions_that_are_allowed(tmp_path: Path) -> None:
    """Each takes two."""
    _, told = machine.test(patient(tmp_path / "none.db", max_sessions=1_000_000))
    assert told.kind is Kind.DESCRIPTORS_FEW


def test_a_store_without_mail_tells_nothing_of_the_clock(storing: Config) -> None:
    """Nor one that is not there."""
    assert machine._latest_s(storing.store.path) == 0
    catch_up(storing)
    assert machine._latest_s(storing.store.path) == 0
