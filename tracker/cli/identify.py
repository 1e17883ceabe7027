"""`waypost identify`: the person behind an id that a destination was told.

Owns: the command.
Does not own: ids (`tracker.urls.reader_id`), or who is behind one (`tracker.store.persons`).
"""

import json

import click

from config.cli.options import TEXT, config_option
from config.cli.output import echo
from config.schema import Config
from tracker.cli.common import current_store
from tracker.store.persons import addresses, behind_id
from tracker.urls.reader_id import Identifier


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all addresses known.")
@click.argument("person_id", metavar="ID", type=TEXT)
def identify(config: Config, person_id: str, *, as_json: bool) -> None:
    """Show who is behind ID, which [tracking.identify] told a destination.

    That is an address, or the id that your application gave. Exit status 1 for an unknown one.
    """
    identifier = Identifier.of(config)
    with current_store(config) as db:
        person = behind_id(db, identifier, person_id)
        if person is None:
            raise click.ClickException(f"nobody is known as {person_id}")
        known = addresses(db, person)
    if as_json:
        answer = {"id": person_id, "person": person, "addresses": known}
        echo(json.dumps(answer, ensure_ascii=False))
    else:
        echo(person)
