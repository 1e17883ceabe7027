"""Decisions have numbers of their own, in their names and in their heads."""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.repository import DOCS

PAGES = sorted((DOCS / "adr").glob("0*.md"))


def test_no_two_decisions_have_one_number() -> None:
    """Whoever writes `ADR 0007` means one page."""
    assert len(PAGES) > 20
    twice = {
        number for number, count in Counter(page.name[:4] for page in PAGES).items() if count > 1
    }
    assert twice == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_is_headed_by_its_number(page: Path) -> None:
    """As its file is named."""
    assert page.read_text().startswith(f"# {page.name[:4]}: ")
