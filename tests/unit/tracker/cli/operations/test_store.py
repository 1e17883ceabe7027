"""`waypost store copy`: a store is moved from a file of SQLite to PostgreSQL."""

import contextlib
import importlib.util
import json
import sqlite3
from pathlib import Path

import click.testing
import pytest

from config.loading.load import own_node
from tests.support import moving
from tests.support.clients.commands import LINKS, output, spooled
from tests.support.clients.commands import click as clicked
from tests.support.postgresql import cluster
from tracker.cli.operations.store import store_group
from tracker.ingest.lock import Lock
from tracker.nodes import registry
from tracker.sql.postgresql import connect
from tracker.store.server.nodes import VitalSigns

LATER = """
    INSERT INTO _sqlite_migrations (migration_set, name, applied_at)
    VALUES ('waypost-second-form', 'of_tomorrow', '')
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store in a file."""
    return moving.fed(tmp_path / "waypost.db")


def empty() -> str:
    """Return the url of a database with nothing in it."""
    return cluster().url(cluster().new())


def copy(source: object, target: str, *options: str) -> click.testing.Result:
    """Copy a store for the node a."""
    arguments = ["copy", f"sqlite:///{source}", target, "--node", "a", *options]
    return click.testing.CliRunner().invoke(store_group, arguments)


def refusal(source: object, target: str, *options: str, status: int = 1) -> str:
    """Return what is said where a store is not copied: it is one line, after what usage errors begin with."""
    done = copy(source, target, *options)
    assert done.exit_code == status
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


def test_a_store_is_copied_and_both_sides_are_shown(path: Path) -> None:
    """With what to do next."""
    url = empty()
    done = copy(path, url)
    assert done.exit_code == 0
    assert "clicks …" in done.stderr
    assert "Both sides are compared." in done.stderr
    assert "Reports: equal." in done.stdout
    assert f'state = "{path.parent}"' in done.stdout
    assert "differ" not in done.stdout


def test_programs_get_json(path: Path) -> None:
    """With rows of both sides, by table."""
    url = empty()
    told = json.loads(copy(path, url, "--json").stdout)
    assert (told["equal"], told["went_on"], told["reports_differ"]) == (True, False, [])
    assert {"table": "opens", "rows": 1, "copied": 1, "sums_differ": []} in told["tables"]
    assert told["target"] == url


def test_it_is_told_how_far_a_table_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every few seconds."""
    monkeypatch.setattr("tracker.cli.operations.store.EVERY_S", 0.0)
    monkeypatch.setattr("tracker.moving.copying.CHUNK", 2)
    assert "clicks: 2 rows" in copy(path, empty()).stderr


def test_a_store_that_is_there_is_not_overwritten(path: Path) -> None:
    """Not by its own copy, either."""
    url = empty()
    copy(path, url)
    assert "is not empty: it has rows in" in refusal(path, url)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("sqlite:///a.db", "sqlite:///b.db", "waypost backup"),
        ("postgresql://h/a", "postgresql://h/b", "pg_dump"),
        ("postgresql://h/a", "sqlite:///b.db", "does not go back"),
        ("waypost.db", "postgresql://h/b", "is not the URL of a database"),
        ("sqlite:///a.db", "postgresql:h", "is not the URL of a PostgreSQL database"),
    ],
)
def test_what_cannot_be_copied_so_is_refused(source: str, target: str, said: str) -> None:
    """With what does it, or how a url is written."""
    done = click.testing.CliRunner().invoke(store_group, ["copy", source, target])
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://a:secret@h/w", "put it in a file, --passfile"),
        ("postgresql://a@h.example/w", "sslmode is prefer"),
    ],
)
def test_what_others_could_read_is_refused(path: Path, url: str, said: str) -> None:
    """A password on the command line, and clicks on the way."""
    assert said in (told := refusal(path, url, status=2))
    assert "secret" not in told


def test_a_network_of_ones_own_may_do_without(path: Path) -> None:
    """Then the database is asked, of whose host nobody knows."""
    told = refusal(path, "postgresql://a@nowhere.invalid/w", "--insecure")
    assert "nowhere.invalid" in told


def test_a_missing_library_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how it is installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert "pip install 'waypost[postgresql]'" in refusal(path, "postgresql:///w")


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    """Nothing is made of it."""
    assert f"there is no store {tmp_path}/no.db" in refusal(tmp_path / "no.db", "postgresql:///w")
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """It is left alone."""
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as conn:
        conn.execute("CREATE TABLE mine (id)")
    assert "of another program" in refusal(tmp_path / "other.db", empty())


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM _sqlite_migrations WHERE name = 'webhooks'", "of an earlier version; start"),
        ("UPDATE _sqlite_migrations SET name = 'later' WHERE name = 'webhooks'", "later version"),
        (
            LATER,
            "of a later version of Waypost",
        ),
    ],
)
def test_a_store_of_another_version_is_refused(path: Path, sql: str, said: str) -> None:
    """With what to do."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute(sql)
        conn.commit()
    assert said in refusal(path, empty())


def test_a_database_of_a_later_version_is_refused(path: Path) -> None:
    """Its tables may have more."""
    url = cluster().url(cluster().empty_store())
    with contextlib.closing(connect(url)) as db:
        db.execute("INSERT INTO migrations (name) VALUES ('of_tomorrow')")
    assert "of a later version, which knows of_tomorrow" in refusal(path, url)


def test_a_user_without_rights_is_told_which(path: Path) -> None:
    """As the owner of the database, it may do all that is needed."""
    url = empty()
    with contextlib.closing(connect(url)) as db:
        db.script("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN")
    told = refusal(path, url.replace("user=waypost", "user=guest"))
    assert "permission denied" in told
    assert "createdb -O USER" in told


def test_a_server_that_is_away_is_told(path: Path, tmp_path: Path) -> None:
    """In its own words."""
    assert str(tmp_path) in refusal(path, f"postgresql:///w?host={tmp_path}")


def test_a_store_whose_feeder_does_not_give_way_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to stop."""
    monkeypatch.setattr("tracker.moving.source.PATIENCE_S", 0.0)
    lock = Lock(path.with_name("waypost.db.spool"))
    assert lock.acquire()
    assert "does not give way" in refusal(path, empty())
    lock.release()


def test_a_database_that_a_node_feeds_is_refused(path: Path) -> None:
    """It is named."""
    url = cluster().url(cluster().empty_store())
    with contextlib.closing(connect(url)) as db:
        registry.take_name(db, "tracker-2", "key")
        registry.say(db, "tracker-2", "key", VitalSigns("1", ("tracker",), 0, 0, 0.0))
    assert "is in use by tracker-2: stop its services" in refusal(path, url)


def test_where_both_sides_differ_the_exit_status_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the table names the columns."""
    monkeypatch.setattr("tracker.moving.move.comparing.reports_differ", lambda *_: ["opens"])
    done = copy(path, empty())
    assert done.exit_code == 1
    assert "Reports: differ: opens." in done.stdout
    assert "make the database anew" in done.stdout


def test_without_a_name_the_node_is_called_as_a_configuration_would_call_it(path: Path) -> None:
    """So that this machine goes on where it was with its spool."""
    url = empty()
    arguments = ["copy", f"sqlite:///{path}", url]
    assert click.testing.CliRunner().invoke(store_group, arguments).exit_code == 0
    with contextlib.closing(connect(url)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM segments")]
    assert names == [f"{own_node()}/tracker-1.log"]


def test_what_commands_say_is_the_same_at_the_new_place(filled: Path) -> None:
    """And what waited in the spool meanwhile is counted there, once."""
    told = {name: output(filled, name, "--json") for name in ("report", "export", "clickers")}
    url, config = empty(), filled / "waypost.toml"
    assert copy(filled / "waypost.db", url).exit_code == 0
    old = config.read_text().splitlines()[1]
    store = f'url = "{url}"\nstate = "{filled}"\nnode = "a"'
    config.write_text(config.read_text().replace(old, store))
    assert {name: output(filled, name, "--json") for name in told} == told
    spooled(filled, clicked(5, 1, LINKS[0]))
    assert len(output(filled, "export").splitlines()) == len(told["export"].splitlines()) + 1
