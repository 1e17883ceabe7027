"""PostgreSQL as an engine of the store."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.postgresql import cluster, url_of_new_store
from tracker.sql import postgresql
from tracker.sql.errors import ServerError, ValuesRefused
from tracker.sql.postgresql import PostgreSQL, connect


@pytest.fixture
def url() -> str:
    """Return the url of an empty store."""
    return url_of_new_store()


@pytest.fixture
def db(url: str) -> Iterator[PostgreSQL]:
    """Return a connection to it."""
    with contextlib.closing(connect(url)) as made:
        yield made


def test_what_a_failing_transaction_wrote_is_gone(db: PostgreSQL) -> None:
    """And the connection is of use again."""
    with contextlib.suppress(LookupError), db.transaction():
        db.execute("INSERT INTO settings VALUES ('a', 1)")
        raise LookupError
    assert db.execute("SELECT count(*) FROM settings").fetchone() == (0,)


def test_what_a_failing_part_of_a_transaction_wrote_is_gone(db: PostgreSQL) -> None:
    """What was written before it is not, even where a statement failed."""
    with db.transaction():
        db.execute("INSERT INTO settings VALUES ('a', 1)")
        with pytest.raises(ValuesRefused), db.atomic():
            db.execute("INSERT INTO settings VALUES ('a', 2)")
    assert db.execute("SELECT value FROM settings").fetchall() == [(1.0,)]


def test_a_stream_that_is_let_go_late_is_no_matter_of_the_next_transaction(db: PostgreSQL) -> None:
    """Which may be that of somebody else, where connections are kept."""
    rows = "SELECT generate_series(1, 9000) AS number"
    with db.snapshot():
        stream = db.stream(rows)
        assert next(stream) == {"number": 1}
    with db.snapshot():
        stream.close()  # type: ignore[attr-defined]
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_that_is_left_without_an_answer_is_closed(db: PostgreSQL) -> None:
    """As a server leaves it that ends it while rows are sent: psycopg calls it open, and cannot use it.

    What psycopg says then depends on what has arrived.
    """

    def send_what_nobody_waits_for() -> None:
        with db.transaction():
            db.executemany("INSERT INTO settings VALUES (?, ?)", [("a", 1), ("b", 2)])
            db.connection.pgconn.send_query_params(b"SELECT 1", None)

    with pytest.raises(ServerError, match=r"cannot exit pipeline mode|belongs to nothing"):
        send_what_nobody_waits_for()
    assert db.is_closed


def test_those_who_write_take_turns(url: str, db: PostgreSQL) -> None:
    """Who waited reads what the one before wrote, so that nothing is counted from what was."""
    db.execute("INSERT INTO settings VALUES ('sum', 0)")

    def add() -> None:
        with contextlib.closing(connect(url)) as other:
            for _ in range(20):
                with other.transaction():
                    found = other.execute("SELECT value FROM settings").fetchone()[0]
                    other.execute("UPDATE settings SET value = :now", {"now": found + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.execute("SELECT value FROM settings").fetchone() == (80.0,)


def test_numbers_that_were_given_are_not_given_again(db: PostgreSQL) -> None:
    """But for those of a transaction that failed."""
    with db.transaction():
        assert db.reserve("persons", 3) == 1
    with contextlib.suppress(LookupError), db.transaction():
        assert db.reserve("persons", 5) == 4
        raise LookupError
    with db.transaction():
        assert db.reserve("persons", 1) == 4
        assert db.reserve("arrivals", 1) == 1


def test_a_temporary_table_is_empty_again_after_its_transaction(db: PostgreSQL) -> None:
    """And there still, for the next one."""
    made = "CREATE TEMP TABLE IF NOT EXISTS few (id INTEGER PRIMARY KEY) WITHOUT ROWID"
    for _ in range(2):
        with db.atomic():
            db.execute(made)
            db.executemany("INSERT INTO few VALUES (?)", [[1], [2]])
            assert db.execute("SELECT count(*) FROM few").fetchone() == (2,)


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO campaigns VALUES (1, 'again')", "INSERT INTO persons VALUES (1, NULL)"],
)
def test_values_are_told_from_a_server_that_fails(db: PostgreSQL, statement: str) -> None:
    """An event is to blame for the former."""
    with pytest.raises(ValuesRefused):
        db.execute(statement)
    with pytest.raises(ServerError) as told:
        db.execute("SELECT * FROM nothing_of_ours")
    assert not isinstance(told.value, ValuesRefused)
    assert told.value.sqlstate == "42P01"


def test_a_server_that_is_not_there_is_told_with_its_own_words() -> None:
    """As an error of ours."""
    with pytest.raises(ServerError, match="nowhere"):
        connect("postgresql:///waypost?host=/nowhere")


def test_a_connection_that_the_server_ended_raises_an_error_of_ours(
    url: str, db: PostgreSQL
) -> None:
    """Whatever was being done."""
    pid = db.execute("SELECT pg_backend_pid()").fetchone()[0]
    with contextlib.closing(connect(cluster().url("postgres"))) as other:
        other.execute(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(ServerError), db.transaction():
        db.execute("SELECT 1")


def test_a_server_that_answers_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after the minutes that the system takes."""
    monkeypatch.setattr(postgresql, "GONE", {"connect_timeout": 2})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://waypost@127.0.0.1:{silent.getsockname()[1]}/waypost"
        with pytest.raises(ServerError, match="timeout"):
            connect(url)


def test_a_url_says_when_a_server_counts_as_gone(url: str) -> None:
    """Of what it does not say, we do."""
    with contextlib.closing(connect(f"{url}&connect_timeout=77")) as db:
        said = db.connection.info.get_parameters()
    assert (said["connect_timeout"], said["keepalives_idle"]) == ("77", "15")


def test_a_connection_that_cannot_be_set_up_is_closed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the server goes right after it was reached."""
    made, really = [], psycopg.connect

    def watched(*given: Any, **named: Any) -> psycopg.Connection[Any]:
        made.append(really(*given, **named))
        return made[-1]

    monkeypatch.setattr(psycopg, "connect", watched)
    monkeypatch.setattr(postgresql, "_SETTINGS", {"nothing_of_a_server": "on"})
    with pytest.raises(ServerError, match="nothing_of_a_server"):
        connect(url)
    assert [each.closed for each in made] == [True]


def test_of_several_servers_one_that_can_be_written_to_is_taken(url: str) -> None:
    """Whichever comes first: after a failover, that is the standby."""
    with contextlib.closing(connect(url)) as db:
        name = db.execute("SELECT current_database()").fetchone()[0]
        db.script(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    several = url.replace("host=", f"host={cluster().folder},")
    with pytest.raises(ServerError, match="read-only"):
        connect(several)
    connect(f"{several}&target_session_attrs=any").close()


def test_options_of_a_url_are_heeded(url: str) -> None:
    """As the schema that the tables are in; ours come after them."""
    options = "options=-c%20search_path%3Ddata%20-c%20TimeZone%3DAsia/Tokyo"
    with contextlib.closing(connect(f"{url}&{options}")) as db:
        assert db.execute("SHOW search_path").fetchone() == ("data",)
        assert db.execute("SHOW TimeZone").fetchone() == ("UTC",)
        assert db.execute("SHOW jit").fetchone() == ("off",)


def test_who_reads_may_be_slow(db: PostgreSQL) -> None:
    """As a pager is: who writes loses their turn by that, but nobody waits for who reads."""
    idle = "SELECT current_setting('idle_in_transaction_session_timeout')"
    with db.transaction():
        assert db.execute(idle).fetchone() == ("1min",)
    with db.snapshot():
        assert db.execute(idle).fetchone() == ("0",)


def test_whatever_a_database_is_set_to_who_waited_reads_what_others_wrote(url: str) -> None:
    """A snapshot would be from before the wait."""
    with contextlib.closing(connect(url)) as db:
        name = db.execute("SELECT current_database()").fetchone()[0]
        db.script(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    with contextlib.closing(connect(url)) as db, db.transaction():
        assert db.execute("SHOW transaction_isolation").fetchone() == ("read committed",)


def test_who_asks_goes_by_an_index_in_its_order_whatever_statistics_say(db: PostgreSQL) -> None:
    """To show the latest clicks, all would be read and sorted else: how many there are is estimated badly."""
    db.script("""
        INSERT INTO clicks SELECT n / 5, n % 5, CAST(CAST(n AS text) AS bytea), n, 1, 1, 1, 1, 1, 1, 1
        FROM generate_series(1, 3000) AS numbers (n);
        INSERT INTO arrivals SELECT arrival, sent_s, message_id FROM clicks;
        ANALYZE clicks, arrivals
    """)
    latest = """
        EXPLAIN SELECT arrivals.arrival FROM arrivals CROSS JOIN clicks ON clicks.sent_s = arrivals.sent_s
            AND clicks.message_id = arrivals.message_id AND clicks.arrival = arrivals.arrival
        ORDER BY arrivals.arrival DESC LIMIT 50
    """
    with db.snapshot():
        steps = "".join(line for (line,) in db.execute(latest).fetchall())
    assert "Index" in steps
    assert not [each for each in ("Sort", "Seq Scan", "Hash", "Gather") if each in steps]


def test_rows_are_copied_in_as_they_are(db: PostgreSQL) -> None:
    """In the open transaction; where one is refused, none is there."""
    db.execute('CREATE TABLE kept ("offset" bigint PRIMARY KEY, name text, octets bytea)')
    rows = [(-(2**63), "N\0L \\N \t", b"\0\\"), (2, None, None)]
    with db.atomic():
        assert db.copy_in("kept", ("offset", "name", "octets"), iter(rows)) == len(rows)
        assert db.copy_in("kept", ("offset",), []) == 0
    assert db.execute("SELECT * FROM kept ORDER BY 1").fetchall() == rows
    with pytest.raises(ValuesRefused), db.atomic():
        db.copy_in("kept", ("offset",), [(3,), (2,)])
    with pytest.raises(OSError, match="gone"), db.atomic():
        db.copy_in("kept", ("offset",), _ending())
    assert db.execute("SELECT * FROM kept ORDER BY 1").fetchall() == rows


def _ending() -> Iterator[tuple[int]]:
    yield (3,)
    raise OSError("gone")


def test_what_is_done_alone_is_done_by_one(url: str, db: PostgreSQL) -> None:
    """Until it is done, or its connection has ended."""
    with contextlib.closing(connect(url)) as other:
        other.execute("SET lock_timeout = '50ms'")
        with db.alone(5), pytest.raises(ServerError), other.alone(5):
            pass
        with other.alone(5):
            pass
