"""`waypost consent`: what persons agreed to.

Owns: the command.
Does not own: the file (`tracker.decisions.files`), what a level allows
(`tracker.decisions.consents`), or what follows for mail (`proxy.rewrite.render`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from config.cli.listing import Form, form_option
from config.cli.options import TEXT, config_option_without_files
from config.cli.output import echo
from config.schema import Config
from tracker.cli import printing
from tracker.cli.reach import everywhere_option, reach_of, require
from tracker.decisions import files
from tracker.decisions.consents import Consent, ConsentRecord, Consents
from tracker.decisions.files import CONSENTS
from tracker.reports.figures import Json

COLUMNS = ("person", "consent", "at")


@click.command()
@config_option_without_files
@click.argument("person", required=False, type=TEXT)
@click.argument("level", required=False, type=click.Choice([each.value for each in Consent]))
@form_option
@everywhere_option
def consent(
    config: Config, person: str | None, level: str | None, form: Form, *, everywhere: bool
) -> None:
    """Note that PERSON (an address, or your own id) agreed to LEVEL; without LEVEL, show it.

    "none": mail to this person is not tracked. "anonymous": clicks count, without a person.
    "full": as everyone, unless [privacy] consent says otherwise of those who never said. Without PERSON,
    everyone who ever said is listed. In force with the next message, wherever the proxy runs on this store;
    where several nodes share the store, it is said which of them have heard it.
    """
    if person is not None and not person.strip():
        raise click.UsageError("PERSON is empty")
    with _clear_errors(config):
        noted = (
            files.record(config.store.file, person, Consent(level)) if person and level else None
        )
        consents = _read(config)
    if person is None:
        printing.listing(map(_row, consents.latest.values()), form, "Consent", COLUMNS)
        return
    said = consents.said(person)
    echo(f"{person}: {said or f'{config.privacy.consent} (never said)'}")
    if noted is not None and (reach := reach_of(config, CONSENTS, noted)) is not None:
        echo(str(reach))
        require(reach, everywhere=everywhere)


@contextmanager
def _clear_errors(config: Config) -> Iterator[None]:
    """End the command with one line where the file of consents cannot be read or written."""
    try:
        yield
    except OSError as error:
        path = error.filename or CONSENTS.file_of(config.store.file)
        raise click.ClickException(f"{path}: {error.strerror}") from None


def _read(config: Config) -> Consents:
    """Return what everybody said; print what is wrong with the file. Raises OSError."""
    merged = CONSENTS.merged(config.store.file)
    for complaint in CONSENTS.complaints(config.store.file, merged):
        echo(complaint, err=True)
    return Consents.from_records(merged.records)


def _row(record: ConsentRecord) -> Json:
    return {"person": record.person, "consent": record.consent.value, "at": record.at}
