"""The rules meet generated traces: the known kinds, and kinds that they were not chosen by."""

import pytest

from tests.traces import scanners
from tests.traces.generate import STANDARD, lines
from tests.traces.held_out import HELD_OUT, MORE_FILTERS
from tests.traces.measure import of_head_only, of_rules

MESSAGES = 3000
FEW = 20
"""Requests of a kind that say little of it: one reader who opens tabs at once may make half of them."""


def test_people_and_machines_are_told_apart() -> None:
    """On a small trace; `make traces` has the bars by kind, on a large one."""
    found = of_rules(lines(MESSAGES, 11, STANDARD))
    assert found.precision >= 0.97
    assert found.recall >= 0.97
    assert 0.96 <= found.clickers <= 1.04
    low = {kind for kind, tally in found.kinds.items() if tally.share < 0.8}
    assert {kind for kind in low if found.kinds[kind].requests > FEW} <= {scanners.LONE}


@pytest.mark.parametrize("mix", [HELD_OUT, MORE_FILTERS])
def test_other_kinds_are_told_apart_too(mix) -> None:
    """With other numbers, less well."""
    found = of_rules(lines(MESSAGES, 12, mix))
    assert found.recall >= 0.97
    assert found.precision >= 0.93
    assert 0.94 <= found.clickers <= 1.06


def test_head_alone_takes_machines_for_people() -> None:
    """What the rules are measured against."""
    found = of_head_only(lines(1000, 13, STANDARD))
    assert found.precision < 0.5


def test_a_seed_gives_one_trace() -> None:
    """Figures can be made again."""
    assert lines(50, 1) == lines(50, 1) != lines(50, 2)
