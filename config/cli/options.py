"""What parameters of commands share: the option `-c/--config`, texts, values of the schema's kinds.

Owns: turning the named file into the Config that a command receives, or into exit status 1 with
every problem on a line of its own; that commands over the store do not work as root on what is
another's; refusing arguments that are not UTF-8.
Does not own: finding the file (`config.loading.config_file`), reading it (`config.loading.load`),
or whose the store is (`config.service.state_owner`).
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import click
from pydantic import TypeAdapter, ValidationError

from config.cli.output import Problems, echo
from config.keys.secret_files import KeyFileError, read_secret
from config.loading.config_file import ConfigFile, find
from config.loading.load import ConfigError, Problem, load
from config.schema import Config
from config.service.state_owner import (
    CannotWork,
    become_owner,
    owner_of,
    show_files_to_children,
)
from config.values import HostName

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


class Checked(click.ParamType[str]):
    """A parameter that is checked as the configuration key of its kind is."""

    def __init__(self, adapter: TypeAdapter[str], name: str) -> None:
        self._adapter = adapter
        self.name = name

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the value as the schema reads it; a usage error says what is wrong with it."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            context = error.errors()[0]["ctx"]
            self.fail(f"{context['what']} ({context['hint']})", param, ctx)


Command = Callable[..., Any]


class UnusableConfig(Problems):
    """The configuration cannot be used: exit status 1, with every problem on a line of its own."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(map(str, problems))

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's signature
        """Print the problems to standard error."""
        echo(*self.message.split("\n"), err=True)


def located(path: Path | None) -> ConfigFile:
    """Return the file of the configuration; `path` is that of `-c`. Raises click.UsageError."""
    found = located_if_any(path)
    if found is None:
        raise click.UsageError(
            "no configuration found: use -c FILE, or make one: waypost init DIR, or set WAYPOST_…"
            " variables (docs/configuration.md)"
        )
    return found


def located_if_any(path: Path | None) -> ConfigFile | None:
    """Return the same, or None; standard error tells which file it is that nobody named."""
    found = find(path)
    if found is not None and found.path is not None and not found.named:
        echo(f"Configuration: {found.path.absolute()}", err=True)
    return found


def loaded(file: ConfigFile, *, files: bool) -> Config:
    """Return the configuration in a file; raises click.ClickException."""
    try:
        return load(file, files=files)
    except ConfigError as error:
        raise UnusableConfig(error.problems) from None


def work_as_owner(config: Config) -> Config:
    """Drop root's rights for those of who owns the store, before anything of it is touched.

    What only root may read has to be read before. Raises click.ClickException where root would have
    to trust others.
    """
    for secret in filter(None, (config.keys.file, config.store.passfile)):
        with contextlib.suppress(KeyFileError):  # told when it is needed
            read_secret(secret)
    with _clear_errors():
        become_owner(config.store.path, config.store.spool_dir)
    return config


def loaded_to_serve(file: ConfigFile) -> Config:
    """Return the configuration of a service; raises as `loaded`, and as `serve_as_owner` will."""
    config = loaded(file, files=True)
    if os.geteuid() == 0:
        with _clear_errors():
            owner_of(config.store.path, config.store.spool_dir)
    return config


def serve_as_owner(config: Config) -> None:
    """Do what `work_as_owner` does for a service that has its sockets, which only root may open."""
    work_as_owner(config)
    show_files_to_children()


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    """End the command with exit status 1 and one line where root cannot work on the store."""
    try:
        yield
    except (CannotWork, OSError) as error:
        raise click.ClickException(str(error)) from None


def config_without_files(path: Path | None) -> Config:
    """Return the configuration as `config_option_without_files` does; `path` is that of `-c`."""
    return work_as_owner(loaded(located(path), files=False))


def hand_on(ctx: click.Context, path: Path | None) -> None:
    """Have the command of a group take the file that was named before it, unless it is given one itself."""
    if path is not None:
        ctx.default_map = {ctx.invoked_subcommand or "": {"config": path}}


_FILE = click.Path(dir_okay=False, path_type=Path)


def _option(callback: Callable[[ConfigFile], object]) -> Callable[[Command], Command]:
    def convert(_ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> object:
        return callback(located(value))

    return click.option("-c", "--config", "config", type=_FILE, callback=convert, help=HELP)


config_option = _option(lambda file: work_as_owner(loaded(file, files=True)))
"""`-c/--config FILE`: the command receives `config: Config`, its key files checked.

Where root runs it, it works as the owner of the store.
"""

config_option_without_files = _option(lambda file: work_as_owner(loaded(file, files=False)))
"""The same for commands that need no key, so that users who cannot read one may run them."""

config_option_of_keys = _option(lambda file: loaded(file, files=False))
"""The same for commands over keys, which leave the store alone, and stay root's."""

config_file_option = _option(lambda file: file)
"""The same for commands that only need the file: they receive `config: ConfigFile`."""

config_path_option = click.option("-c", "--config", "path", type=_FILE, help=HELP)
"""The same for a group that is a command by itself, too: it receives `path: Path | None`, and reads the file
(`config_without_files`), or leaves that to the command after it (`hand_on`)."""

folder_argument = click.argument(
    "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path)
)
"""The folder that a command fills, as `folder: Path`."""


@contextlib.contextmanager
def filling(folder: Path) -> Iterator[None]:
    """Write keys, and more, to a folder; tell what is in the way as a ClickException."""
    try:
        yield
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename} exists already, and stays as it is") from None
    except OSError as error:
        why = error.strerror or str(error)
        of = f" ({error.filename})" if error.filename and str(error.filename) != str(folder) else ""
        raise click.ClickException(
            f"nothing can be written to {folder}: {why}{of}; name a folder in which this user may make files"
        ) from None
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None


domain_option = click.option(
    "--domain",
    required=True,
    type=Checked(TypeAdapter(HostName), "DOMAIN"),
    help="The domain your mail comes From.",
)
"""Whose mail is signed, as `domain: str`."""
