"""What the parameters of all commands share."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from config.keys import token_keys
from tracker.cli import consent, forget, identify, report

NO_UTF8 = "caf\udce9"
"""What Python makes of the octets `caf\\xe9` on a command line."""


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Give a configuration with one key."""
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
