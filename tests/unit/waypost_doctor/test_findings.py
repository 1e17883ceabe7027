"""What `waypost doctor` may find."""

import pytest

from waypost_doctor import findings
from waypost_doctor.findings import Kind, Level, Topic


@pytest.mark.parametrize("kind", Kind)
def test_each_finding_says_what_it_means_and_what_to_do(kind: Kind) -> None:
    """In a few words each; and it is none of those that stand for nothing wrong."""
    assert kind.level in {Level.PROBLEM, Level.WARNING}
    assert kind.help
    assert kind.cure
    assert kind.topic in Topic


def test_a_finding_tells_its_own_cure_unless_more_is_known() -> None:
    """As a mistake in the configuration, whose hint is better."""
    declared = findings.found(Kind.DISK_FULL, "/var: 1 MiB are free")
    known = findings.found(Kind.DISK_FULL, "/var: 1 MiB are free", "delete /var/core")
    assert (declared.cure, known.cure) == (Kind.DISK_FULL.cure, "delete /var/core")
    assert declared.topic is Topic.STORE


def test_what_is_well_or_was_not_tried_has_no_name() -> None:
    """Nor a cure."""
    for result in (findings.ok(Topic.DNS, "fine"), findings.untried(Topic.DNS, "no sender")):
        assert (result.kind, result.cure) == (None, "")
