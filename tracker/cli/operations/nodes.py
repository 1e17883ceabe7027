"""`waypost nodes`: the machines that share a database, and what is wrong among them.

Owns: the commands, and how nodes are printed.
Does not own: what nodes say (`tracker.store.server.nodes`), or what is wrong (`tracker.nodes.findings`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.cli.listing import print_json
from config.cli.options import (
    TEXT,
    config_option_without_files,
    config_path_option,
    config_without_files,
    hand_on,
)
from config.cli.output import echo
from config.keys.secret_files import KeyFileError
from config.schema import Config
from tracker.cli import printing
from tracker.cli.common import log_errors_only
from tracker.decisions import shared_log
from tracker.nodes import registry
from tracker.nodes.connecting import connected
from tracker.nodes.findings import findings
from tracker.sql.errors import ServerError
from tracker.store.server.nodes import Node, listing

if TYPE_CHECKING:
    from tracker.sql.db import Db

COLUMNS = (
    "node",
    "seen_s_ago",
    "version",
    "services",
    "waiting_octets",
    "behind",
    "clock_s",
    "key",
)
ONE_MACHINE = "The store is a file of SQLite: this machine shares it with no other."


@click.group("nodes", invoke_without_command=True)
@config_path_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def nodes(ctx: click.Context, path: Path | None, *, as_json: bool) -> None:
    """List the machines that share this database, and what is wrong among them.

    Exit status 1 where one has not been heard for 30 seconds, where clocks differ by more than 2 seconds, or
    where a key that makes links on one is missing on another.
    """
    if ctx.invoked_subcommand is not None:
        hand_on(ctx, path)
        return
    config = config_without_files(path)
    if config.store.engine == "sqlite":
        print_json({"nodes": [], "problems": []}) if as_json else echo(ONE_MACHINE)
        return
    with _database(config) as db:
        latest, found = shared_log.latest(db), listing(db)
    rows, problems = [_row(each, latest) for each in found], list(findings(found))
    if as_json:
        print_json({"nodes": rows, "problems": problems})
    else:
        printing.listing(rows, "people", "Nodes", COLUMNS)
        echo(*problems, err=True)
    ctx.exit(1 if problems else 0)


@nodes.command("forget")
@click.argument("name", type=TEXT)
@config_option_without_files
def forget(config: Config, name: str) -> None:
    """Forget the node NAME, which is gone for good.

    What it had not sent yet is lost. Should it come back, it takes its name again.
    """
    with _database(config) as db:
        if not registry.forget(db, name):
            raise click.ClickException(f"there is no node {name}; see: waypost nodes")
    echo(f"{name}: given up.")


@contextmanager
def _database(config: Config) -> Iterator["Db"]:
    """Yield a connection; what goes wrong ends the command with one line."""
    log_errors_only(config)
    if config.store.engine == "sqlite":
        raise click.ClickException(ONE_MACHINE)
    try:
        with connected(config.store) as db:
            yield db
    except (ServerError, KeyFileError) as error:
        raise click.ClickException(f"the database cannot be asked: {error}") from None


def _row(node: Node, latest: int) -> dict[str, Any]:
    said = node.said
    return {
        "node": node.name,
        "seen_s_ago": None if node.silent_s is None else round(node.silent_s, 1),
        "version": said and said.version,
        "services": " ".join(said.roles) if said else "",
        "waiting_octets": said and said.backlog_octets,
        "behind": said and max(0, latest - said.heard),
        "clock_s": said and said.clock_s,
        "key": said and said.mints,
    }
