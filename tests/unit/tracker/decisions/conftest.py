"""A store that is not there yet, and the file of consents beside it."""

from pathlib import Path

import pytest

from tests.support.state import beside
from tracker.decisions.files import CONSENTS


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


@pytest.fixture
def file(store: Path) -> Path:
    """Name its file of consents."""
    return CONSENTS.file_of(beside(store))
