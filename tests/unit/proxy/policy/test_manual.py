"""The pages written from the tables are current, and name everything."""

import pytest

from config.schema import DIALECTS
from proxy.policy import Skip, Untouched
from proxy.policy.manual import DOCS, PAGES, TITLES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name):
    """`python -m proxy.policy.manual` writes it."""
    assert (DOCS / name).read_text() == PAGES[name]()


def test_every_dialect_has_a_title():
    """Each has its section in docs/migration.md."""
    assert TITLES.keys() == set(DIALECTS)


@pytest.mark.parametrize("kind", [Untouched, Skip])
def test_every_reason_says_what_it_means(kind):
    """In a sentence that fits a table."""
    for reason in kind:
        assert 5 < len(reason.help) < 90
        assert "\n" not in reason.help
