"""Guides name what there is: reasons, log events, settings' switches, headers and attributes."""

import re

import pytest

from config.telemetry.observe import EVENTS
from proxy.policy.dialects import NATIVE
from proxy.policy.header_conventions import OWN_HEADERS
from proxy.policy.link_conventions import LINK_CONVENTIONS, LinkConvention
from proxy.policy.reasons import Skip, Untouched
from tests.support.repository import DOCS

WHY = (DOCS / "nothing-is-tracked.md").read_text()
HEADERS = (DOCS / "headers.md").read_text()
REASONS = {reason.value for kind in (Skip, Untouched) for reason in kind}
ROWS = [line.split(" | ")[1] for line in WHY.splitlines() if line.startswith("| ") and "`" in line]


@pytest.mark.parametrize("row", ROWS)
def test_a_reason_that_is_named_is_one(row: str) -> None:
    """As `explain` and the log call it."""
    named = re.findall(r"`([a-z_]+)`", row)
    assert named
    assert set(named) <= REASONS


def test_the_usual_reasons_are_told() -> None:
    """The table is read as it is meant."""
    assert len(ROWS) > 8


def test_lines_of_the_log_that_are_named_are_written() -> None:
    """By these names."""
    named = set(re.findall(r"`(message_[a-z]+)`", WHY))
    assert {"message_delivered", "message_left"} <= named <= set(EVENTS)


@pytest.mark.parametrize("name", sorted(OWN_HEADERS))
def test_every_header_of_our_own_is_told_of(name: bytes) -> None:
    """With what it does."""
    assert f"| `{name.decode()}` |" in HEADERS.lower()


@pytest.mark.parametrize(
    "row", [row for row in LINK_CONVENTIONS if row.dialect == NATIVE], ids=lambda row: row.example
)
def test_every_attribute_of_our_own_is_told_of(row: LinkConvention) -> None:
    """As it is written."""
    assert f"`{row.example}`" in HEADERS
