"""What keeps a node from using the database that nodes share, found before a service needs it."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import Config
from tests.support.nodes import node
from tests.support.postgresql import Cluster, cluster, url_of_new_store
from tracker.decisions.files import CONSENTS
from tracker.nodes import inspection, registry
from tracker.nodes.inspection import Inspection, Trouble, inspect
from tracker.nodes.joining import join
from tracker.nodes.key import key_file
from tracker.nodes.vital_signs import look
from tracker.sql.postgresql import PostgreSQL, connect
from tracker.store.server import schema, unfinished
from tracker.store.server.nodes import listing
from tracker.store.server.unfinished import Unfinished

GUESTS = itertools.count(1)


@contextlib.contextmanager
def asked(url: str) -> Iterator[PostgreSQL]:
    """Yield a connection to a database."""
    with contextlib.closing(connect(url)) as db:
        yield db


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a node that never ran, on a store of this version."""
    return node(tmp_path, url_of_new_store(), "a")


def troubles(found: Inspection) -> list[Trouble]:
    """Return what was found."""
    return [each.trouble for each in found.found]


def the_one(config: Config, trouble: Trouble) -> str:
    """Return what is said of the one trouble that there is, but for having heard nothing yet."""
    (found,) = [each for each in inspect(config).found if each.trouble is not Trouble.UNHEARD]
    assert found.trouble is trouble
    return found.what


def test_where_all_is_well_it_is_said_who_answers(config: Config) -> None:
    """Version, role, clock and tables; nothing is made, and no name taken."""
    found = inspect(config)
    assert troubles(found) == []
    assert found.server is not None
    assert (found.server.role, found.server.tables) == ("waypost", "current")
    assert int(found.server.version.split(".")[0]) >= 15
    assert "as the role waypost; clocks 0.0 s apart; tables of this version" in str(found.server)
    assert not key_file(config.store).exists()
    with asked(config.store.url) as db:
        assert listing(db) == []


def test_an_empty_database_is_enough(tmp_path: Path) -> None:
    """The first service makes the tables."""
    found = inspect(node(tmp_path, cluster().url(cluster().new()), "a"))
    assert troubles(found) == []
    assert "no tables yet, which the first service makes" in str(found.server)


def test_a_server_that_is_away(tmp_path: Path) -> None:
    """In the words of the client's library."""
    gone = node(tmp_path, f"postgresql:///w?host={tmp_path}", "a")
    assert str(tmp_path) in the_one(gone, Trouble.UNREACHABLE)
    assert inspect(gone).server is None


def test_a_node_that_never_heard_the_others_needs_the_database(tmp_path: Path) -> None:
    """It must not track who agreed to nothing; once it has heard, it may do without."""
    gone = node(tmp_path, f"postgresql:///w?host={tmp_path}", "a")
    assert troubles(inspect(gone)) == [Trouble.UNHEARD, Trouble.UNREACHABLE]
    assert Trouble.UNHEARD.stops
    CONSENTS.shared_of(gone.store.file).touch()
    assert troubles(inspect(gone)) == [Trouble.UNREACHABLE]


def test_so_does_one_whose_role_may_not_say_that_it_is_there(config: Config) -> None:
    """Whoever says nothing is told nothing; in an empty database nobody said anything yet."""
    assert Trouble.UNHEARD in troubles(inspect(as_guest(config)))
    CONSENTS.shared_of(config.store.file).touch()
    assert Trouble.UNHEARD not in troubles(inspect(as_guest(config)))


def test_a_role_that_is_not_there(config: Config) -> None:
    """It is named."""
    url = config.store.url.replace("user=waypost", "user=nobody_here")
    store = config.store.model_copy(update={"url": url})
    said = the_one(config.model_copy(update={"store": store}), Trouble.REFUSED)
    assert 'role "nobody_here" does not exist' in said


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """With how one is made."""
    said = the_one(node(tmp_path, cluster().url("nowhere"), "a"), Trouble.NO_DATABASE)
    assert 'database "nowhere" does not exist' in said
    assert "createdb -E UTF8" in Trouble.NO_DATABASE.cure


@pytest.fixture
def guarded() -> Iterator[Cluster]:
    """Run a server that wants a password, as those of others do."""
    with cluster().another() as server:
        server.want_password("correct horse")
        yield server


def test_a_wrong_password_and_none(guarded: Cluster, tmp_path: Path) -> None:
    """Neither is shown; the right one is taken from the file."""
    config = node(tmp_path, guarded.url("postgres"), "a")
    assert "no password supplied" in the_one(config, Trouble.REFUSED)
    passfile = tmp_path / "pgpass"
    passfile.touch(0o600)
    store = config.store.model_copy(update={"passfile": passfile})
    config = config.model_copy(update={"store": store})
    passfile.write_text("*:*:*:*:wrong horse\n")
    said = the_one(config, Trouble.REFUSED)
    assert 'password authentication failed for user "waypost"' in said
    assert "horse" not in said
    passfile.write_text("*:*:*:*:correct horse\n")
    assert troubles(inspect(config)) == []


def as_guest(config: Config, *, may_look: bool = True) -> Config:
    """Return the same node as a role that may do nothing but look, or not even that."""
    guest = f"looks_on_{next(GUESTS)}"  # a role is the whole server's
    with asked(config.store.url) as db:
        db.script(f"CREATE ROLE {guest} LOGIN")
        if may_look:
            db.script(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {guest}")
    url = config.store.url.replace("user=waypost", f"user={guest}")
    return config.model_copy(update={"store": config.store.model_copy(update={"url": url})})


def test_a_role_that_may_make_no_tables(tmp_path: Path) -> None:
    """As in a database of somebody else's."""
    config = node(tmp_path, cluster().url(cluster().new()), "a")
    said = the_one(as_guest(config), Trouble.RIGHTS)
    assert said.startswith("the role looks_on_")
    assert said.endswith("may not make tables there")


def test_a_role_that_does_not_own_the_tables(config: Config) -> None:
    """It could neither upgrade them nor make the next month."""
    found = inspect(as_guest(config))
    assert set(troubles(found)) == {Trouble.RIGHTS, Trouble.UNHEARD}
    assert "belong to waypost: looks_on_" in " ".join(each.what for each in found.found)


def test_a_role_that_may_not_even_look(config: Config) -> None:
    """In the server's words."""
    guest = as_guest(config, may_look=False)
    assert "permission denied for table" in the_one(guest, Trouble.RIGHTS)


def test_a_role_that_may_make_no_temporary_tables(config: Config) -> None:
    """Counting needs some."""
    with asked(config.store.url) as db:
        (name,) = db.execute("SELECT current_database()").fetchone()
        db.script(f"REVOKE TEMPORARY ON DATABASE {name} FROM public")
    found = inspect(as_guest(config))
    assert "may not make temporary tables" in " ".join(each.what for each in found.found)


def test_a_server_that_can_only_be_read(config: Config) -> None:
    """As a standby, or one that is set so."""
    with asked(config.store.url) as db:
        (name,) = db.execute("SELECT current_database()").fetchone()
        db.script(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "nothing can be written there" in the_one(config, Trouble.READ_ONLY)


def test_an_older_server(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which none is at hand: what says the version is told otherwise."""
    monkeypatch.setattr(PostgreSQL, "version", 14)
    assert "is PostgreSQL 14; 15 or newer is needed" in the_one(config, Trouble.UNFIT)


def test_a_database_that_is_not_in_utf8(tmp_path: Path) -> None:
    """It could not hold every URL."""
    with asked(cluster().url("postgres")) as db:
        db.script("CREATE DATABASE in_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    said = the_one(node(tmp_path, cluster().url("in_latin"), "a"), Trouble.UNFIT)
    assert "is in LATIN1: create the database with ENCODING 'UTF8'" in said


def test_no_icu_is_needed(tmp_path: Path) -> None:
    """A server that was built without it does."""
    config = node(tmp_path, cluster().url(cluster().new()), "a")
    with asked(config.store.url) as db:
        db.script("SET allow_system_table_mods = on")
        db.script("DELETE FROM pg_collation WHERE collprovider = 'i'")
        schema.apply(db)
    assert troubles(inspect(config)) == []


def test_tables_of_another_version_work(config: Config) -> None:
    """A later one only added to them; to those of an earlier one, the first service adds."""
    with asked(config.store.url) as db:
        db.execute("INSERT INTO migrations (name) VALUES ('of_tomorrow')")
        assert "tables of a later version, with which this one works" in str(inspect(config).server)
        db.execute("DELETE FROM migrations WHERE name IN ('of_tomorrow', 'webhooks')")
    found = inspect(config)
    assert troubles(found) == []
    assert "tables of an earlier version" in str(found.server)


def test_an_unfinished_copy(config: Config) -> None:
    """No service starts on it."""
    with asked(config.store.url) as db:
        unfinished.begin(db, Unfinished("/srv/w.db", "1:2", "a/"))
    assert "unfinished copy of /srv/w.db" in the_one(config, Trouble.UNFINISHED)
    assert Trouble.UNFINISHED.stops


def test_a_name_that_another_machine_has(config: Config, tmp_path: Path) -> None:
    """Found before this one ever ran, and where it has a key; that machine itself is well."""
    join(config)
    assert troubles(inspect(config)) == []
    other = node(tmp_path / "other", config.store.url, "a")
    assert the_one(other, Trouble.NAME_TAKEN) == "another machine is the node a"
    key_file(other.store).write_text("00000000-0000-0000-0000-000000000000\n")
    assert "another machine is the node a" in the_one(other, Trouble.NAME_TAKEN)
    assert Trouble.NAME_TAKEN.stops


def test_a_key_of_the_machine_that_is_none(config: Config) -> None:
    """Which file, once; what to do is the cure's to say."""
    path = key_file(config.store)
    path.write_text("?\n")
    assert the_one(config, Trouble.BAD_KEY) == f"{path} holds no key of a machine"


@pytest.mark.parametrize(("ahead_s", "said"), [(2.5, "2.5 s ahead of"), (-7.0, "7.0 s behind")])
def test_clocks_that_are_apart(
    config: Config, monkeypatch: pytest.MonkeyPatch, ahead_s: float, said: str
) -> None:
    """By more than two seconds."""
    monkeypatch.setattr(inspection.registry, "clock_distance_s", lambda _: ahead_s)
    assert f"this machine's clock is {said} the database's" in the_one(config, Trouble.CLOCK)
    monkeypatch.setattr(inspection.registry, "clock_distance_s", lambda _: 1.9)
    assert troubles(inspect(config)) == []


def say(config: Config) -> None:
    """Have a node say that it is there."""
    join(config)
    with asked(config.store.url) as db:
        key = key_file(config.store).read_text().strip()
        assert registry.say(db, config.store.node or "", key, look(config, {}, 0, 0.0))


def test_a_key_that_one_node_lacks(config: Config, tmp_path: Path) -> None:
    """On either side: links of the other would be dead here, or ours there."""
    other = node(tmp_path / "other", config.store.url, "b")
    say(other)
    found = inspect(config).found
    assert [each.trouble for each in found] == [Trouble.KEYS, Trouble.KEYS]
    assert "is missing on a" in " ".join(each.what for each in found)
    assert "is missing on b" in " ".join(each.what for each in found)
    same = node(tmp_path / "other", config.store.url, "c")
    assert troubles(inspect(same)) == []


def test_what_this_node_said_with_former_keys_does_not_count(config: Config) -> None:
    """It would say something else now."""
    say(config)
    assert config.keys.file is not None
    config.keys.file.unlink()
    write_token_keys(config.keys.file, [new_token_key()])
    assert troubles(inspect(config)) == []


def test_another_node_that_is_silent(config: Config, tmp_path: Path) -> None:
    """It is told; this one is not: it may be stopped."""
    for each in (config, node(tmp_path, config.store.url, "b")):
        say(each)
    with asked(config.store.url) as db:
        db.execute("UPDATE nodes SET seen_at_s = seen_at_s - 100")
    assert "the node b has not been heard for 100 s" in the_one(config, Trouble.SILENT)
