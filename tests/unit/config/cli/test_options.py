"""What the parameters of all commands share."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from config.cli.options import config_option, config_option_without_files
from config.keys import token_keys
from config.schema import Config
from tests.support.commands import run
from tracker.cli import consent, forget, identify, report

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
    monkeypatch.setattr("config.loading.load.PLACES", ())
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
