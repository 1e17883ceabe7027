"""What the parameters of all commands share."""

import os
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from config.cli.options import config_option, config_option_without_files
from config.keys import token_keys
from config.schema import Config
from tests.support.commands import run
from tracker.cli.decisions import consent, forget
from tracker.cli.reports import identify, report
from waypost import cli

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")

NO_UTF8 = "caf\udce9"
"""What Python makes of the octets `caf\\xe9` on a command line."""


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Return a configuration with one key."""
    token_keys.write_token_keys(tmp_path / "token.keys", [token_keys.new_token_key()])
    file = tmp_path / "waypost.toml"
    file.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/waypost.db"\n[keys]\nfile = "token.keys"\n'
    )
    return str(file)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (identify.identify, [NO_UTF8]),
        (forget.forget, [NO_UTF8]),
        (consent.consent, [NO_UTF8]),
        (consent.consent, [NO_UTF8, "none"]),
        (report.activity, [NO_UTF8]),
        (report.clickers, [NO_UTF8]),
        (report.report, ["--campaign", NO_UTF8]),
    ],
)
def test_a_word_that_is_no_text_is_a_usage_error(
    config: str, command: click.Command, arguments: list[str]
) -> None:
    """No file of ours could hold it; and nothing was written down."""
    result = CliRunner().invoke(command, ["-c", config, *arguments])
    assert (result.exit_code, "'caf\\xe9' is not written in UTF-8" in result.stderr) == (2, True)
    assert not list(Path(config).parent.glob("waypost.db*"))


def test_without_a_configuration_it_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the message says how to make one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    monkeypatch.setattr("config.loading.config_file.PLACES", ())
    for name in ("check", "show", "dns"):
        assert "waypost init DIR" in run(name, status=2)


def test_an_unusable_configuration_is_listed_on_standard_error(home: Path) -> None:
    """Every command says the same as `check`, and ends with 1."""

    @click.command()
    @config_option
    def serve(config: Config) -> None:
        raise AssertionError(config)

    (home / "token.keys").unlink()
    (home / "dkim.pem").unlink()
    file = str(home / "waypost.toml")
    outcome = CliRunner().invoke(serve, ["-c", file])
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert outcome.stderr == run("check", "-q", "-c", file, status=1)


def test_a_command_gets_the_loaded_configuration(home: Path) -> None:
    """With or without a look at the files it names."""

    @click.command()
    @config_option_without_files
    def report(config: Config) -> None:
        click.echo(config.tracking.base_url)

    (home / "token.keys").unlink()
    outcome = CliRunner().invoke(report, ["-c", str(home / "waypost.toml")])
    assert outcome.stdout == "https://click.example.com\n"


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the folder of a configuration that nobody names; return the file."""
    monkeypatch.chdir(home)
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    return home / "waypost.toml"


@pytest.mark.parametrize("name", ["check", "show", "dns", "report", "consent", "explain"])
def test_a_configuration_that_nobody_named_is_told_of(here: Path, name: str) -> None:
    """On standard error, so that nobody wonders whose relay or store it is."""
    outcome = CliRunner().invoke(cli, [name], input="Subject: hello\n\n")
    assert (outcome.exit_code, outcome.stderr) == (0, f"Configuration: {here}\n")
    outcome = CliRunner().invoke(cli, [name, "-c", "waypost.toml"], input="Subject: hello\n\n")
    assert (outcome.exit_code, outcome.stderr) == (0, "")


@needs_root
@pytest.mark.parametrize(
    "arguments",
    [["check"], ["show"], ["dns"], ["report"], ["explain"], ["keys", "list"], ["serve"]],
    ids=" ".join,
)
def test_a_configuration_of_somebody_else_is_not_found(here: Path, arguments: list[str]) -> None:
    """Exit status 1, and how to read it all the same."""
    os.chown(here, 12345, 12345)
    outcome = CliRunner().invoke(cli, arguments)
    assert outcome.exit_code == 1
    assert "belongs neither to you nor to root, but to user 12345" in outcome.output
    assert "-c waypost.toml" in outcome.output
    assert [each.name for each in here.parent.glob("waypost.db*")] == []


@needs_root
@pytest.mark.parametrize("command", ["report", "consent", "tracker", "proxy", "serve"])
def test_root_works_on_no_store_that_others_can_exchange(home: Path, command: str) -> None:
    """Exit status 1, and which folder it is; nothing is made there."""
    home.chmod(0o777)
    file = home / "waypost.toml"
    file.write_text(re.sub(r":(2525|8080|8081)\b", ":0", file.read_text()))
    outcome = CliRunner().invoke(cli, [command, "-c", str(file)])
    assert outcome.exit_code == 1
    assert f"others can change {home} (mode 0777)" in outcome.output
    assert list(home.glob("waypost.db*")) == []
