"""Two nodes are upgraded one by one, under load: for a while, two versions share one database.

The earlier version is real, out of this project's history, and its tables lack a step.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import need
from tests.support.pair import NAMES, WITHIN_S, Pair, running_pair
from tests.support.pair_load import CAMPAIGN, under_load
from tests.support.postgresql import cluster
from tests.support.readers.links import Links
from tests.support.repository import ROOT
from tests.support.stack import Mailbox
from tests.support.waiting import until
from tracker.sql.postgresql import connect
from tracker.store.server import schema

EARLIER = "f27a29cf"
"""A commit whose version knows nodes, and not yet all steps of today's tables."""
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the earlier version's code."""
    command = [need("git"), "-C", str(ROOT), "archive", EARLIER]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"no history of this project is here: {archive.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("earlier")
    subprocess.run(["tar", "x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


@pytest.fixture
def url() -> str:
    """Return a database with nothing in it."""
    return cluster().url(cluster().new())


@pytest.fixture
def pair(tmp_path: Path, mailbox: Mailbox, url: str, earlier: Path) -> Iterator[Pair]:
    """Run two nodes of the earlier version, and HAProxy."""
    codes = dict.fromkeys(NAMES, earlier)
    with running_pair(tmp_path, url, mailbox.port, codes) as made:
        yield made


def pending(url: str) -> list[str]:
    """Return the steps that the tables lack."""
    db = connect(url)
    try:
        return schema.pending(db)
    finally:
        db.close()


def upgrade(pair: Pair, name: str) -> None:
    """Do as the page says with one node."""
    node = pair.nodes[name]
    pair.take_out(name)
    node.stop()
    node.code = None
    assert "problem" not in node.do("check")
    node.start()
    pair.take_in(name)
    pair.until_up()


def test_two_versions_share_a_database_while_nodes_are_upgraded_one_by_one(
    pair: Pair, mailbox: Mailbox, url: str
) -> None:
    """No client hears what a retry does not mend; decisions reach the other version; all is counted once."""
    first, last = NAMES
    with under_load(pair) as load:
        until(lambda: len(pending(url)) < len(schema.STEPS), WITHIN_S)
        assert pending(url) != []
        upgrade(pair, first)
        until(lambda: pending(url) == [], WITHIN_S)
        load.wait_for_more()
        _decisions_reach_the_other(pair)
        upgrade(pair, last)
        load.wait_for_more()
    assert load.refused == []
    relayed = Counter(each.rcpt_tos[0].partition("@")[0] for each in mailbox.received)
    assert relayed == Counter(load.acknowledged)
    until(lambda: counted(pair).total() >= len(load.answered), WITHIN_S)
    assert counted(pair) == Counter(load.answered)
    (campaign,) = [each for each in pair.report()["campaigns"] if each["campaign"] == CAMPAIGN]
    assert campaign["deliveries"] == len(load.acknowledged)


def counted(pair: Pair) -> Counter[str]:
    """Return how often each click of the load was counted, by where it led."""
    led = Links(pair.nodes["a"].stack).counted()
    return Counter(each for each in led if each.startswith("https://shop.test/"))


def _decisions_reach_the_other(pair: Pair) -> None:
    """Have each version hear of what was decided on the other."""
    for one, other in (NAMES, NAMES[::-1]):
        host = f"{one}.example.org"
        path = Links(pair.nodes[other].stack).path(f"https://{host}/")
        pair.nodes[one].do("revoke", "host", host)
        until(lambda: Links(pair.nodes[other].stack).ask(path).status == 410, WITHIN_S)  # noqa: B023
