"""The command line as a whole."""

import click
import click.testing
import pytest

from waypost import COMMANDS, cli


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_under_its_name(name: str) -> None:
    """What the table promises exists, is called so, and says what it does."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_unknown_command_is_a_usage_error() -> None:
    """Exit status 2, and a pointer to the help."""
    outcome = click.testing.CliRunner().invoke(cli, ["no-such-command"])
    assert outcome.exit_code == 2
    assert "No such command" in outcome.output


def test_help_lists_every_command() -> None:
    """`waypost --help` names them all."""
    outcome = click.testing.CliRunner().invoke(cli, ["--help"])
    assert outcome.exit_code == 0
    assert [name for name in COMMANDS if f"  {name} " not in outcome.output] == []
