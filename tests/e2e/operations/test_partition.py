"""One of two nodes is cut off from the database that they share, and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import waypost
from tests.support.forwarder import Forwarder, forwarding
from tests.support.pair import WITHIN_S, Node, Pair, running_pair
from tests.support.pair_load import assert_exact, under_load
from tests.support.postgresql import USER, cluster
from tests.support.readers.links import Links
from tests.support.stack import Mailbox
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(600)
HOSTS = {"a": "one.test", "b": "other.test"}


@pytest.fixture
def way() -> Iterator[Forwarder]:
    """Run the way of node b to the database."""
    with forwarding(cluster().folder / ".s.PGSQL.5432") as made:
        yield made


@pytest.fixture
def pair(tmp_path: Path, mailbox: Mailbox, way: Forwarder) -> Iterator[Pair]:
    """Run both nodes, and HAProxy."""
    name = cluster().empty_store()
    own = {"b": f"postgresql://{USER}@127.0.0.1:{way.port}/{name}"}
    with running_pair(tmp_path, cluster().url(name), mailbox.port, own=own) as made:
        yield made


def status(node: Node, url: str) -> int:
    """Return what the tracker of a node says to a link that leads to a URL."""
    links = Links(node.stack)
    return links.ask(links.path(url)).status


def test_a_node_that_is_cut_off_goes_on_and_says_and_hears_everything_afterwards(
    pair: Pair, mailbox: Mailbox, way: Forwarder
) -> None:
    """What each decided holds where it was decided at once, and on both then; nobody's click is lost."""
    nodes = pair.nodes
    with under_load(pair) as load:
        until(lambda: lacks(nodes["a"]) == "", WITHIN_S)
        way.cut()
        for name, host in HOSTS.items():
            nodes[name].do("revoke", "host", host)
        for name, host in HOSTS.items():
            until(lambda name=name, host=host: status(nodes[name], f"https://{host}/") == 410)
        load.wait_for_more()
        assert status(nodes["a"], "https://other.test/") == 302
        until(lambda: "b may have taken since it was last heard" in lacks(nodes["a"]), WITHIN_S)
        assert_is_away(nodes["b"])
        way.mend()
        for name in HOSTS:
            for host in HOSTS.values():
                until(
                    lambda name=name, host=host: status(nodes[name], f"https://{host}/") == 410,
                    WITHIN_S,
                )
    assert load.failures == []
    assert_exact(load, mailbox)
    until(lambda: lacks(nodes["a"]) == lacks(nodes["b"]) == "", WITHIN_S)
    logs = [each.stack.folder / "waypost.db.overrides.shared" for each in nodes.values()]
    assert logs[0].read_bytes() == logs[1].read_bytes()


def lacks(node: Node) -> str:
    """Return what a node's report says that it lacks."""
    done = waypost("report", "-c", node.stack.config)
    assert done.returncode == 0, done.stderr.decode()
    return done.stderr.decode()


def assert_is_away(node: Node) -> None:
    """Make sure that a node's report says in one line that the database cannot be asked."""
    done = waypost("report", "-c", node.stack.config)
    assert done.returncode == 1
    assert "cannot be read" in done.stderr.decode()
