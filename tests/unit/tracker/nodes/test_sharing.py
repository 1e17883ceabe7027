"""What is said on one node reaches all, in one order, and outlives the database."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Config
from config.telemetry import observe
from tests.support.feeding import spool_message
from tests.support.log_lines import capture_logs
from tests.support.nodes import exchange, node, records, revoke
from tests.support.postgresql import cluster, url_of_new_store
from tests.support.waiting import until
from tracker.access import files as access
from tracker.access.access import Scope
from tracker.access.files import ACCESS
from tracker.decisions import files
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS, DECISIONS
from tracker.decisions.overrides import Overrides, decision
from tracker.ingest.catch_up import catch_up
from tracker.minting.short_links import ShortLinks
from tracker.nodes.connecting import connected
from tracker.nodes.sharing import Sharing
from tracker.spool import segments
from tracker.store.server.nodes import listing


@pytest.fixture
def url() -> str:
    """Return a database of this test's own."""
    return url_of_new_store()


@pytest.fixture
def nodes(tmp_path: Path, url: str) -> tuple[Config, Config]:
    """Return two nodes on it."""
    return node(tmp_path, url, "a"), node(tmp_path, url, "b")


@contextlib.contextmanager
def sharing(*configs: Config) -> Iterator[None]:
    """Have nodes share while the block runs."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=Sharing(each, lambda: True).run, args=(stop,)) for each in configs
    ]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        stop.set()
        for each in threads:
            each.join()


def test_what_is_decided_on_one_node_is_in_force_on_all(nodes: tuple[Config, Config]) -> None:
    """Revocations, consents, tokens and short links alike."""
    one, other = nodes
    with sharing(one, other):
        revoke(one, "one.test")
        files.record(one.store.file, "ann@example.org", Consent.NONE)
        access.add(other.store.file, "crm", [Scope.FIGURES], None)
        code = ShortLinks(other.store.file).add("AQ-token")
        until(lambda: Overrides.of(records(other)).hosts == {"one.test"})
        until(lambda: ShortLinks.load(one.store.file).token(code) == "AQ-token")
        until(lambda: len(ACCESS.merged(one.store.file).records) == 1)
        until(lambda: len(CONSENTS.merged(other.store.file).records) == 1)
    consents = CONSENTS.merged(other.store.file).records
    assert Consents.from_records(consents).of("ann@example.org") is Consent.NONE


def test_nodes_have_the_order_of_the_log(nodes: tuple[Config, Config]) -> None:
    """Two operators who contradict each other: the later to arrive wins, on all nodes."""
    one, other = nodes
    second = revoke(one, "one.test")
    first = decision("restore", "host", "one.test")
    DECISIONS.append(other.store.file, first)
    exchange(other, one)
    assert records(one) == records(other) == (first, second)


def test_what_was_heard_outlives_the_database(nodes: tuple[Config, Config], tmp_path: Path) -> None:
    """It stands in the files of each node, and a new database has it from them."""
    one, other = nodes
    made = revoke(one, "one.test"), revoke(other, "two.test")
    exchange(one, other)
    DECISIONS.file_of(one.store.file).unlink()
    assert set(records(other)) == set(made)
    anew = url_of_new_store()
    moved = [node(tmp_path, anew, name) for name in ("b", "a")]
    exchange(*moved)
    assert [set(records(each)) for each in moved] == [set(made)] * 2
    assert records(moved[0]) == records(moved[1])


def test_a_database_restored_from_an_older_backup_takes_nothing_back(
    nodes: tuple[Config, Config],
) -> None:
    """Nodes give it the lines that it lacks, and have one order again."""
    one, other = nodes
    made = [revoke(one, f"{number}.test") for number in range(4)]
    exchange(one, other)
    with connected(one.store) as db:
        db.execute("DELETE FROM shared_log WHERE seq > (SELECT min(seq) + 1 FROM shared_log)")
    late = revoke(other, "late.test")
    exchange(other, one)
    assert set(records(one)) == {*made, late}
    assert records(one) == records(other)
    with connected(one.store) as db:
        assert db.execute("SELECT count(*) FROM shared_log").fetchone() == (5,)


def test_a_line_is_sent_once(nodes: tuple[Config, Config]) -> None:
    """However often its node starts anew; and each node has it once."""
    one, other = nodes
    made = revoke(one, "one.test")
    exchange(one, other, rounds=3)
    assert records(one) == records(other) == (made,)
    assert len(DECISIONS.read(DECISIONS.shared_of(other.store.file)).records) == 1


def test_a_line_that_was_torn_is_fetched_again(nodes: tuple[Config, Config]) -> None:
    """As by a machine that lost its power."""
    one, other = nodes
    made = revoke(one, "one.test"), revoke(one, "two.test")
    exchange(one, other)
    path = DECISIONS.shared_of(other.store.file)
    path.write_bytes(path.read_bytes()[:-20])
    DECISIONS.copy_of(other.store.file).unlink(missing_ok=True)
    exchange(other)
    assert records(other) == made


def test_decisions_of_while_the_database_was_gone_are_the_same_on_all_afterwards(
    tmp_path: Path,
) -> None:
    """Each is in force at once where it was made."""
    with cluster().another() as server:
        url = server.url(server.empty_store())
        one, other = node(tmp_path, url, "a"), node(tmp_path, url, "b")
        with sharing(one, other):
            revoke(one, "before.test")
            until(lambda: Overrides.of(records(other)).hosts == {"before.test"})
            server.kill()
            made = {f"{name}.test" for name in "abc"}
            for name in made:
                revoke(one, name)
            revoke(other, "other.test")
            assert Overrides.of(records(one)).hosts == {"before.test", *made}
            server.start()
            until(lambda: len(records(other)) == len(records(one)) == 5)
        exchange(one, other)
    assert records(one) == records(other)


def test_a_node_says_what_of_its_spool_is_not_counted_yet(nodes: tuple[Config, Config]) -> None:
    """Not what it keeps for a while after that."""
    one, _ = nodes
    spool_message(one, "May", 1)
    exchange(one)
    assert backlogs(one)["a"] > 0
    catch_up(one)
    exchange(one)
    assert backlogs(one)["a"] == 0
    assert segments.listing(one.store.spool_dir) != []


def backlogs(config: Config) -> dict[str, int]:
    """Return the octets that each node says that it has not counted."""
    with connected(config.store) as db:
        return {each.name: each.said.backlog_octets for each in listing(db) if each.said}


def test_what_keeps_nodes_apart_is_told_once(tmp_path: Path) -> None:
    """And when it is over."""
    config = node(tmp_path, f"postgresql:///none?host={tmp_path}", "a")
    stop = threading.Event()
    with capture_logs() as logged:
        thread = threading.Thread(target=Sharing(config, lambda: True).run, args=(stop,))
        thread.start()
        until(lambda: bool(logged))
        stop.set()
        thread.join()
    assert [line["event"] for line in logged] == [observe.SHARING_FAILED.name]


def test_what_this_version_does_not_understand_is_no_end_of_sharing(
    nodes: tuple[Config, Config],
) -> None:
    """As what a later one has for us to do; else the process that counts would end with it."""
    one, other = nodes
    exchange(one)
    with connected(one.store) as db:
        db.execute("INSERT INTO tasks (node, kind, about, at_s) VALUES ('a', 'forget', '{}', 0)")
    with capture_logs() as logged, sharing(one):
        until(lambda: any(line["event"] == observe.SHARING_FAILED.name for line in logged))
        revoke(other, "two.test")
        exchange(other)
        until(lambda: Overrides.of(records(one)).hosts == {"two.test"})


def test_a_line_that_somebody_wrote_by_hand_is_overwritten(nodes: tuple[Config, Config]) -> None:
    """It is none of the log's."""
    one, _ = nodes
    path = DECISIONS.shared_of(one.store.file)
    path.write_bytes(b'{"seq":5}\n{"seq":6,"digest":"no"}\n')
    made = revoke(one, "one.test")
    exchange(one)
    assert records(one) == (made,)
    assert DECISIONS.read(path).damaged == 0
