"""Running tests beside each other, each for so long and no longer."""

import threading
from collections.abc import Iterator

import pytest

from config.keys.dns_answers import resolver_of
from config.schema import Config
from waypost_doctor import runner
from waypost_doctor.findings import Kind, Result, Topic, ok
from waypost_doctor.patient import Patient

PATIENT = Patient(Config(), resolver_of("127.0.0.1:1"))


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return what lets a test that hangs end, when it is over."""
    event = threading.Event()
    yield event
    event.set()


def test_results_come_in_the_order_of_tests_not_of_their_ends() -> None:
    """Each as it was yielded."""
    first_may_end = threading.Event()

    def first(_: Patient) -> Iterator[Result]:
        assert first_may_end.wait(10)
        yield ok(Topic.RELAY, "first")

    def second(_: Patient) -> Iterator[Result]:
        yield ok(Topic.DNS, "second")
        first_may_end.set()

    results = runner.run([(Topic.RELAY, first), (Topic.DNS, second)], PATIENT)
    assert [each.what for each in results] == ["first", "second"]


def test_a_test_that_hangs_is_named_and_what_it_found_is_kept(release: threading.Event) -> None:
    """The others are told as ever."""

    def hangs(_: Patient) -> Iterator[Result]:
        yield ok(Topic.RELAY, "so far")
        release.wait()

    def ends(_: Patient) -> Iterator[Result]:
        yield ok(Topic.DNS, "done")

    results = runner.run([(Topic.RELAY, hangs), (Topic.DNS, ends)], PATIENT, deadline_s=0.3)
    assert [each.kind or each.what for each in results] == ["so far", Kind.TOOK_TOO_LONG, "done"]
    assert results[1].topic is Topic.RELAY


def test_a_fault_of_ours_hides_nothing_that_others_find() -> None:
    """It is told as one, not as a traceback."""

    def fails(_: Patient) -> Iterator[Result]:
        yield ok(Topic.RELAY, "so far")
        raise KeyError("fault")

    results = runner.run([(Topic.RELAY, fails)], PATIENT)
    assert [each.kind or each.what for each in results] == ["so far", Kind.TEST_FAILED]
    assert results[1].what == "KeyError: 'fault'"


def test_a_module_that_cannot_be_loaded_is_no_fault_of_ours() -> None:
    """Root's own venv, say, which whoever the service runs as may not read."""

    def fails(_: Patient) -> Iterator[Result]:
        raise ModuleNotFoundError("No module named 'concurrent.futures.thread'")
        yield

    (result,) = runner.run([(Topic.RELAY, fails)], PATIENT)
    assert result.kind is Kind.INSTALLATION_UNREADABLE
    assert result.topic is Topic.RELAY
