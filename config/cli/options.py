"""What the parameters of all commands share: the option `-c/--config`, and the type of texts.

Owns: turning the named file into the Config that a command receives, or into exit status 1 with
every problem on a line of its own; refusing arguments that are not UTF-8.
Does not own: finding and reading the file (`config.loading.load`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click

from config.cli.output import Problems, echo
from config.loading.load import ConfigError, Problem, find, load
from config.schema import Config

HELP = "The configuration. Default: $WAYPOST_CONFIG, ./waypost.toml, /etc/waypost/waypost.toml."


class Text(click.ParamType[str]):
    """An argument in UTF-8, as our files hold it; anything else ends with exit status 2."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text; Python passes octets that are not UTF-8 as surrogates (PEP 383)."""
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            octets = text.encode("utf-8", "surrogateescape")
            shown = octets.decode("utf-8", "backslashreplace")
            self.fail(f"'{shown}' is not written in UTF-8", param, ctx)
        return text


TEXT = Text()

Command = Callable[..., Any]


class UnusableConfig(Problems):
    """The configuration cannot be used: exit status 1, with every problem on a line of its own."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(map(str, problems))

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        """Print the problems to standard error."""
        echo(*self.message.split("\n"), err=True)


def located(path: Path | None) -> Path:
    """Return the path of the configuration; `path` is that of `-c`. Raises click.UsageError."""
    found = find(path)
    if found is None:
        raise click.UsageError("no configuration found: use -c FILE, or make one: waypost init DIR")
    return found


def loaded(path: Path | None, *, files: bool) -> Config:
    """Return the configuration; `path` is that of `-c`. Raises click.ClickException."""
    try:
        return load(located(path), files=files)
    except ConfigError as error:
        raise UnusableConfig(error.problems) from None


def _option(callback: Callable[[Path | None], object]) -> Callable[[Command], Command]:
    def convert(_ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> object:
        return callback(value)

    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("-c", "--config", "config", type=kind, callback=convert, help=HELP)


config_option = _option(lambda path: loaded(path, files=True))
"""`-c/--config FILE`: the command receives `config: Config`, its key files checked."""

config_option_without_files = _option(lambda path: loaded(path, files=False))
"""The same for commands that need no key, so that users who cannot read one may run them."""

config_path_option = _option(located)
"""The same for commands that only need the path of the file: they receive `config: Path`."""
