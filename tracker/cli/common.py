"""What commands over the store and over links share.

Owns: opening the store for questions and reading a link, with one line and exit status 1 where that
fails; what a command says that waits.
Does not own: the questions (`tracker.reports.clicks`), or links (`tracker.minting.lookup`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import click

from config.cli.output import echo
from config.schema import Config
from config.service import state_owner
from config.telemetry import observe
from tracker.ingest import reserving
from tracker.ingest.catch_up import catch_up
from tracker.ingest.elsewhere import elsewhere
from tracker.minting import lookup
from tracker.minting.lookup import DecodedLink
from tracker.reports.known import Unknown
from tracker.sql.db import Db
from tracker.store import database
from tracker.tokens import Keyring

if TYPE_CHECKING:
    from pathlib import Path

WAITING_S = 5.0
"""How often a command says what it waits for."""


def log_errors_only(config: Config) -> None:
    """Keep the log of a command to errors: its answer is for people and scripts."""
    observe.configure("error", config.log.format)


@contextmanager
def current_store(config: Config) -> Iterator[Db]:
    """Open the store for questions, with what the spool holds; print what is not counted yet.

    A question about what is not known ends the command, and says so.
    """
    log_errors_only(config)
    try:
        for sentence in catch_up(config, tell=Waiting().say).sentences():
            echo(sentence, err=True)
        with database.reading(config.store) as db:
            for sentence in elsewhere(db, config.store).sentences:
                echo(sentence, err=True)
            yield db
    except (database.StoreError, Unknown) as error:
        raise click.ClickException(str(error)) from None
    except PermissionError as error:
        raise as_service_user(error) from None
    except BrokenPipeError:
        raise  # whoever read the answer has enough; click knows what to do
    except OSError as error:
        raise click.ClickException(str(error)) from None


class Waiting:
    """What a command waits for, told on standard error: at once, and then every few seconds."""

    def __init__(self) -> None:
        self._due_s = 0.0

    def say(self, what: object) -> None:
        """Tell it. Whoever does not want to wait may stop the command: it can be run again."""
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + WAITING_S
            echo(f"Waiting: {what}", err=True)


def make_room(config: Config) -> None:
    """Have room for deleting rows where the disk is full, and say so; raises OSError."""
    if told := reserving.make_room(config.store.path):
        echo(told, err=True)


def as_service_user(error: PermissionError) -> click.ClickException:
    """Return the error for a user who may not read or write a file of the service."""
    owner = state_owner.worked_as()
    if owner is None:
        return click.ClickException(f"{error}: run as the user of the service")
    return click.ClickException(
        f"{error}: tried as {owner.name}, to whom {owner.place} belongs, as root does"
    )


def keyring_of(config: Config) -> Keyring:
    """Load the keys; raises KeyFileError. `config_option` has made sure that there are some."""
    return Keyring.load(cast("Path", config.keys.file))


def decoded_link(config: Config, text: str) -> DecodedLink:
    """Read a tracked URL, a short link or a bare token; raises BadToken and KeyFileError.

    Raises click.ClickException where a short link cannot be looked up.
    """
    log_errors_only(config)
    keyring = keyring_of(config)
    try:
        return lookup.decode(keyring, config.store.file, text)
    except lookup.UnknownCode as error:
        raise click.ClickException(str(error)) from None
    except PermissionError as error:
        raise as_service_user(error) from None
    except OSError as error:
        raise click.ClickException(f"cannot read {error.filename}: {error.strerror}") from None
