"""`waypost identify`: the person behind an id that a destination was told.

Owns: the command.
Does not own: ids (`tracker.urls.reader_id`), or who is behind one (`tracker.store.rows.persons`).
"""

import json
import re

import click

from config.cli.options import TEXT, config_option
from config.cli.output import echo
from config.schema import Config
from tracker.cli.common import current_store
from tracker.store.rows.persons import identified
from tracker.urls.reader_id import ID_CHARACTERS

_BEGINS_LIKE_AN_OPTION = re.compile(rf"-[A-Za-z0-9_-]{{{ID_CHARACTERS - 1}}}")


class _Identify(click.Command):
    """Take an id that begins with a hyphen, as one of 64 does, for what it is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return what is left of the arguments; an id like an option is put behind `--`."""
        ids = [each for each in args if _BEGINS_LIKE_AN_OPTION.fullmatch(each)]
        if ids and "--" not in args:
            args = [*(each for each in args if each not in ids), "--", *ids]
        return super().parse_args(ctx, args)


@click.command(cls=_Identify)
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
