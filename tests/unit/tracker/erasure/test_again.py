"""People whom a database knows again are forgotten again."""

from pathlib import Path
from typing import Any

import pytest

from config.schema import Config
from tests.support.feeding import spool_message
from tests.support.log_lines import capture_logs
from tests.support.nodes import exchange, node, records, revoke
from tests.support.postgresql import url_of_new_store
from tracker.decisions.files import FORGOTTEN
from tracker.erasure import forget, rows, tasks
from tracker.erasure.forget import erase
from tracker.ingest.catch_up import catch_up
from tracker.nodes import sharing
from tracker.nodes.connecting import connected

READER = "reader@example.net"
_LOGGED = "SELECT count(*) FROM shared_log WHERE kind = 'forgotten'"


def persons(config: Config) -> list[str]:
    """Return whom the store knows."""
    with connected(config.store) as db:
        return [name for (name,) in db.execute("SELECT name FROM persons").fetchall()]


def restored(config: Config) -> None:
    """Have the store as it was before anybody was forgotten."""
    with connected(config.store) as db:
        db.execute("DELETE FROM shared_log WHERE kind = 'forgotten'")
    spool_message(config, "June", 2)
    catch_up(config)


def test_who_was_forgotten_is_erased_from_a_database_that_does_not_know_it(tmp_path: Path) -> None:
    """By any node that heard of it. No file tells who they were."""
    url = url_of_new_store()
    one, other = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    exchange(one, other)
    spool_message(one, "May", 1)
    catch_up(one)
    assert persons(one) == [READER]
    erase(one, READER)
    exchange(one, other)
    restored(one)
    assert persons(one) == [READER]
    with capture_logs() as logged:
        exchange(other)
    assert persons(one) == []
    assert {"database_went_back", "forgotten_again"} <= {line["event"] for line in logged}
    for each in (one, other):
        for path in (FORGOTTEN.file_of(each.store.file), FORGOTTEN.shared_of(each.store.file)):
            assert READER.encode() not in (path.read_bytes() if path.exists() else b"")


def test_no_database_knows_that_somebody_is_forgotten_who_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby may have all that was committed up to any moment, and nothing of what came then."""
    one = node(tmp_path, url_of_new_store(), "a")
    exchange(one)
    spool_message(one, "May", 1)
    catch_up(one)
    forget, logged = rows.forget, []

    def heard_just_before(*about: Any) -> object:
        exchange(one)
        with connected(one.store) as db:
            logged.append(db.execute(_LOGGED).fetchone()[0])
        return forget(*about)

    monkeypatch.setattr(rows, "forget", heard_just_before)
    erase(one, READER)
    exchange(one)
    with connected(one.store) as db:
        assert db.execute(_LOGGED).fetchone()[0] > 0
    assert logged == [0]


def test_a_segment_that_cannot_be_read_keeps_no_node_from_hearing_what_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is forgotten again waits for that segment alone, as who is forgotten once does."""
    url = url_of_new_store()
    one, other = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    exchange(one, other)
    spool_message(one, "May", 1)
    catch_up(one)
    erase(one, READER)
    exchange(one, other)
    restored(one)
    spool_message(other, "July", 3)
    (segment,) = other.store.spool_dir.glob("*.log")
    aside = segment.rename(other.store.path.with_name("aside"))
    segment.mkdir()
    monkeypatch.setattr(sharing, "RETRY_S", 0.0)
    made = revoke(one, "one.test")
    with capture_logs() as logged:
        exchange(other, one)
    assert records(other) == (made,)
    assert persons(one) == []
    assert [line["files"] for line in logged if line["event"] == "forgetting_left"] == [
        [segment.name]
    ]
    with connected(one.store) as db:
        assert tasks.nodes_left(db) == ["b"]
        segment.rmdir()
        aside.rename(segment)
        exchange(other)
        assert tasks.nodes_left(db) == []
    catch_up(other)
    assert persons(one) == []


def test_a_node_that_nobody_knows_leaves_no_segment_to_itself(tmp_path: Path) -> None:
    """Nobody would have told it to try again: so it is told that not everything is erased."""
    one = node(tmp_path, url_of_new_store(), "a")
    spool_message(one, "May", 1)
    catch_up(one)
    (one.store.spool_dir / "proxy-0000000001-1-0000000000000001.log").mkdir()
    with pytest.raises(IsADirectoryError):
        erase(one, READER)
    assert persons(one) == [READER]


def test_who_dies_before_the_database_forgot_leaves_nobody_half_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their node erases them whom its file tells of, before the log hears that they are forgotten."""
    one = node(tmp_path, url_of_new_store(), "a")
    exchange(one)
    spool_message(one, "May", 1)
    catch_up(one)
    monkeypatch.setattr(forget.shared_log, "send", _dies)
    with pytest.raises(KeyboardInterrupt):
        erase(one, READER)
    monkeypatch.undo()
    assert persons(one) == [READER]
    with capture_logs() as logged:
        exchange(one)
    assert persons(one) == []
    assert "forgotten_again" in [line["event"] for line in logged]


def _dies(*_about: Any) -> None:
    raise KeyboardInterrupt


def test_the_log_knows_who_is_forgotten_as_soon_as_the_database_forgot(tmp_path: Path) -> None:
    """By all of their names, whoever dies right after it; and once more of who came back."""
    one = node(tmp_path, url_of_new_store(), "a")
    exchange(one)
    lines = []
    for number in (1, 2):
        spool_message(one, "May", number)
        catch_up(one)
        erase(one, READER)
        with connected(one.store) as db:
            lines.append(db.execute(_LOGGED).fetchone()[0])
        exchange(one)
    assert lines == [1, 2]
    with connected(one.store) as db:
        assert db.execute(_LOGGED).fetchone()[0] == 2


def test_who_comes_back_after_they_were_forgotten_stays(tmp_path: Path) -> None:
    """They may get mail again; the database knows that they were forgotten."""
    one = node(tmp_path, url_of_new_store(), "a")
    exchange(one)
    spool_message(one, "May", 1)
    catch_up(one)
    erase(one, READER)
    exchange(one)
    spool_message(one, "June", 2)
    catch_up(one)
    exchange(one)
    assert persons(one) == [READER]
