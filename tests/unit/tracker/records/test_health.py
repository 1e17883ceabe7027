"""What is told of a file and its copy: each trouble once, and when it is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.telemetry import observe
from config.telemetry.observe import REGISTRY
from tests.support.log_lines import capture_logs
from tracker.records.health import FileHealth

FILE, COPY = Path("/var/lib/example/codes"), Path("/var/lib/example/codes.known")
SHARED = Path("/var/lib/example/codes.shared")


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    """Return what is logged."""
    with capture_logs() as lines:
        yield lines


def metric(name: str, **labels: str) -> float | None:
    """Return a gauge as monitoring sees it."""
    return REGISTRY.get_sample_value(f"waypost_short_links_{name}", labels)


def test_a_trouble_is_told_once_until_it_is_another(logged: list[dict[str, object]]) -> None:
    """And again when it comes back; the metric says whether it is there now."""
    health = FileHealth(observe.SHORT_LINKS, FILE, COPY, SHARED)
    assert metric("unusable", what="copy") == 0
    for error in (OSError(28, "full"), OSError(28, "full"), OSError(13, "denied")):
        with health.trying("copy"):
            raise error
        assert metric("unusable", what="copy") == 1
    with health.trying("copy"):
        pass
    assert metric("unusable", what="copy") == 0
    with health.trying("copy"):
        raise OSError(13, "denied")
    assert [(each["event"], each["path"]) for each in logged] == [
        ("short_links_not_copied", str(COPY))
    ] * 3


def test_the_file_has_a_trouble_of_its_own(logged: list[dict[str, object]]) -> None:
    """Whatever it is: what was in force stays so."""
    health = FileHealth(observe.SHORT_LINKS, FILE, COPY, SHARED)
    with health.trying("file"):
        raise ValueError("odd")
    assert [(each["event"], each["path"]) for each in logged] == [("file_unusable", str(FILE))]
    assert [metric("unusable", what=what) for what in ("file", "copy")] == [1, 0]


def test_losses_are_told_when_they_change_and_when_they_end(
    logged: list[dict[str, object]],
) -> None:
    """With the number, and where the lines still are."""
    health = FileHealth(observe.SHORT_LINKS, FILE, COPY, SHARED)
    for lost, damaged in ((0, 0), (2, 1), (2, 1), (3, 1), (0, 0)):
        health.tell(lost, damaged)
        assert (metric("lost"), metric("damaged_lines")) == (lost, damaged)
    assert [(each["event"], each.get("lines")) for each in logged] == [
        ("short_links_unreadable", 1),
        ("short_links_lost", 2),
        ("short_links_lost", 3),
        ("short_links_found", None),
    ]
    assert logged[1]["copy"] == str(COPY)
