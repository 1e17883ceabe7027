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
from tracker.store.persons import identified


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all addresses known.")
@click.argument("person_id", metavar="ID", type=TEXT)
def identify(config: Config, person_id: str, *, as_json: bool) -> None:
    """Show who is behind ID, which [tracking.identify] told a destination.

    That is an address, or the id that your application gave. Exit status 1 for an unknown one.
    """
    with current_store(config) as db:
        found = identified(db, config, person_id)
    if found is None:
        raise click.ClickException(f"nobody is known as {person_id}")
    if as_json:
        echo(json.dumps({"id": person_id, **found._asdict()}, ensure_ascii=False))
    else:
        echo(found.person)
