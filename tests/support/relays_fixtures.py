"""Fixtures of real mail servers."""

from collections.abc import Iterator

import pytest

from tests.support.postfix import Postfix, postfix_running


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    """Run a real Postfix on a free port; skip, saying so, where none is installed."""
    with postfix_running() as running:
        yield running
