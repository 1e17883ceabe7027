"""`waypost keys list`, `rotate` and `revoke`: those of tracked links.

Owns: what the operator is told and asked, above all before a step that cannot be undone.
Does not own: keys and their file (`config.keys.token_keys`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from config.cli.listing import Form, form_option, print_rows
from config.cli.options import config_option_of_keys
from config.cli.output import echo
from config.keys.secret_files import KeyFileError
from config.keys.token_keys import (
    TokenKey,
    change_token_keys,
    minting_key,
    new_token_key,
    read_token_keys,
    revoke,
)
from config.schema import Config

RESTART = """\
Restart the tracker first, then the proxy, so that no link is made that the tracker cannot read:
  systemctl restart waypost-tracker && systemctl restart waypost-proxy"""

Change = Callable[[tuple[TokenKey, ...]], Sequence[TokenKey]]


@click.command("list")
@config_option_of_keys
@form_option
def list_keys(config: Config, form: Form) -> None:
    """List the keys, without their secrets."""
    try:
        keys = read_token_keys(_file(config))
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    rows = [
        {"id": key.id, "created": key.created.isoformat(), "state": _state(key, keys)}
        for key in keys
    ]
    if form == "people":
        echo(*("{id:3}  {created}  {state}".format_map(row) for row in rows))
    else:
        print_rows(rows, form, ("id", "created", "state"))


def _state(key: TokenKey, keys: Sequence[TokenKey]) -> str:
    if key.revoked:
        return "revoked"
    return "makes new links" if key is minting_key(keys) else "is read"


@click.command()
@config_option_of_keys
def rotate(config: Config) -> None:
    """Make a new key for new links. Links in delivered mail go on working."""
    made = _change(_file(config), lambda keys: (*keys, new_token_key(keys)))[-1]
    echo(f"Key {made.id} makes new links from now on; the older ones are still read.")
    echo(*RESTART.split("\n"))


@click.command("revoke")
@click.argument("number", metavar="ID", type=click.IntRange(1, 255))
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option_of_keys
def revoke_key(config: Config, number: int, *, yes: bool) -> None:
    """End every link that key ID made, in delivered mail too. For a key that leaked."""
    path = _file(config)
    if not yes:
        click.confirm(f"Every link that key {number} made will be dead. Revoke it?", abort=True)
    _change(path, lambda keys: revoke(keys, number))
    echo(f"Key {number} is revoked.")
    echo(*RESTART.split("\n"))


def _file(config: Config) -> Path:
    if config.keys.file is None:
        raise click.ClickException(
            "keys.file is not set: `waypost init` writes such a file, `waypost keys init` it alone"
        )
    return config.keys.file


def _change(path: Path, change: Change) -> Sequence[TokenKey]:
    try:
        return change_token_keys(path, change)
    except (OSError, KeyFileError, ValueError) as error:
        raise click.ClickException(str(error)) from None
