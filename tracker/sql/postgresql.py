"""The store on a server of PostgreSQL.

Owns: PostgreSQL as an engine of `db.Db`, on psycopg 3: connecting, values on their way in and out, and that
those who write take turns (ADR 0031).
Does not own: words that differ (`dialect`), tables (`tracker.store.server`), or when a store is opened
(`tracker.store.database`).

Only where a url names PostgreSQL is this module imported: psycopg is an extra of the installation.

Values are those that SQLite has: integers, floats, text, octets, None. A boolean is 0 or 1, and a sum of
integers an integer.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.bool import BoolDumper
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown, TextLoader

from tracker.sql.db import Cursor, Engine, Parameters
from tracker.sql.dialect import for_postgresql
from tracker.sql.errors import ServerError, ValuesRefused

WRITING = 0x7761_7970_6F73_7400
"""The advisory lock of who writes: "waypost" in octets."""
TURN_S = 30
"""How long somebody waits for their turn to write, before it counts as a failure."""
SILENT_S = 60
"""A node that stops in the middle of its turn loses it after this, so that others go on."""
AT_ONCE = 2000
"""Rows of a stream that come from the server together."""
NUL = "\U0010ffff"
"""Stands for NUL: a code point that no text may hold (Unicode, noncharacters)."""
STATEMENTS = 500
"""Statements that the server keeps parsed for a connection."""

_SETTINGS: Mapping[str, str] = {
    "client_min_messages": "warning",
    "default_transaction_isolation": r"read\ committed",  # who waited for their turn reads what others wrote
    "idle_in_transaction_session_timeout": f"{SILENT_S}s",
    "join_collapse_limit": "1",  # tables of a join are read in the order written, as SQLite's CROSS JOIN
    "lock_timeout": f"{TURN_S}s",
    "TimeZone": "UTC",
}
_BY_INDEX: Mapping[str, str] = {"enable_hashjoin": "off", "enable_mergejoin": "off"}
"""Who writes looks up a few rows, by index: temporary tables have no statistics, by which to know that."""
GONE: Mapping[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""After which a server counts as gone that says nothing, as one that lost its power; a url may say otherwise.

Else whoever asks it waits for two minutes to connect, and for hours where they are connected.
"""
_OF_VALUES = ("22", "23")
"""Classes of SQLSTATE: data that is none, and constraints (PostgreSQL's manual, appendix A)."""

_STREAMS = itertools.count(1)


class _Bool(BoolDumper):
    """Booleans go in as numbers."""

    oid = Int8Dumper.oid

    def dump(self, obj: bool) -> Buffer:  # noqa: FBT001 - psycopg's interface
        return b"1" if obj else b"0"


class _Text(StrDumperUnknown):
    """Text goes in with a stand-in for NUL, which PostgreSQL takes in none."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", NUL) if "\0" in obj else obj)


class _TextLoader(TextLoader):
    """And comes out with NUL again."""

    def load(self, data: Buffer) -> str | bytes:
        text = bytes(data).decode()
        return text.replace(NUL, "\0") if NUL in text else text


class _FlagLoader(Loader):
    """Booleans come out as numbers."""

    def load(self, data: Buffer) -> int:
        return int(data == b"t")


class _NumberLoader(Loader):
    """Sums come out as integers."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return float(text) if b"." in text else int(text)


class PostgreSQL:
    """A connection to a database of PostgreSQL. Raises ServerError."""

    engine: Engine = "postgresql"

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.connection = connection
        connection.prepared_max = STATEMENTS
        adapters = connection.adapters
        adapters.register_dumper(int, Int8Dumper)
        adapters.register_dumper(bool, _Bool)
        adapters.register_dumper(str, _Text)
        adapters.register_loader("text", _TextLoader)
        adapters.register_loader("bool", _FlagLoader)
        adapters.register_loader("numeric", _NumberLoader)

    def execute(self, sql: str, parameters: Parameters = ()) -> Cursor:
        """Run one statement."""
        try:
            return cast("Cursor", self.connection.execute(_query(sql), _as_given(parameters)))
        except psycopg.Error as error:
            raise _ours(error) from error

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> Cursor:
        """Run one statement for each of `rows`."""
        cursor = self.connection.cursor()
        # Whoever makes the rows may ask this connection meanwhile.
        given = [_as_given(row) for row in rows]
        try:
            cursor.executemany(_query(sql), given)
        except psycopg.Error as error:
            raise _ours(error) from error
        return cast("Cursor", cursor)

    def query(self, sql: str, parameters: Parameters = ()) -> Iterator[dict[str, Any]]:
        """Run one statement; yield its rows by the names of their columns."""
        try:
            with self.connection.cursor(row_factory=dict_row) as cursor:
                found = cursor.execute(_query(sql), _as_given(parameters)).fetchall()
        except psycopg.Error as error:
            raise _ours(error) from error
        return iter(found)

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[dict[str, Any]]:
        """Do the same, some rows at a time; within a transaction."""
        name = f"stream_{next(_STREAMS)}"
        try:
            with self.connection.cursor(name, row_factory=dict_row) as cursor:
                cursor.itersize = AT_ONCE
                yield from cursor.execute(_query(sql), _as_given(parameters))
        except psycopg.Error as error:
            raise _ours(error) from error

    def copy_in(self, table: str, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> int:
        """Write rows to an open transaction the fastest way there is (COPY); return how many they were.

        A table or column may be called as a word of SQL is.
        """
        names = ", ".join(f'"{name}"' for name in columns)
        written = 0
        try:
            with (
                self.connection.cursor() as cursor,
                cursor.copy(f'COPY "{table}" ({names}) FROM STDIN'.encode()) as copy,
            ):
                for written, row in enumerate(rows, 1):  # noqa: B007 - told below
                    copy.write_row(row)
        except psycopg.Error as error:
            raise _ours(error) from error
        return written

    @contextlib.contextmanager
    def alone(self, key: int) -> Iterator[None]:
        """Hold an advisory lock of this connection, in no transaction; wait for it as for a turn to write."""
        self.execute("SELECT pg_advisory_lock(:key)", {"key": key})
        try:
            yield
        finally:
            if not self.is_closed:
                self.execute("SELECT pg_advisory_unlock(:key)", {"key": key})

    def script(self, statements: str) -> None:
        """Run statements that are PostgreSQL's own, without parameters."""
        try:
            self.connection.execute(cast("Any", statements))
        except psycopg.Error as error:
            raise _ours(error) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing, once it is our turn: nobody else writes meanwhile, on whatever node.

        Statements see what was committed before they began, so all that others wrote in their turns.
        """
        with self.atomic():
            self.execute("SELECT pg_advisory_xact_lock(:key)", {"key": WRITING})
            yield

    @contextlib.contextmanager
    def atomic(self) -> Iterator[None]:
        """Write all or nothing: as part of the transaction that is open, or in one of its own."""
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            raise _ours(error) from error

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read what was there at one moment, whatever others write meanwhile; write nothing."""
        with self.atomic():
            self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # Nobody waits for who reads, and reads slowly, as by a pager.
            self.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be asked any more: it was closed, or the server is gone."""
        return self.connection.closed

    @property
    def version(self) -> int:
        """The server's major version."""
        return self.connection.info.server_version // 10000

    def reserve(self, table: str, count: int) -> int:
        """Return the first of `count` row numbers that a table never gave, within the open transaction."""
        given = self.execute(
            "UPDATE last_numbers SET number = number + :count WHERE name = :name RETURNING number",
            {"name": table, "count": count},
        )
        return int(given.fetchone()[0]) - count + 1

    def listen(self, channel: str) -> None:
        """Hear of what is told on a channel (NOTIFY) from now on."""
        self.script(f"LISTEN {channel}")

    def wait_for_notice(self, patience_s: float) -> bool:
        """Return whether something is told on a channel that is listened on, once it is, or in time."""
        try:
            return any(True for _ in self.connection.notifies(timeout=patience_s, stop_after=1))
        except psycopg.Error as error:
            raise _ours(error) from error

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def connect(
    url: str,
    *,
    by_index: bool = False,
    passfile: str | None = None,
    patience_s: int | None = None,
) -> PostgreSQL:
    """Connect to the server that a url names (libpq's connection URIs); raises ServerError.

    `by_index`: for who writes, and looks up a few rows at a time. `patience_s` is how long each server may
    take to answer at all, and to take what is sent.
    """
    try:
        given = _settings(url, by_index=by_index)
        if passfile:
            given["passfile"] = passfile
        if patience_s is not None:
            given |= {"connect_timeout": patience_s, "tcp_user_timeout": patience_s * 1000}
        return PostgreSQL(psycopg.connect(url, autocommit=True, **given))
    except psycopg.Error as error:
        raise _ours(error) from error


def _settings(url: str, *, by_index: bool) -> dict[str, Any]:
    """Return what a connection is told beside its url; raises psycopg.Error."""
    said = conninfo_to_dict(url)
    settings = {**_SETTINGS, **(_BY_INDEX if by_index else {})}
    options = [f"-c {name}={value}" for name, value in settings.items()]
    given: dict[str, Any] = {name: of for name, of in GONE.items() if name not in said}
    if "," in str(said.get("host", "")):
        # A standby is of no use, and may come first.
        given["target_session_attrs"] = said.get("target_session_attrs", "read-write")
    return given | {
        "application_name": "waypost",
        "options": " ".join([str(said.get("options", "")), *options]).strip(),
    }


def _query(sql: str) -> bytes:
    return for_postgresql(sql).encode()


def _as_given(parameters: Parameters) -> Parameters:
    return parameters if isinstance(parameters, dict) else tuple(parameters)


def _ours(error: psycopg.Error) -> ServerError:
    """Return what psycopg raised as an error of ours."""
    code = error.sqlstate or ""
    of_values = code.startswith(_OF_VALUES) or (
        not code and isinstance(error, psycopg.DataError | psycopg.ProgrammingError)
    )
    return (ValuesRefused if of_values else ServerError)(str(error).strip(), code)
