"""The pages written from the tables are current, and name everything."""

import pytest

from config.schema import DIALECTS
from proxy.policy.manual import DOCS, PAGES, TITLES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name):
    """`python -m proxy.policy.manual` writes it."""
    assert (DOCS / name).read_text() == PAGES[name]()


def test_every_dialect_has_a_title():
    """Each has its section in docs/migration.md."""
    assert TITLES.keys() == set(DIALECTS)
