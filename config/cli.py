"""Subcommands of `config`; `waypost.py` collects them from COMMANDS."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from config.load import ConfigError, find, load
from config.schema import Config

COMMANDS: list[click.Command] = []


class UnusableConfig(click.ClickException):
    """The configuration cannot be used: exit 1, with every problem on a line of its own."""

    exit_code = 1

    def __init__(self, error: ConfigError) -> None:
        super().__init__(str(error))
        self.error = error

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - as click declares it
        """Print the problems to standard error."""
        for problem in self.error.problems:
            click.echo(str(problem), err=True, file=file)


def _load_option(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Config:
    path = find(value)
    if path is None:
        raise click.UsageError("no configuration found: use -c FILE, or make one: waypost init DIR")
    try:
        return load(path)
    except ConfigError as error:
        raise UnusableConfig(error) from None


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `-c/--config FILE`; it receives the loaded Config as `config`."""
    return click.option(
        "-c",
        "--config",
        "config",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_load_option,
        help="The configuration. Default: $WAYPOST_CONFIG, ./waypost.toml, /etc/waypost/waypost.toml",
    )(command)
