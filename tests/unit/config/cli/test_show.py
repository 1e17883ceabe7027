"""`waypost show`: what is in force, and where each value came from."""

import json
from pathlib import Path

import pytest

from config.loading.load import load
from tests.support.commands import run


def test_show_can_be_read_again(home: Path) -> None:
    """What is in force, as TOML, is a configuration of the same meaning."""
    file = home / "waypost.toml"
    (home / "again.toml").write_text(run("show", "-c", file))
    assert load(home / "again.toml") == load(file)


def test_show_changed_leaves_defaults_out(home: Path) -> None:
    """What to send along when asking for help."""
    shown = json.loads(run("show", "--changed", "--json", "-c", home / "waypost.toml"))
    assert shown["tracking"] == {"base_url": "https://click.example.com"}
    assert "relay" not in shown
    assert 'domain = "example.com"' in run("show", "--changed", "-c", home / "waypost.toml")


def test_show_needs_no_key(home: Path) -> None:
    """Anybody who may read the configuration may look at it."""
    (home / "token.keys").unlink()
    shown = json.loads(run("show", "--json", "-c", home / "waypost.toml"))
    assert shown["keys"] == {"file": f"{home}/token.keys"}
    assert shown["proxy"]["idle_timeout"] == "5min"


def test_show_shows_no_secret(home: Path) -> None:
    """Paths of key files only."""
    secret = (home / "token.keys").read_text().partition('secret = "')[2][:20]
    pem = (home / "dkim.pem").read_text().splitlines()[1]
    shown = run("show", "-c", home / "waypost.toml")
    assert secret not in shown
    assert pem not in shown


def test_show_says_where_each_value_came_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of the file, the variable, or that it is a default."""
    monkeypatch.setenv("WAYPOST_RELAY__HOST", "mx.example.com")
    monkeypatch.setenv("WAYPOST_SENDER__0__SIGN", "always")
    file = home / "waypost.toml"
    lines = file.read_text().splitlines()
    base_url = 1 + next(at for at, line in enumerate(lines) if line.startswith("base_url"))
    shown = run("show", "-c", file).splitlines()
    assert shown[0] == f"# In force with {file} and the environment"
    assert 'host = "mx.example.com"  # WAYPOST_RELAY__HOST' in shown
    assert "verify = true  # default" in shown
    assert 'sign = "always"  # WAYPOST_SENDER__0__SIGN' in shown
    assert f'base_url = "https://click.example.com"  # waypost.toml:{base_url}' in shown


def test_show_says_it_in_json_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the values, for all that is not a default."""
    monkeypatch.setenv("WAYPOST_RELAY__HOST", "mx.example.com")
    shown = json.loads(run("show", "--json", "-c", home / "waypost.toml"))
    assert shown["relay"]["host"] == "mx.example.com"
    assert shown["sources"]["relay.0.host"] == {"variable": "WAYPOST_RELAY__HOST"}
    assert isinstance(shown["sources"]["sender.0.domain"]["line"], int)
    assert "relay.0.verify" not in shown["sources"]


def test_show_tells_that_our_name_is_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no file, and no value that the schema has."""
    monkeypatch.setattr("socket.gethostname", lambda: "mail.example.com")
    (tmp_path / "waypost.toml").write_text('[log]\nlevel = "error"\n')
    shown = run("show", "-c", tmp_path / "waypost.toml")
    assert 'hostname = "mail.example.com"  # default: the name of this machine' in shown


def test_show_without_a_file_is_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container; and what it prints is a file of the same meaning."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    monkeypatch.setattr("config.loading.config_file.PLACES", ())
    monkeypatch.setenv("WAYPOST_RELAY__HOST", "mx.example.com")
    monkeypatch.setenv("WAYPOST_SENDER__0__DOMAIN", "example.com")
    shown = run("show")
    assert shown.startswith("# In force with the environment\n")
    (tmp_path / "again.toml").write_text(shown)
    config = load(tmp_path / "again.toml", files=False)
    assert (config.relay.host, config.sender[0].domain) == ("mx.example.com", "example.com")


def test_show_prints_no_value_of_a_variable_that_is_no_setting(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have taken it for the place of a password."""
    monkeypatch.setenv("WAYPOST_RELAY__PASSWORD", "hunter2")
    told = run("show", "-c", home / "waypost.toml", status=1)
    assert "WAYPOST_RELAY__PASSWORD: is not a setting" in told
    assert "did you mean WAYPOST_RELAY__PASSWORD_FILE?" in told
    assert "hunter2" not in told
