"""The database that a store is copied into: that it is free for it, and made a store of at the end.

Owns: refusing one that is fed, that holds something, or is another's copy; noting that the copy is
unfinished; numbers that are given on.
Does not own: its tables (`tracker.store.server`), or rows (`copying`).
"""

import contextlib
from collections.abc import Iterator, Sequence

from config.schema import StoreConfig
from config.store_url import masked
from tracker.moving.source import CannotMove, Source
from tracker.moving.tables import Table
from tracker.nodes import findings
from tracker.sql.db import Db
from tracker.sql.errors import ServerError
from tracker.sql.postgresql import PostgreSQL
from tracker.store.server import lineage, partitions, server_store, unfinished
from tracker.store.server.nodes import listing
from tracker.store.server.unfinished import Unfinished

COPYING = 0x7761_7970_6F73_7402
"""The advisory lock of who copies."""
_WAITED_IN_VAIN = "55P03"
_MADE_WITH_TABLES = ("campaigns", "settings", "segments")
"""Tables that have rows before anything was counted; these are replaced."""
_HAS_ROWS = 'SELECT EXISTS (SELECT 1 FROM "{}")'
_HAS_CAMPAIGNS = "SELECT EXISTS (SELECT 1 FROM campaigns WHERE id > 2)"
_NEXT_MONTH = 'SELECT min(sent_s) FROM "{}" WHERE sent_s >= :at_s'
_LAST_OF = "UPDATE last_numbers SET number = :number WHERE name = :name"
_GIVEN = "SELECT name, seq FROM sqlite_sequence"
_IDENTITIES = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND identity_generation = 'BY DEFAULT'
"""
_SET_IDENTITY = """
    SELECT setval(pg_get_serial_sequence('{0}', '{1}'), greatest(1, :given, max("{1}")),
        greatest(:given, max("{1}")) > 0) FROM "{0}"
"""


@contextlib.contextmanager
def opened(store: StoreConfig) -> Iterator[PostgreSQL]:
    """Connect to the database, into which nobody else copies until the block ends.

    Raises CannotMove, StoreError and ServerError.
    """
    with server_store.filling(store) as db, contextlib.ExitStack() as stack:
        try:
            stack.enter_context(db.alone(COPYING))
        except ServerError as error:
            if error.sqlstate != _WAITED_IN_VAIN:
                raise
            raise CannotMove(f"somebody else is copying into {masked(store.url)}") from None
        yield db


def begin(db: PostgreSQL, store: StoreConfig, source: Source, tables: Sequence[Table]) -> bool:
    """Make the database ready to be filled; return whether a copy goes on that was begun before.

    Raises CannotMove and ServerError.
    """
    called = masked(store.url)
    node = server_store.node_of(store)
    if (copy := unfinished.find(db)) is not None:
        _require_same(copy, source, node, called)
        return True
    _require_unfed(db, called)
    _require_empty(db, called, tables)
    lineage.attend(db)  # numbers go on from those that are copied, then
    with db.transaction():
        for name in _MADE_WITH_TABLES:
            db.execute(f'DELETE FROM "{name}"')  # noqa: S608 - names of our own
        unfinished.begin(db, Unfinished(str(source.path), source.state, node))
        partitions.make_for(db, _months(source.db))
    return False


def finish(db: PostgreSQL, source: Db) -> None:
    """Have the database be a store that nodes may use, with numbers that were never given. Raises ServerError."""
    given = dict(source.execute(_GIVEN).fetchall())
    with db.transaction():
        for name, number in given.items():
            db.execute(_LAST_OF, {"name": name, "number": number})
        for table, column in db.execute(_IDENTITIES).fetchall():
            db.execute(_SET_IDENTITY.format(table, column), {"given": given.get(table, 0)})
        unfinished.end(db)


def _require_same(copy: Unfinished, source: Source, node: str, called: str) -> None:
    anew = "make the database anew (dropdb, createdb), and copy again"
    if copy.state != source.state:
        raise CannotMove(
            f"{called} is an unfinished copy of {copy.source}, and {source.path} is another store, or was"
            f" changed since: {anew}"
        )
    if copy.node != node:
        raise CannotMove(
            f"{called} was begun for the node {copy.node.rstrip('/')}: --node {copy.node.rstrip('/')} goes on"
            f" with it; or {anew}"
        )


def _require_unfed(db: Db, called: str) -> None:
    """Raise CannotMove where a node was heard of late."""
    heard = [node.name for node in listing(db) if not findings.is_silent(node)]
    if heard:
        raise CannotMove(
            f"{called} is in use by {', '.join(heard)}: stop its services (waypost tracker, serve and feed),"
            f" wait {findings.SILENT_S:.0f} seconds, and copy again"
        )


def _require_empty(db: Db, called: str, tables: Sequence[Table]) -> None:
    questions = {
        table.name: _HAS_ROWS.format(table.name)
        for table in tables
        if table.name not in _MADE_WITH_TABLES
    }
    for name, question in (questions | {"campaigns": _HAS_CAMPAIGNS}).items():
        if db.execute(question).fetchone()[0]:
            raise CannotMove(
                f"{called} is not empty: it has rows in {name}. A store is copied into a database of its own:"
                " createdb another, or drop this one, if nobody needs it"
            )


def _months(source: Db) -> Iterator[int]:
    """Yield a moment of each month that tables in months have rows of."""
    for table in partitions.PARTED:
        at_s = 0
        question = _NEXT_MONTH.format(table)
        while (found := source.execute(question, {"at_s": at_s}).fetchone()[0]) is not None:
            yield found
            at_s = partitions.Month.of(found).next.begin_s
