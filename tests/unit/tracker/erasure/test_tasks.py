"""What each node has still to do for a person to be forgotten."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.schema import Config
from tests.support.checks.facts import clicked, pending, to_ann
from tests.support.checks.people import ANN
from tests.support.log_lines import capture_logs
from tests.support.nodes import exchange, node
from tests.support.postgresql import url_of_new_store
from tracker.decisions import files
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.erasure import tasks
from tracker.erasure.tasks import Forgetting
from tracker.events import Recipient
from tracker.ingest.catch_up import catch_up
from tracker.nodes import registry, sharing
from tracker.nodes.connecting import connected
from tracker.reports import summary
from tracker.spool import segments
from tracker.spool.writer import Spool
from tracker.sql.postgresql import PostgreSQL
from tracker.store import database

WHO = Forgetting([ANN], [("00000000000000ff", 1)], {"for ann@example.com": "for erased"})


@pytest.fixture
def nodes(tmp_path: Path) -> tuple[Config, Config]:
    """Return two nodes, both with a segment that tells of Ann, and what she agreed to on one."""
    url = url_of_new_store()
    configs = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    for each in configs:
        spool = Spool.open(each.store.spool_dir, "proxy")
        spool.append(pending()).result(5)
        spool.append(clicked("c1", ip="192.0.2.0")).result(5)
        spool.close()
    files.record(configs[0].store.file, ANN, Consent.NONE)
    for each in configs * 2:
        exchange(each, rounds=1)
    return configs


@pytest.fixture
def db(nodes: tuple[Config, Config]) -> Iterator[PostgreSQL]:
    """Return a connection to what they share, all of their segments being fed."""
    for each in nodes:
        with contextlib.closing(database.open_to_feed(each.store)) as opened:
            for path in segments.listing(each.store.spool_dir):
                with opened.transaction():
                    opened.set_offset(path.name, path.stat().st_size)
    with connected(nodes[0].store) as db:
        yield db


def tells(config: Config) -> list[str]:
    """Name the files of a node that tell of Ann."""
    folder = config.store.path.parent
    return [
        path.name for path in folder.rglob("*") if path.is_file() and b"ann@" in path.read_bytes()
    ]


def test_a_task_names_who_is_to_be_forgotten() -> None:
    """And reads as it was written."""
    read = Forgetting.decode(WHO.encode())
    assert (read.names, read.copies, read.campaigns) == (WHO.names, WHO.copies, WHO.campaigns)
    assert read.files is None
    left = replace(WHO, files=["one.log"])
    assert Forgetting.decode(left.encode()).files == ["one.log"]


def test_each_node_erases_what_is_its_own(nodes: tuple[Config, Config], db: PostgreSQL) -> None:
    """Then its task is gone, and the person with it."""
    tasks.give(db, WHO)
    assert tasks.nodes_left(db) == ["a", "b"]
    assert all(map(tells, nodes))
    exchange(nodes[1], rounds=1)
    assert tasks.nodes_left(db) == ["a"]
    exchange(nodes[0], rounds=1)
    assert tasks.nodes_left(db) == []
    assert db.execute("SELECT count(*) FROM tasks").fetchone() == (0,)
    assert [tells(each) for each in nodes] == [[], []]


def test_a_node_counts_nothing_more_before_it_has_erased_who_is_forgotten(
    nodes: tuple[Config, Config],
) -> None:
    """Else one that was cut off would bring them back; the mail counts as ever, then."""
    with connected(nodes[0].store) as db:
        tasks.give(db, WHO)
        for each in nodes:
            assert "has somebody to forget" in catch_up(each, patience_s=0).why
        assert summary.report(db).totals.messages == 0
        for each in nodes:
            exchange(each, rounds=1)
        assert [tells(each) for each in nodes] == [[], []]
        for each in nodes:
            catch_up(each)
        assert db.execute("SELECT name FROM persons").fetchall() == [("bob@example.net",)]
        assert summary.report(db).totals.messages == 1


def test_a_segment_that_cannot_be_read_keeps_no_other_from_being_counted(
    nodes: tuple[Config, Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told. Once it can be read, who was forgotten is erased from it before it is counted."""
    config = nodes[1]
    bad = bad_segment(config)
    monkeypatch.setattr(sharing, "RETRY_S", 0.0)
    with connected(config.store) as db, capture_logs() as logged:
        tasks.give(db, WHO)
        for _ in range(2):
            exchange(config, rounds=1)
        assert tasks.nodes_left(db) == ["a", "b"]
        assert [line["files"] for line in logged if line["event"] == "forgetting_left"] == [
            [bad.name]
        ]
        assert "cannot be read" in catch_up(config).why
        assert persons(db) == {"bob@example.net"}
        give_back(bad)
        assert "has somebody to forget" in catch_up(config, patience_s=0).why
        assert persons(db) == {"bob@example.net"}
        exchange(config, rounds=1)
        assert tasks.nodes_left(db) == ["a"]
        catch_up(config)
        assert persons(db) == {"bob@example.net", "cay@example.net"}
    assert tells(config) == []


def test_a_segment_that_was_moved_away_is_left_to_nobody(
    nodes: tuple[Config, Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then all is done."""
    bad = bad_segment(nodes[1])
    monkeypatch.setattr(sharing, "RETRY_S", 0.0)
    with connected(nodes[1].store) as db:
        tasks.give(db, WHO)
        exchange(nodes[1], rounds=1)
        bad.rmdir()
        exchange(nodes[1], rounds=1)
        assert tasks.nodes_left(db) == ["a"]


def bad_segment(config: Config) -> Path:
    """Have a folder stand where a segment was, of mail to Ann and Cay; return its path."""
    spool = Spool.open(config.store.spool_dir, "tracker")
    cay = Recipient(2, "cay@example.net")
    spool.append(to_ann("00000000000000fe", recipients=(Recipient(1, ANN), cay))).result(5)
    spool.close()
    bad = next(config.store.spool_dir.glob("tracker-*.log"))
    bad.rename(config.store.path.with_name("aside"))
    bad.mkdir()
    return bad


def give_back(bad: Path) -> None:
    """Put a segment back in its place."""
    bad.rmdir()
    (bad.parent.parent / "aside").rename(bad)


def persons(db: PostgreSQL) -> set[str]:
    """Return whom the store knows."""
    return {name for (name,) in db.execute("SELECT name FROM persons").fetchall()}


def test_nothing_of_them_is_left_in_the_log(nodes: tuple[Config, Config], db: PostgreSQL) -> None:
    """But what they agreed to stays in force on all nodes, under a hash."""
    tasks.give(db, WHO)
    for each in nodes * 2:
        exchange(each, rounds=1)
    lines = db.execute("SELECT line FROM shared_log").fetchall()
    assert not any(b"ann@" in line for (line,) in lines)
    for each in nodes:
        consents = Consents.from_records(CONSENTS.merged(each.store.file).records)
        assert consents.of(ANN) is Consent.NONE


def test_a_lost_node_is_waited_for_no_more(nodes: tuple[Config, Config], db: PostgreSQL) -> None:
    """Once it was given up."""
    tasks.give(db, WHO)
    registry.forget(db, "b")
    assert tasks.nodes_left(db) == ["a"]
