"""What commands over the store and over tokens share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import click
from sqlite_utils import Database

from config.schema import Config
from config.telemetry import observe
from tracker.ingest.catch_up import catch_up
from tracker.minting import short_links
from tracker.minting.short_links import ShortLinks
from tracker.store import database
from tracker.tokens import APP_PATH, PATH, Keyring

if TYPE_CHECKING:
    from pathlib import Path


@contextmanager
def current_store(config: Config) -> Iterator[Database]:
    """Open the store for questions, with what the spool holds; says what cannot be counted yet."""
    observe.configure("error", config.log.format)
    try:
        backlog = catch_up(config)
        if backlog.octets:
            click.echo(
                f"Not counted yet: {backlog.octets} octets of the spool ({backlog.why})", err=True
            )
        with database.reading(config.store.path) as db:
            yield db
    except database.StoreError as error:
        raise click.ClickException(str(error)) from None
    except PermissionError as error:
        raise click.ClickException(f"{error}: run as the user of the service") from None
    except BrokenPipeError:
        raise  # whoever read the answer has enough; click knows what to do
    except OSError as error:
        raise click.ClickException(str(error)) from None


def keyring_of(config: Config) -> Keyring:
    """Load the keys; `config.loading.load` has made sure that there are some, and that they can be read."""
    return Keyring.load(cast("Path", config.keys.file))


def token_of(text: str) -> str:
    """Give the token in a tracked URL, whatever host or prefix it has; or the token itself."""
    tail = text.strip().rpartition(PATH)[2].removeprefix(APP_PATH.removeprefix(PATH))
    return tail.partition("?")[0].partition("#")[0]


def token_for(config: Config, text: str) -> str:
    """Give the token in a tracked URL, or the one that a short link stands for.

    Raises click.ClickException where a short link's cannot be found.
    """
    code = short_links.code_in(text)
    if code is None:
        return token_of(text)
    path = short_links.file_of(config.store.path)
    observe.configure("error", config.log.format)
    try:
        token = ShortLinks.load(config.store.path).token(code)
    except PermissionError as error:
        raise click.ClickException(f"{error}: run as the user of the service") from None
    except OSError as error:
        raise click.ClickException(f"cannot read {error.filename}: {error.strerror}") from None
    if token is None:
        why = f"{code} is not in {path}" if path.exists() else f"there is no {path}"
        raise click.ClickException(f"not a short link of ours: {why}")
    return token
