"""Running `waypost` within a test, as an operator types it."""

import click.testing

from waypost import cli


def run(*arguments: object, status: int = 0, stdin: str = "") -> str:
    """Run a command that must end with exit status `status`, and return all that it printed."""
    outcome = click.testing.CliRunner().invoke(cli, list(map(str, arguments)), input=stdin)
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == status, outcome.output
    return outcome.output
