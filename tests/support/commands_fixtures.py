"""Fixtures that tests of commands share: a folder with what they need."""

from pathlib import Path

import pytest

from config.keys import token_keys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a configuration with one key; its store is not there yet."""
    token_keys.write_token_keys(tmp_path / "token.keys", [token_keys.new_token_key()])
    (tmp_path / "waypost.toml").write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/waypost.db"\n[keys]\nfile = "token.keys"\n'
    )
    return tmp_path
