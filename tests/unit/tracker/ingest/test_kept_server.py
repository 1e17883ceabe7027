"""The store of an ingester on a server."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Config, StoreConfig
from tests.support.feeding import eventually, put, running
from tests.support.log_lines import capture_logs
from tests.support.postgresql import Cluster, cluster
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.ingest.kept_server import Vacuumer
from tracker.reports import summary
from tracker.spool import segments
from tracker.spool.writer import Spool
from tracker.sql.postgresql import connect
from tracker.store import database
from tracker.store.database import StoreError
from tracker.store.file import rewriting
from tracker.store.server import vacuuming


def node(folder: Path, name: str, database_name: str, **store: object) -> Config:
    """Return the configuration of a node."""
    url = cluster().url(database_name)
    return Config.model_validate(
        {"store": {"url": url, "state": folder / name, "node": name, **store}}
    )


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return that of a node whose store has no tables yet."""
    return node(tmp_path, "a", cluster().new())


def spool(config: Config, *numbers: int) -> None:
    """Put clicks into a finished segment of a node."""
    opened = Spool.open(config.store.spool_dir, "tracker")
    put(opened, *numbers)
    opened.close()


def clicks(store: StoreConfig) -> int:
    """Return how many clicks were counted, which are as many as there are."""
    with database.reading(store) as db:
        counted = summary.report(db).totals.clicks_all
        assert db.execute("SELECT count(*) FROM clicks").fetchone() == (counted,)
    return counted


def test_what_several_nodes_have_is_counted_once(tmp_path: Path) -> None:
    """Also what two of them were told of, and while all of them feed at once."""
    name = cluster().new()
    nodes = [node(tmp_path, each, name) for each in "abc"]
    for at, each in enumerate(nodes):
        spool(each, *range(at * 100, at * 100 + 150))
    threads = [threading.Thread(target=catch_up, args=(each,)) for each in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clicks(nodes[0].store) == 350


def test_finished_segments_are_held_and_fed_again_where_the_server_went_back(
    tmp_path: Path,
) -> None:
    """As a standby does that lacks what was committed last."""
    config = node(tmp_path, "a", cluster().new(), hold="1h")
    spool(config, 1, 2, 3)
    ingester = Ingester(config)
    assert ingester.drain()
    assert clicks(config.store) == 3
    assert len(segments.listing(config.store.spool_dir)) == 1
    with database.changing(config.store) as opened, opened.transaction():
        opened.db.execute("DELETE FROM segments")
        for table in ("clicks", "arrivals", "counters", "messages", "deliveries", "clicked_by"):
            opened.db.execute(f"DELETE FROM {table}")
    ingester.close()
    assert ingester.drain()
    assert clicks(config.store) == 3
    ingester.close()


def test_what_was_fed_again_is_held_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standby that has it now may be followed by another that lacks it."""
    config = node(tmp_path, "a", cluster().new(), hold="1h")
    spool(config, 1, 2, 3)
    ingester = Ingester(config)
    assert ingester.drain()
    later_s = time.monotonic() + 3601
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    with database.changing(config.store) as opened, opened.transaction():
        opened.db.execute("DELETE FROM segments")
    ingester.close()
    assert ingester.drain()
    assert len(segments.listing(config.store.spool_dir)) == 1
    ingester.close()


def test_segments_go_once_they_were_held_long_enough(tmp_path: Path) -> None:
    """Nobody holds them for ever."""
    config = node(tmp_path, "a", cluster().new(), hold="0s")
    spool(config, 1, 2, 3)
    catch_up(config)
    assert segments.listing(config.store.spool_dir) == []
    assert clicks(config.store) == 3


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster that a test may stop."""
    with cluster().another() as made:
        yield made


def test_a_server_that_went_away_is_connected_to_again(
    tmp_path: Path, own_cluster: Cluster
) -> None:
    """What was spooled meanwhile is counted then, once."""
    url = own_cluster.url("postgres")
    config = Config(store=StoreConfig(url=url, state=tmp_path, node="a"))
    with running(Ingester(config)):
        spool(config, *range(10))
        eventually(lambda: clicks(config.store) == 10)
        own_cluster.stop()
        spool(config, *range(5, 20))
        own_cluster.start()
        eventually(lambda: clicks(config.store) == 20)
    assert catch_up(config).octets == 0
    assert clicks(config.store) == 20


@contextlib.contextmanager
def nothing_is_vacuumed(config: Config) -> Iterator[None]:
    """Have whoever vacuums wait as long as the block runs; all others go on."""
    with contextlib.closing(connect(config.store.url)) as db, db.atomic():
        db.execute("LOCK TABLE persons IN SHARE UPDATE EXCLUSIVE MODE")
        yield


def test_what_was_forgotten_is_vacuumed_where_that_is_wanted(config: Config) -> None:
    """Once; who feeds the store goes on with it."""
    opened = database.open_to_feed(config.store)
    rewriting.end(opened, 7.0, wanted=True)
    assert rewriting.is_wanted_at(config.store)
    vacuumer = Vacuumer(config.store)
    assert not vacuumer.attend(opened, lambda: False)
    eventually(lambda: not rewriting.is_wanted_at(config.store))
    vacuumer.close()
    opened.close()


def test_clicks_are_counted_while_a_vacuum_is_under_way(config: Config) -> None:
    """However long that takes; and who stops the service does not wait for it."""
    database.open_to_feed(config.store).close()
    with running(Ingester(config)), nothing_is_vacuumed(config):
        with database.changing(config.store) as opened:
            rewriting.end(opened, 7.0, wanted=True)
        eventually(lambda: is_waiting_to_vacuum(config))
        spool(config, *range(10))
        eventually(lambda: clicks(config.store) == 10)
        assert rewriting.is_wanted_at(config.store)


def test_a_vacuum_ends_with_who_feeds_the_store(config: Config) -> None:
    """What is left of it is for the next time."""
    opened = database.open_to_feed(config.store)
    rewriting.end(opened, 7.0, wanted=True)
    vacuumer = Vacuumer(config.store)
    with nothing_is_vacuumed(config):
        vacuumer.attend(opened, lambda: False)
        eventually(lambda: is_waiting_to_vacuum(config))
        vacuumer.close()
        assert not is_waiting_to_vacuum(config)
    assert rewriting.is_wanted_at(config.store)
    opened.close()


def test_one_node_vacuums_for_all(config: Config) -> None:
    """The others go on as if it were done."""
    opened = database.open_to_feed(config.store)
    rewriting.end(opened, 7.0, wanted=True)
    with contextlib.closing(connect(config.store.url)) as db, db.alone(vacuuming.VACUUMING):
        Vacuumer(config.store).rewrite(opened, lambda: False)
    assert rewriting.is_wanted_at(config.store)
    opened.close()


def test_who_leaves_it_to_another_does_not_ask_all_the_time(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vacuum may take an hour, and each question is a connection of its own."""
    opened = database.open_to_feed(config.store)
    rewriting.end(opened, 7.0, wanted=True)
    vacuumer, begun = Vacuumer(config.store), []
    rewrite = vacuumer.rewrite
    monkeypatch.setattr(vacuumer, "rewrite", lambda *about: (rewrite(*about), begun.append(about)))
    with contextlib.closing(connect(config.store.url)) as db, db.alone(vacuuming.VACUUMING):
        vacuumer.attend(opened, lambda: False)
        eventually(lambda: begun and "vacuum" not in [each.name for each in threading.enumerate()])
        vacuumer.attend(opened, lambda: False)
        vacuumer.close()
    assert len(begun) == 1
    opened.close()


def is_waiting_to_vacuum(config: Config) -> bool:
    """Return whether somebody has begun to vacuum, and has not ended."""
    sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'VACUUM%' AND state = 'active'"
    with contextlib.closing(connect(config.store.url)) as db:
        return db.execute(sql).fetchone() is not None


def test_what_is_forgotten_while_that_is_vacuumed_is_vacuumed_again(config: Config) -> None:
    """Nobody knows whether it was in time."""
    opened = database.open_to_feed(config.store)
    rewriting.end(opened, 7.0, wanted=True)
    since_s = rewriting.wanted_s(opened.db)
    rewriting.end(opened, 8.0, wanted=True)
    rewriting.settle(opened, since_s)
    assert rewriting.is_wanted_at(config.store)
    opened.close()


def test_a_vacuum_that_fails_is_tried_again_later(config: Config) -> None:
    """It is no reason not to feed the store."""
    opened = database.open_to_feed(config.store)
    rewriting.end(opened, 7.0, wanted=True)
    opened.db.execute("DROP TABLE detail_names")
    vacuumer = Vacuumer(config.store)
    with capture_logs() as lines:
        assert not vacuumer.attend(opened, lambda: False)
        eventually(lambda: "store_not_vacuumed" in [each["event"] for each in lines])
    assert rewriting.is_wanted_at(config.store)
    vacuumer.close()
    opened.close()


def test_a_segment_is_not_forgotten_because_it_is_another_nodes(tmp_path: Path) -> None:
    """Else the other would feed it again and again."""
    name = cluster().new()
    one, two = node(tmp_path, "a", name), node(tmp_path, "b", name)
    spool(one, 1)
    spool(two, 2)
    for each in (one, two, one):
        catch_up(each)
    with contextlib.closing(connect(cluster().url(name))) as db:
        names = [each for (each,) in db.execute("SELECT name FROM segments ORDER BY name")]
    assert [each[:2] for each in names] == ["a/", "b/"]


def test_who_asks_a_server_that_is_away_does_not_wait_for_it(tmp_path: Path) -> None:
    """As it would be asked again and again: what it lacks may be told once it answers."""
    url = f"postgresql:///w?host={tmp_path}"
    config = Config(store=StoreConfig(url=url, state=tmp_path, node="a"))
    spool(config, 1)
    with pytest.raises(StoreError, match="cannot be read") as told:
        catch_up(config, patience_s=3600)
    assert told.value.cause == "unreachable"
