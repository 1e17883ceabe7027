"""`waypost consent`: what persons agreed to.

Owns: the command.
Does not own: the file (`tracker.decisions.files`), what a level allows
(`tracker.decisions.consents`), or what follows for mail (`proxy.rewrite.render`).
"""

import click

from config.cli.listing import Form, form_option
from config.cli.options import TEXT, config_option_without_files
from config.cli.output import echo
from config.schema import Config
from tracker.cli import printing
from tracker.decisions import files
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS

COLUMNS = ("person", "consent", "at")


@click.command()
@config_option_without_files
@click.argument("person", required=False, type=TEXT)
@click.argument("level", required=False, type=click.Choice([each.value for each in Consent]))
@form_option
def consent(config: Config, person: str | None, level: str | None, form: Form) -> None:
    """Note that PERSON (an address, or your own id) agreed to LEVEL; without LEVEL, show it.

    "none": mail to this person is not tracked. "anonymous": clicks count, without a person.
    "full": as everyone, unless [privacy] consent says otherwise of those who never said. Without PERSON,
    everyone who ever said is listed. In force with the next message, wherever the proxy runs on this store.
    """
    if person is not None and not person.strip():
        raise click.UsageError("PERSON is empty")
    state = config.store.file
    try:
        if person and level:
            files.record(state, person, Consent(level))
        merged = CONSENTS.merged(state)
    except OSError as error:
        path = error.filename or CONSENTS.file_of(state)
        raise click.ClickException(f"{path}: {error.strerror}") from None
    for complaint in CONSENTS.complaints(state, merged):
        echo(complaint, err=True)
    consents = Consents.from_records(merged.records)
    if person:
        said = consents.said(person)
        echo(f"{person}: {said or f'{config.privacy.consent} (never said)'}")
        return
    rows = [
        {"person": record.person, "consent": record.consent.value, "at": record.at}
        for record in consents.latest.values()
    ]
    printing.listing(rows, form, "Consent", COLUMNS)
