"""Fixtures of logging: the lines that a test logs, as dictionaries."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest

from tests.support.log_lines import capture_logs


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Yield the lines that a test logs; none of them is printed."""
    with capture_logs() as lines:
        yield lines
