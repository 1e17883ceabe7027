"""Nodes that share a PostgreSQL: each streams its own spool, and none knows of another's."""

import contextlib
import itertools
import json
from pathlib import Path

from config.schema import Config, StreamConfig
from tests.support.feeding import put
from tests.support.postgresql import cluster
from tests.support.receiver import receiving
from tests.support.streaming import ids, streaming
from tests.support.waiting import until
from tracker.ingest.ingester import Ingester
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.stream.follow import Follower
from tracker.stream.standing import standing


def node(folder: Path, name: str, database_name: str, stream: StreamConfig) -> Config:
    """Return the configuration of a node with a click of its own in its spool."""
    url = cluster().url(database_name)
    store = {"url": url, "state": folder / name, "node": name}
    config = Config.model_validate({"store": store}).model_copy(update={"stream": stream})
    spool = Spool.open(config.store.spool_dir, "tracker")
    put(spool, 1 if name == "a" else 2)
    spool.close()
    return config


def test_each_node_streams_what_is_its_own(tmp_path: Path) -> None:
    """And says how far it is by that alone."""
    name = cluster().new()
    with receiving() as receiver:
        stream = StreamConfig(url=receiver.url)
        a, b = (node(tmp_path, each, name, stream) for each in "ab")
        for each in (a, b):
            with contextlib.closing(Ingester(each)) as ingester:
                assert ingester.drain()
        with contextlib.closing(Ingester(a)) as ingester:
            assert ingester.drain()
            with streaming(a, ingester):
                until(lambda: receiver.taken)
                until(lambda: waiting(a) == 0)
    assert ids(receiver) == ["e1"]
    assert waiting(b) > 0


def test_who_follows_a_node_hears_of_its_own(tmp_path: Path) -> None:
    """As counted by a store that others feed, too."""
    name = cluster().new()
    a, b = (node(tmp_path, each, name, StreamConfig(keep=60.0)) for each in "ab")
    for each in (a, b):
        with contextlib.closing(Ingester(each)) as ingester:
            assert ingester.drain()
    (line,) = itertools.islice(Follower(b, None, print).lines(lambda _pause_s: None), 1)
    assert json.loads(line)["id"] == "e2"


def waiting(config: Config) -> int:
    """Return how many octets wait for the receiver of a node."""
    with database.reading(config.store) as db:
        found = standing(db, config)
    assert found is not None
    return int(found["waiting_octets"])
