"""`waypost backup` and `waypost restore`: all that matters, copied while services run, and put back.

Owns: both commands, and what they print.
Does not own: which files matter, and copying them (`tracker.backup`).
"""

import os
from pathlib import Path

import click

from config.cli.options import config_file_option, folder_argument, loaded, work_as_owner
from config.cli.output import echo
from config.loading.config_file import ConfigFile
from config.schema import Config
from tracker.backup import contents, keys
from tracker.backup import restore as restoring
from tracker.backup.manifest import BadBackup, Manifest, verified
from tracker.backup.restore import CannotRestore
from tracker.backup.take import CONFIGURATION, CannotBackUp, take
from tracker.cli.common import as_service_user, log_errors_only


@click.command()
@config_file_option
@click.option(
    "--with-secrets", is_flag=True, help="Keys and passwords as well: keep it as safe as these."
)
@folder_argument
def backup(config: ConfigFile, folder: Path, *, with_secrets: bool) -> None:
    """Copy all that matters to the new folder DIR, while services run.

    Store, decisions, consents, short links, tokens, what waits in the spool, and the configuration; keys only
    with --with-secrets. DIR appears once it is whole, with a manifest of hashes.
    """
    settings = loaded(config, files=with_secrets)
    text, _ = config.read()
    work_as_owner(settings)
    log_errors_only(settings)
    try:
        made = take(settings, text, folder.absolute(), with_secrets=with_secrets)
    except CannotBackUp as error:
        if isinstance(error.__cause__, PermissionError):
            raise as_service_user(error.__cause__) from None
        raise click.ClickException(str(error)) from None
    if not settings.store.path.exists():
        echo(f"There is no store yet: {settings.store.path} is not there.", err=True)
    octets = sum(each.octets for each in made.entries)
    echo(f"{folder}: {len(made.entries)} files, {octets} octets.")
    if not made.has_secrets:
        echo(
            "Without keys: keep them elsewhere, as delivered links are dead without",
            *(f"  {path}" for key, path in contents.secrets(settings) if key == "keys.file"),
        )


@click.command()
@config_file_option
@click.option("--replace", is_flag=True, help="Move aside what is there already, keys as well.")
@folder_argument
def restore(config: ConfigFile, folder: Path, *, replace: bool) -> None:
    """Put the backup in DIR back, once proxy and tracker are stopped.

    To where the configuration says, which may be that of the backup: `-c DIR/waypost.toml`. All of it is
    verified before anything is changed, and nothing that is there is deleted.
    """
    settings = loaded(config, files=False)
    is_new = not settings.store.path.parent.is_dir()
    try:
        found = verified(folder)
        restoring.require_possible(folder, found, settings, replace=replace)
        wanted = keys.planned(folder, found, settings, replace=replace)
        aside = keys.put(wanted)
        work_as_owner(settings)
        log_errors_only(settings)
        aside += restoring.restore(folder, found, settings, replace=replace)
    except (BadBackup, CannotRestore) as error:
        raise click.ClickException(str(error)) from None
    except PermissionError as error:
        raise as_service_user(error) from None
    except OSError as error:
        raise click.ClickException(str(error)) from None
    for path in aside:
        echo(f"moved aside: {path}")
    for key in wanted:
        echo(f"key restored: {key.place}")
    _tell_restored(settings, folder, found, is_new=is_new)


def _tell_restored(config: Config, folder: Path, found: Manifest, *, is_new: bool) -> None:
    """Print what the store is like now, and what is still to be done."""
    for entry in keys.without_place(found, config):
        echo(
            f"not restored, as the configuration has no {entry.key}: {folder / entry.name}",
            err=True,
        )
    place = config.store.path
    if is_new and os.geteuid() == 0:
        echo(f"{place.parent} is root's: chown -R it to the user that Waypost runs as.", err=True)
    echo(f"{place} is as it was at {found.made_at}. Start proxy and tracker.")
    if not found.has_secrets:
        echo(
            f"The backup has no keys; see what {folder / CONFIGURATION} names, and `waypost check`."
        )
