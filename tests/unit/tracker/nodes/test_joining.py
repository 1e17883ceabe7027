"""A service that starts where its name may be taken."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from config.schema import Config, StoreConfig
from tests.support.nodes import exchange, node
from tests.support.postgresql import cluster, url_of_new_store
from tests.support.waiting import until
from tracker.decisions import files, heard
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.nodes import joining
from tracker.nodes.connecting import connected
from tracker.nodes.joining import join
from tracker.nodes.key import key_file
from tracker.nodes.registry import NameTaken
from tracker.sql.postgresql import connect
from tracker.store import database
from tracker.store.opened import StoreError
from tracker.store.server import unfinished
from tracker.store.server.nodes import listing
from tracker.store.server.unfinished import Unfinished


def test_a_second_machine_of_one_name_is_refused(tmp_path: Path) -> None:
    """The first may start again and again."""
    url = url_of_new_store()
    one, other = (node(tmp_path / folder, url, "a") for folder in ("one", "other"))
    for _ in range(2):
        join(one)
    with pytest.raises(NameTaken):
        join(other)


def test_without_the_database_a_service_starts(tmp_path: Path) -> None:
    """Redirects and mail do not wait for it."""
    join(node(tmp_path, f"postgresql:///w?host={tmp_path}", "a"))


def test_with_a_file_of_sqlite_there_is_nobody_to_join(tmp_path: Path) -> None:
    """Nor is anything made for that."""
    config = Config(store=StoreConfig(url=f"sqlite:///{tmp_path}/w.db"))
    join(config)
    assert not key_file(config.store).exists()


def test_a_new_node_knows_what_was_said_before_it_begins(tmp_path: Path) -> None:
    """Who agreed to nothing is not tracked by it, from the first message on."""
    url = url_of_new_store()
    one, new = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    files.record(one.store.file, "ann@example.org", Consent.NONE)
    join(one)
    join(new)
    known = Consents.from_records(CONSENTS.merged(new.store.file).records)
    assert known.of("ann@example.org") is Consent.NONE


def test_where_the_database_is_new_there_is_nothing_to_hear(tmp_path: Path) -> None:
    """The first node takes mail at once; what it knows itself is sent once there are tables."""
    config = node(tmp_path, cluster().url(cluster().new()), "a")
    files.record(config.store.file, "ann@example.org", Consent.NONE)
    join(config)
    heard.require(config.store)
    with closing(database.open_to_feed(config.store)):
        exchange(config)
    with connected(config.store) as db:
        assert db.execute("SELECT count(*) FROM shared_log").fetchone() == (1,)


def test_who_never_heard_and_cannot_has_not_heard(tmp_path: Path) -> None:
    """Its proxy does not start, then (`tracker.decisions.heard`)."""
    config = node(tmp_path, f"postgresql:///w?host={tmp_path}", "a")
    join(config)
    assert not heard.has_heard(config.store)


def test_a_service_starts_though_the_database_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits for a standby with each commit, and the standby is gone."""
    monkeypatch.setattr(joining, "JOIN_S", 0.2)
    with cluster().another() as server:
        config = node(tmp_path, server.url(server.empty_store()), "a")
        with closing(connect(server.url("postgres"))) as db:
            db.script("ALTER SYSTEM SET synchronous_standby_names = 'gone'")
            db.script("SELECT pg_reload_conf()")
            until(lambda: db.execute("SHOW synchronous_standby_names").fetchone() == ("gone",))
        starting = threading.Thread(target=join, args=(config,), daemon=True)
        starting.start()
        until(lambda: not starting.is_alive())


def test_while_a_store_is_copied_into_the_database_no_service_starts(tmp_path: Path) -> None:
    """It is said what to do; and it takes no name."""
    config = node(tmp_path, url_of_new_store(), "a")
    with connected(config.store) as db:
        unfinished.begin(db, Unfinished("/srv/w.db", "1:2", "a/"))
        with pytest.raises(
            StoreError, match=r"unfinished copy of /srv/w\.db: run `waypost store copy`"
        ):
            join(config)
        assert listing(db) == []
