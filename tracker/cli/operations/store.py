"""`waypost store copy`: a store is moved from a file of SQLite to PostgreSQL.

Owns: the command, which urls it takes, and how it tells how far it is and what came of it.
Does not own: moving (`tracker.moving`).
"""

import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import TypeAdapter
from rich.table import Table as Grid

from config.cli.console import Console, cell
from config.cli.listing import print_json
from config.cli.options import Checked, work_as_owner
from config.cli.output import echo
from config.keys.secret_files import KeyFileError
from config.loading.load import own_node
from config.schema import Config, StoreConfig
from config.store_url import VERIFIED, StoreUrl, engine_of, masked
from config.telemetry import observe
from config.values import NodeName
from tracker.cli.common import as_service_user
from tracker.moving.source import CannotMove
from tracker.sql.errors import DatabaseErrors, ServerError
from tracker.store.opened import StoreError, cause_of

if TYPE_CHECKING:
    from tracker.moving.move import Moved
    from tracker.moving.tables import Table

EVERY_S = 5.0
"""How often it is told how far a table is."""
_URL = Checked(TypeAdapter(StoreUrl), "URL")
_MAY_NOT = (
    "the user of the url needs a password (--passfile FILE), and the right to make tables: let it own the"
    " database (createdb -O USER DATABASE)"
)
_WAYS = {
    ("sqlite", "sqlite"): "a file is copied with `waypost backup DIR`",
    ("postgresql", "postgresql"): "a database is copied with pg_dump",
    ("postgresql", "sqlite"): "a store does not go back from PostgreSQL to a file",
}
"""What is not done here."""


@click.group("store")
def store_group() -> None:
    """Copy the store from a file of SQLite into a database of PostgreSQL."""


@store_group.command("copy")
@click.argument("source", type=_URL)
@click.argument("target", type=_URL)
@click.option(
    "--node",
    type=Checked(TypeAdapter(NodeName), "NAME"),
    help="What this machine will be called ([store] node). Default: its host name.",
)
@click.option(
    "--passfile",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file with the password of PostgreSQL, as [store] passfile names it.",
)
@click.option(
    "--insecure", is_flag=True, help="Let who is on the way read along, as [store] insecure does."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def copy(
    source: str,
    target: str,
    *,
    node: str | None,
    passfile: Path | None,
    insecure: bool,
    as_json: bool,
) -> None:
    """Copy the store SOURCE (sqlite:///…) into the empty database TARGET (postgresql://…).

    SOURCE is only read. Its services may run, and answer links; what they are to count waits in the spool, from now
    on until they are started with TARGET. Nobody may feed that meanwhile. Killed, and run again, it goes on where
    it was. Exit status 1 where the two are not the same at the end.
    """
    _require_way(source, target)
    _require_library()
    new = _target(target, node, passfile, insecure=insecure)
    old = _source(source, passfile)
    observe.configure("error", "console")
    moved = _move(old, new)
    print_json(_json(old, new, moved)) if as_json else _print(Console(), old, new, moved)
    click.get_current_context().exit(0 if moved.is_equal else 1)


def _require_way(source: str, target: str) -> None:
    if refused := _WAYS.get((engine_of(source), engine_of(target))):
        raise click.UsageError(f"{refused}; copy sqlite:///… to postgresql://…")


def _require_library() -> None:
    if importlib.util.find_spec("psycopg") is None:
        raise click.ClickException(
            "PostgreSQL needs the library psycopg, which is not installed: pip install 'waypost[postgresql]'"
        )


def _target(url: str, node: str | None, passfile: Path | None, *, insecure: bool) -> StoreConfig:
    """Return where the store is to be; raises click.UsageError where who clicked what would be at risk."""
    new = StoreConfig.model_validate(
        {"url": url, "node": node or own_node(), "passfile": passfile, "insecure": insecure},
        context={"folder": Path.cwd()},
    )
    server = new.server
    if server is not None and server.has_password:
        raise click.UsageError(
            "everybody on this machine can read a password on a command line: put it in a file, --passfile FILE"
        )
    if server is not None and not (server.is_here or server.is_verified or insecure):
        raise click.UsageError(
            f"sslmode is {server.sslmode}: who clicked what could be read on the way, or changed"
            f" (?sslmode={VERIFIED}; --insecure allows it)"
        )
    return new


def _source(url: str, passfile: Path | None) -> StoreConfig:
    """Return where the store is, with the rights of whom it belongs to from here on, not root's."""
    store = {"url": url, "passfile": passfile}
    config = Config.model_validate({"store": store}, context={"folder": Path.cwd()})
    try:
        if not config.store.path.exists():
            raise click.ClickException(f"there is no store {config.store.path}")
    except PermissionError as error:
        raise as_service_user(error) from None
    return work_as_owner(config).store


def _move(old: StoreConfig, new: StoreConfig) -> "Moved":
    """Move it; what goes wrong ends the command with one line."""
    from tracker.moving.move import move  # noqa: PLC0415 - its library is an extra

    try:
        return move(old, new, _Progress().tell, lambda what: echo(what, err=True))
    except PermissionError as error:
        raise as_service_user(error) from None
    except (CannotMove, KeyFileError) as error:
        raise click.ClickException(str(error)) from None
    except (*DatabaseErrors, StoreError, OSError) as error:
        raise click.ClickException(_words(error, new)) from None


def _words(error: Exception, new: StoreConfig) -> str:
    """Return in one line what went wrong, with what to do about it."""
    said = " ".join(str(error).split())
    where = f"{masked(new.url)} cannot be used: " if isinstance(error, ServerError) else ""
    cure = f" ({_MAY_NOT})" if cause_of(error) == "not allowed" else ""
    return f"{where}{said}{cure}"


class _Progress:
    """How far each table is, told on standard error: at its end, and every few seconds."""

    def __init__(self) -> None:
        self._table = ""
        self._due_s = 0.0

    def tell(self, table: "Table", copied: int) -> None:
        """Tell it, if it is time to."""
        now_s = time.monotonic()
        if table.name != self._table:
            self._table, self._due_s = table.name, now_s + EVERY_S
            echo(f"{table.name} …", err=True)
        elif now_s >= self._due_s:
            self._due_s = now_s + EVERY_S
            echo(f"{table.name}: {copied:,} rows", err=True)


def _json(old: StoreConfig, new: StoreConfig, moved: "Moved") -> dict[str, Any]:
    return {
        "source": old.url,
        "target": masked(new.url),
        "equal": moved.is_equal,
        "went_on": moved.went_on,
        "tables": [
            {
                "table": each.table,
                "rows": each.rows,
                "copied": each.copied,
                "sums_differ": each.differ,
            }
            for each in moved.tables
        ],
        "reports_differ": moved.reports,
    }


def _print(console: Console, old: StoreConfig, new: StoreConfig, moved: "Moved") -> None:
    table = Grid("Table", title="Both sides", title_justify="left")
    for name in ("Rows", "Copied"):
        table.add_column(name, justify="right")
    table.add_column("Sums")
    for each in moved.tables:
        sums = f"differ: {', '.join(each.differ)}" if each.differ else "equal"
        table.add_row(cell(each.table), f"{each.rows:,}", f"{each.copied:,}", cell(sums))
    console.print(table)
    said = f"differ: {', '.join(moved.reports)}" if moved.reports else "equal"
    echo(f"Reports: {said}.")
    if moved.is_equal:
        echo(
            f"{masked(new.url)} has all that {old.path} has. Name it in [store] url, with state ="
            f' "{old.path.parent}", and start the services anew: until then they count nothing.'
        )
    else:
        echo("They are not the same: make the database anew (dropdb, createdb), and copy again.")
