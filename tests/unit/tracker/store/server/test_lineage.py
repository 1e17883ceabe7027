"""Numbers that others know, in a database that does not go on where it was left."""

import contextlib
from pathlib import Path

from config.schema import StoreConfig
from tests.support.postgresql import cluster
from tracker.sql.postgresql import connect
from tracker.store.rows import named_rows
from tracker.store.server import lineage
from tracker.store.server.server_store import ServerStore


def given(folder: Path, name: str, count: int) -> int:
    """Have numbers given in a database, by a connection of their own; return the first of them."""
    store = ServerStore.to_feed(StoreConfig(url=cluster().url(name), state=folder, node="a"))
    try:
        with store.transaction():
            return store.db.reserve("arrivals", count)
    finally:
        store.close()


def test_numbers_go_on_where_the_database_does(tmp_path: Path) -> None:
    """However often somebody connects."""
    name = cluster().new()
    first = given(tmp_path, name, 5)
    assert [given(tmp_path, name, 5) for _ in range(2)] == [first + 5, first + 10]


def test_arrivals_go_on_in_a_new_database_in_the_place_of_one_that_is_lost(tmp_path: Path) -> None:
    """Who reads clicks by a cursor goes on with it; names are numbered from 1."""
    last = given(tmp_path, cluster().new(), 5) + 4
    new = cluster().new()
    assert given(tmp_path, new, 5) > last
    assert named(tmp_path, new, "first")[0] == 1


def test_numbers_that_a_backup_lacks_are_not_given_again(tmp_path: Path) -> None:
    """Once a database has jumped, it goes on like any other."""
    name = cluster().new()
    given(tmp_path, name, 5)
    backup = cluster().dump(name)
    last = given(tmp_path, name, 5) + 4
    cluster().take_place(name, cluster().restore(backup))
    first = given(tmp_path, name, 5)
    assert first > last
    assert given(tmp_path, name, 5) == first + 5


def named(folder: Path, database: str, name: str) -> list[int]:
    """Have a person, a campaign and a link of one name in a database; return their numbers."""
    store = ServerStore.to_feed(StoreConfig(url=cluster().url(database), state=folder, node="a"))
    with contextlib.closing(store), store.transaction():
        return [
            named_rows.ids(store.db, "persons", [name])[name],
            named_rows.ids(store.db, "campaigns", [name])[name],
            named_rows.ids(store.db, "links", [name])[name],
        ]


def test_who_wrote_a_number_down_takes_nobody_else_for_its_own(tmp_path: Path) -> None:
    """Neither a person, nor a campaign or link; those that a backup has keep theirs."""
    database = cluster().new()
    kept = named(tmp_path, database, "kept")
    backup = cluster().dump(database)
    lost = named(tmp_path, database, "lost")
    cluster().take_place(database, cluster().restore(backup))
    new = named(tmp_path, database, "new")
    assert all(now > before for now, before in zip(new, lost, strict=True))
    assert named(tmp_path, database, "kept") == kept
    assert named(tmp_path, database, "next") == [number + 1 for number in new]


def test_a_role_without_rights_is_told(tmp_path: Path) -> None:
    """What a database is known by is no secret of the server's."""
    name = cluster().new()
    given(tmp_path, name, 1)
    with contextlib.closing(connect(cluster().url(name))) as db:
        db.execute("UPDATE last_numbers SET number = -1 WHERE name = 'lineage'")
        db.script("CREATE ROLE lineage_reader; GRANT ALL ON last_numbers TO lineage_reader")
        db.script("SET ROLE lineage_reader")
        lineage.attend(db)
        (noted,) = db.execute("SELECT number FROM last_numbers WHERE name = 'lineage'").fetchone()
        assert noted > 0
        db.script("RESET ROLE; DROP OWNED BY lineage_reader; DROP ROLE lineage_reader")
