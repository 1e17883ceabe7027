"""`waypost keys`: list, rotate and revoke the keys of tracked links.

Owns: what is told about each step, above all about those that cannot be taken back.
Does not own: the keys and their file (`config.keys`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from config.files import KeyFileError, locked
from config.keys import (
    TokenKey,
    minting_key,
    new_token_key,
    read_token_keys,
    revoke,
    write_token_keys,
)
from config.options import config_option_without_files
from config.schema import Config

RESTART = """\
Restart the tracker first, then the proxy, so that no link is made that the tracker cannot read:
  systemctl restart waypost-tracker && systemctl restart waypost-proxy"""

Change = Callable[[tuple[TokenKey, ...]], Sequence[TokenKey]]


@click.group("keys")
def keys_group() -> None:
    """List, rotate and revoke the keys of tracked links."""


@keys_group.command("list")
@config_option_without_files
def list_keys(config: Config) -> None:
    """List the keys, without their secrets."""
    try:
        keys = read_token_keys(_file(config))
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    newest = minting_key(keys)
    for key in keys:
        state = "revoked" if key.revoked else "makes new links" if key is newest else "is read"
        click.echo(f"{key.id:3}  {key.created}  {state}")


@keys_group.command()
@config_option_without_files
def rotate(config: Config) -> None:
    """Make a new key for new links. Links in delivered mail go on working."""
    made = _change(_file(config), lambda keys: (*keys, new_token_key(keys)))[-1]
    click.echo(f"Key {made.id} makes new links from now on; the older ones are still read.")
    click.echo(RESTART)


@keys_group.command("revoke")
@click.argument("number", metavar="ID", type=click.IntRange(1, 255))
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option_without_files
def revoke_key(config: Config, number: int, *, yes: bool) -> None:
    """End every link that key ID made, in delivered mail too. For a key that leaked."""
    path = _file(config)
    if not yes:
        click.confirm(f"Every link that key {number} made will be dead. Revoke it?", abort=True)
    _change(path, lambda keys: revoke(keys, number))
    click.echo(f"Key {number} is revoked.")
    click.echo(RESTART)


def _file(config: Config) -> Path:
    if config.keys.file is None:
        raise click.ClickException("keys.file is not set: `waypost init` writes such a file")
    return config.keys.file


def _change(path: Path, change: Change) -> Sequence[TokenKey]:
    try:
        with locked(path):
            changed = change(read_token_keys(path))
            write_token_keys(path, changed, replace=True)
    except (OSError, KeyFileError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    return changed
