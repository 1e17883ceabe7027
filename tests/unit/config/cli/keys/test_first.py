"""`waypost keys init`: the keys alone."""

import stat
from pathlib import Path

import pytest

from config.loading.load import load
from tests.support.commands import run


def test_keys_init_makes_those_that_a_configuration_needs(tmp_path: Path) -> None:
    """What it prints is all that has to be written into one, by hand."""
    said = run("keys", "init", tmp_path / "keys", "--domain", "example.com")
    table = said.partition("configuration:\n\n")[2].partition("\n   or in")[0]
    (tmp_path / "waypost.toml").write_text(table)
    config = load(tmp_path / "waypost.toml")
    assert config.sender[0].dkim[0].key_file == tmp_path / "keys" / "dkim.pem"
    assert run("dns", "-c", tmp_path / "waypost.toml").strip() in said
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}


def test_keys_init_tells_the_variables_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They alone are a configuration."""
    said = run("keys", "init", tmp_path / "keys", "--domain", "example.com", "--selector", "s7")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("config.loading.config_file.PLACES", ())
    for line in said.splitlines():
        if line.startswith("WAYPOST_"):
            monkeypatch.setenv(*line.split("=", 1))
    run("check", "-q")
    assert "s7._domainkey.example.com." in said


@pytest.mark.parametrize("name", ["token.keys", "dkim.pem"])
def test_keys_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    """Where one of the files exists, none is written."""
    (tmp_path / name).write_text("mine")
    said = run("keys", "init", tmp_path, "--domain", "example.com", status=1)
    assert f"{tmp_path}/{name} exists already" in said
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_keys_init_refuses_what_is_no_domain(tmp_path: Path) -> None:
    """Before anything is written."""
    run("keys", "init", tmp_path / "new", "--domain", "https://example.com", status=2)
    assert not (tmp_path / "new").exists()
