"""Fixtures that tests of commands share: a folder with what they need."""

import os
import shutil
from pathlib import Path

import pytest

from config.keys import token_keys
from tests.support.commands import run


@pytest.fixture
def folder(tmp_path: Path, store_table: dict[str, str]) -> Path:
    """Make a configuration with one key; its store is not there yet."""
    token_keys.write_token_keys(tmp_path / "token.keys", [token_keys.new_token_key()])
    store = "".join(f'{name} = "{value}"\n' for name, value in store_table.items())
    (tmp_path / "waypost.toml").write_text(f'[store]\n{store}[keys]\nfile = "token.keys"\n')
    return tmp_path


@pytest.fixture(scope="session")
def prototype(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that `waypost init` has furnished. Tests change copies of it (`home`)."""
    folder = tmp_path_factory.mktemp("prototype") / "waypost"
    run("init", folder, "--domain", "example.com")
    return folder


@pytest.fixture
def home(prototype: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it that a test may change, on a machine called mail.example.com.

    What the environment says of these tests (`WAYPOST_CORPUS`) is no part of that machine.
    """
    for name in [name for name in os.environ if name.startswith("WAYPOST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("socket.gethostname", lambda: "mail.example.com")
    folder = shutil.copytree(prototype, tmp_path / "waypost")
    file = folder / "waypost.toml"
    file.write_text(file.read_text().replace(str(prototype), str(folder)))
    return folder
