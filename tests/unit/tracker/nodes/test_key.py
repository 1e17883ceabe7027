"""The key of a machine: made once, and kept."""

import uuid
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tracker.nodes.key import BadNodeKey, key_file, own_key


@pytest.fixture
def store(tmp_path: Path) -> StoreConfig:
    """Return a store whose machine has a folder."""
    return StoreConfig(url="postgresql:///w", state=tmp_path / "state")


def test_a_machine_has_one_key(store: StoreConfig) -> None:
    """It is made the first time, for its owner alone."""
    key = own_key(store)
    assert str(uuid.UUID(key)) == own_key(store) == key
    assert key_file(store).stat().st_mode & 0o777 == 0o600


def test_what_is_no_key_is_told(store: StoreConfig) -> None:
    """With the file, and what to do."""
    own_key(store)
    key_file(store).write_text("none")
    with pytest.raises(BadNodeKey, match="delete it"):
        own_key(store)
