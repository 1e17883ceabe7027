"""The store on a server of PostgreSQL.

Owns: PostgreSQL as an engine of `db.Db`, on psycopg 3: connecting, what is waited for, and that those who
write take turns (ADR 0031).
Does not own: words that differ (`dialect`), statements for many rows (`bulk`), values on their way in and out
(`postgresql_values`), tables (`tracker.store.server`), or when a store is opened (`tracker.store.database`).

Only where a url names PostgreSQL is this module imported: psycopg is an extra of the installation.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from tracker.sql import postgresql_values
from tracker.sql.arrays import array
from tracker.sql.bulk import Bulk, bulk
from tracker.sql.db import Cursor, Engine, Given, Parameters, Value
from tracker.sql.dialect import for_postgresql
from tracker.sql.errors import ServerError, ValuesRefused
from tracker.sql.refusals import code_of

WRITING = 0x7761_7970_6F73_7400
"""The advisory lock of who writes: "waypost" in octets."""
TURN_S = 30
"""How long somebody waits for their turn to write, before it counts as a failure."""
SILENT_S = 60
"""A node that stops in the middle of its turn loses it after this, so that others go on."""
CANCEL_S = 5.0
"""How long is waited for a server to hear that a statement is to end."""
AT_ONCE = 2000
"""Rows of a stream that come from the server together."""
STATEMENTS = 500
"""Statements that the server keeps parsed for a connection."""

_SETTINGS: Mapping[str, str] = {
    "client_min_messages": "warning",
    "default_transaction_isolation": "read committed",  # who waited for their turn reads what others wrote
    "idle_in_transaction_session_timeout": f"{SILENT_S}s",
    "jit": "off",  # a statement of milliseconds is compiled for seconds where its cost is overestimated
    "join_collapse_limit": "1",  # tables of a join are read in the order written, as SQLite's CROSS JOIN
    "lock_timeout": f"{TURN_S}s",
    "TimeZone": "UTC",
}
_BY_INDEX: Mapping[str, str] = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
}
"""Who writes looks up a few rows, by index: arrays have no statistics, and a kept plan is of a smaller table."""
_READING: Mapping[str, str] = {
    "enable_hashjoin": "off",
    "enable_material": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "jit": "off",  # what cannot be done otherwise than one of these counts as dear
    "max_parallel_workers_per_gather": "0",
    "idle_in_transaction_session_timeout": "0",  # nobody waits for who reads, and reads slowly, as by a pager
}
"""Statements that ask are written to go by an index, in its order, from one table to the next, as SQLite does it.

Estimates of how many rows a join of three columns has are wrong by orders of magnitude, so that all clicks would be
sorted to show the latest fifty.
"""
_LOOKS = 20
"""How often two connections are compared: while others are busy, each may find a session that the other had not."""
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
_TYPES: Mapping[str, str] = {"INTEGER": "bigint", "BLOB": "bytea", "TEXT": "text"}
_OF_VALUES = ("22", "23")
"""Classes of SQLSTATE: data that is none, and constraints (PostgreSQL's manual, appendix A)."""

_STREAMS = itertools.count(1)
_Connection = psycopg.Connection[tuple[Any, ...]]


def _set(settings: Mapping[str, str], *, local: bool) -> str:
    """Return a statement that makes settings, `local` ones until the end of the transaction.

    In words of SQL, as a pooler takes them; it refuses those that come with the connecting, or forgets them.
    """
    each = (f"set_config('{name}', '{value}', {local})" for name, value in settings.items())
    return f"SELECT {', '.join(each)}"


_READ = _set(_READING, local=True)


class PostgreSQL:
    """A connection to a database of PostgreSQL. Raises ServerError."""

    engine: Engine = "postgresql"

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self._sent = contextlib.ExitStack()
        """Has the answers of what was sent, and was not waited for."""
        self._open = 0
        """Transactions that are open, one within the other."""
        self._streams: set[psycopg.ServerCursor[Any]] = set()
        """Those of the open transaction whose rows are not all asked for."""
        connection.prepared_max = STATEMENTS
        postgresql_values.register(connection)

    def execute(self, sql: str, parameters: Parameters = ()) -> Cursor:
        """Run one statement."""
        with _errors_of_ours():
            self._wait()
            return cast("Cursor", self.connection.execute(_query(sql), _as_given(parameters)))

    def execute_given(self, sql: str, table: Given, rows: Iterable[Sequence[Value]]) -> Cursor:
        """Run a query that reads a table of these rows."""
        columns = zip(*rows, strict=True)
        arrays = {name: array(each) for name, each in zip(table.columns, columns, strict=False)}
        given = ", ".join(f"CAST(:{name} AS {_TYPES[of]}[])" for name, of in table.columns.items())
        with_table = (
            f"WITH {table.name} ({', '.join(table.columns)}) AS (SELECT * FROM unnest({given}))"  # noqa: S608 - names of ours
        )
        texts = {
            name: found.text if (found := arrays.get(name)) else "{}" for name in table.columns
        }
        return self.execute(f"{with_table} {sql}", texts)

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for each of `rows`, as few statements for all of them where that is the same.

        In a transaction nobody waits for the answer: the server works on it meanwhile.
        """
        # Whoever makes the rows may ask this connection meanwhile.
        given = [*rows]
        if not given:
            return
        with _errors_of_ours():
            if self._open and not self.connection.pgconn.pipeline_status:
                self._sent.enter_context(self.connection.pipeline())
            several = bulk(sql) if len(given) > 1 else None
            if several is None or not self._in_bulk(several, given):
                self.connection.cursor().executemany(_query(sql), [*map(_as_given, given)])

    def _in_bulk(self, several: Bulk, given: Sequence[Parameters]) -> bool:
        """Send one statement for many rows at once; return False where that cannot be."""
        groups = several.groups(several.rows(given))
        statements = [several.statement(group) for group in groups]
        if None in statements:
            return False
        for statement in statements:
            if statement is not None:
                self.connection.execute(_query(statement[0]), statement[1])
        return True

    def _wait(self) -> None:
        """Wait for the answers to all that was sent; raises psycopg.Error where one failed.

        A connection that was lost on the way is closed: psycopg leaves it where nothing can be asked, and calls it open.
        """
        try:
            self._sent.close()
        except IndexError as error:  # psycopg's, of an answer to nothing that it knows of
            self.connection.close()
            raise psycopg.OperationalError("an answer came that belongs to nothing") from error
        finally:
            if not self.connection.closed and self.connection.pgconn.pipeline_status:
                self.connection.close()

    def query(self, sql: str, parameters: Parameters = ()) -> Iterator[dict[str, Any]]:
        """Run one statement; yield its rows by the names of their columns."""
        with _errors_of_ours(), self.connection.cursor(row_factory=dict_row) as cursor:
            self._wait()
            return iter(cursor.execute(_query(sql), _as_given(parameters)).fetchall())

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[dict[str, Any]]:
        """Do the same, some rows at a time; within a transaction."""
        name = f"stream_{next(_STREAMS)}"
        with _errors_of_ours(), self.connection.cursor(name, row_factory=dict_row) as cursor:
            self._wait()
            self._streams.add(cursor)
            try:
                cursor.execute(_query(sql), _as_given(parameters))
                while rows := cursor.fetchmany(AT_ONCE):
                    yield from rows
                    self._wait()  # others may write meanwhile
            finally:
                self._streams.discard(cursor)

    def copy_in(self, table: str, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> int:
        """Write rows to an open transaction the fastest way there is (COPY); return how many they were.

        A table or column may be called as a word of SQL is.
        """
        names = ", ".join(f'"{name}"' for name in columns)
        written = 0
        with _errors_of_ours(), self.connection.cursor() as cursor:
            self._wait()
            with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN'.encode()) as copy:
                for written, row in enumerate(rows, 1):  # noqa: B007 - told below
                    copy.write_row(row)
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
        with _errors_of_ours():
            self._wait()
            self.connection.execute(cast("Any", statements))

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
        with _errors_of_ours():
            self._wait()
            with self.connection.transaction(), self._answered():
                yield

    @contextlib.contextmanager
    def _answered(self) -> Iterator[None]:
        """Have everything that is sent in a block answered by its end."""
        self._open += 1
        try:
            yield
            self._wait()
        finally:
            self._open -= 1
            # Of a transaction that fails already, nobody needs to hear more.
            with contextlib.suppress(psycopg.Error):
                self._wait()
            if not self._open:
                self._end_streams()

    def _end_streams(self) -> None:
        """Close what is streamed, as its rows may be let go only within the next transaction, which would fail by it."""
        while self._streams:
            with contextlib.suppress(psycopg.Error):
                self._streams.pop().close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read what was there at one moment, whatever others write meanwhile; write nothing."""
        with self.atomic():
            self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            self.execute(_READ)
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
        with _errors_of_ours():
            return any(True for _ in self.connection.notifies(timeout=patience_s, stop_after=1))

    def interrupt(self) -> None:
        """Have the server end the statement that another thread waits for; never raises."""
        with contextlib.suppress(psycopg.Error):
            self.connection.cancel_safe(timeout=CANCEL_S)

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
        given = _settings(url)
        if passfile:
            given["passfile"] = passfile
        if patience_s is not None:
            given |= {"connect_timeout": patience_s, "tcp_user_timeout": patience_s * 1000}
        connection = _set_up(
            psycopg.connect(url, autocommit=True, **given),
            {**_SETTINGS, **(_BY_INDEX if by_index else {})},
        )
    except psycopg.OperationalError as error:
        raise ServerError(str(error), error.sqlstate or code_of(str(error))) from error
    except psycopg.Error as error:
        raise _ours(error) from error
    if not by_index:
        connection.prepare_threshold = None  # a plan for one campaign may be bad for another
    return PostgreSQL(connection)


def _set_up(connection: _Connection, settings: Mapping[str, str]) -> _Connection:
    """Return a connection with these settings; where it does not take them, it is closed. Raises psycopg.Error."""
    try:
        connection.execute(_set(settings, local=False).encode())
    except BaseException:
        connection.close()
        raise
    return connection


def shares_session(db: PostgreSQL, another: Callable[[], PostgreSQL]) -> bool:
    """Return whether a pooler has connections share sessions, each for a transaction; `another` makes one.

    Locks, settings and what is prepared belong to a session. Raises what `another` does.
    """
    if _session_of(db) == db.connection.info.backend_pid:
        return False  # nobody stands between
    ours, theirs = set(), set()
    with contextlib.closing(another()) as other:
        for _ in range(_LOOKS):
            ours.add(_session_of(db))
            theirs.add(_session_of(other))
    return ours == theirs or len(ours) > 1 or len(theirs) > 1


def _session_of(db: PostgreSQL) -> int:
    """Return the process of the server that answers; not by a prepared statement, which one alone would know."""
    with _errors_of_ours():
        found = db.connection.execute("SELECT pg_backend_pid()", prepare=False).fetchall()
    return int(found[0][0])


def _settings(url: str) -> dict[str, Any]:
    """Return what a connection is told beside its url; raises psycopg.Error."""
    said = conninfo_to_dict(url)
    given: dict[str, Any] = {name: of for name, of in GONE.items() if name not in said}
    if "," in str(said.get("host", "")):
        # A standby is of no use, and may come first.
        given["target_session_attrs"] = said.get("target_session_attrs", "read-write")
    return {"application_name": "waypost", **given}


def _query(sql: str) -> bytes:
    return for_postgresql(sql).encode()


def _as_given(parameters: Parameters) -> Parameters:
    return parameters if isinstance(parameters, dict) else tuple(parameters)


@contextlib.contextmanager
def _errors_of_ours() -> Iterator[None]:
    """Raise what psycopg raises in a block as an error of ours."""
    try:
        yield
    except psycopg.Error as error:
        raise _ours(error) from error


def _ours(error: psycopg.Error) -> ServerError:
    """Return what psycopg raised as an error of ours."""
    code = error.sqlstate or ""
    of_values = code.startswith(_OF_VALUES) or (
        not code and isinstance(error, psycopg.DataError | psycopg.ProgrammingError)
    )
    return (ValuesRefused if of_values else ServerError)(str(error), code)
