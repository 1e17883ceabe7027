"""Who has got which message, until its client knows."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from proxy.delivery import delivered_db
from proxy.delivery.delivered_db import DeliveredDb, JournalError, message_key
from tests.support.repository import ROOT

BOB = b"b@example.net"
WHO = (BOB, b"c@example.net")
KEY = message_key("account:alice", b"a@example.com", b"Message-ID: <1>\r\n\r\n")
FORMER = """
    create table delivered (
        message blob not null, recipient blob not null, at_s real not null,
        primary key (message, recipient)
    ) without rowid;
    create index delivered_at_s on delivered (at_s);
    create table held (
        message blob not null, recipient blob not null, process integer not null,
        at_s real not null, primary key (message, recipient)
    ) without rowid;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a place for a journal."""
    return tmp_path / "waypost.db.journal"


def had(ours: DeliveredDb, message: bytes, recipients: Sequence[bytes]) -> frozenset[bytes] | None:
    """Take a message up; return who had it already, None where another is at work on it."""
    taken = ours.begin(message, recipients)
    return None if taken is None else taken.had


def test_a_recipients_copy_is_known_by_the_same_until_told(path: Path) -> None:
    """In whatever order, and with whomever, a retry names them."""
    first = DeliveredDb(path)
    begun = first.begin(KEY, (*WHO, BOB))
    assert begun is not None
    assert {each.number for each in begun.copy_ids.values()} == {1, 2}
    assert len({each.message_id for each in begun.copy_ids.values()}) == 1
    first.end(KEY, WHO, told=False)
    again = DeliveredDb(path).begin(KEY, (b"d@example.net", *reversed(WHO)))
    assert again is not None
    assert {each: again.copy_ids[each] for each in WHO} == begun.copy_ids
    assert again.copy_ids[b"d@example.net"].message_id != begun.copy_ids[BOB].message_id
    DeliveredDb(path).end(KEY, (*WHO, b"d@example.net"), told=True)
    later = DeliveredDb(path).begin(KEY, WHO)
    assert later is not None
    assert set(later.copy_ids.values()).isdisjoint(begun.copy_ids.values())


def test_ids_of_copies_expire_as_copies_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody tries again by then."""
    ours = DeliveredDb(path)
    ours.begin(KEY, WHO)
    later_s = time.time() + delivered_db.EXPIRY_S + 1
    monkeypatch.setattr(delivered_db.time, "time", lambda: later_s)
    ours.tidy()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("select count(*) from copy_ids").fetchone() == (0,)


def test_what_was_delivered_is_known_until_told(path: Path) -> None:
    """Across journals, as across processes and crashes."""
    first = DeliveredDb(path)
    assert had(first, KEY, WHO) == frozenset()
    first.delivered(KEY, BOB)
    first.end(KEY, WHO, told=False)
    second = DeliveredDb(path)
    assert had(second, KEY, WHO) == {BOB}
    second.end(KEY, WHO, told=True)
    assert had(second, KEY, WHO) == frozenset()


def test_no_file_tells_of_recipients(path: Path) -> None:
    """Neither while a message is under way nor later."""
    ours = DeliveredDb(path)
    ours.begin(KEY, WHO)
    with contextlib.closing(sqlite3.connect(path)):
        ours.delivered(KEY, BOB)
        assert not [file for file in path.parent.iterdir() if b"@example" in file.read_bytes()]


def test_what_an_earlier_version_wrote_is_taken_over(path: Path) -> None:
    """Its retries go on where they ended, and its recipients stand in clear no more."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode = wal")
        db.executescript(FORMER)
        entries = [(KEY, BOB, time.time()), (b"other", b"d@example.net", 0.0)]
        db.executemany("insert into delivered values (?, ?, ?)", entries)
        db.execute("insert into held values (?, ?, ?, ?)", (KEY, BOB, _no_process(), time.time()))
        db.commit()
    ours = DeliveredDb(path)
    ours.tidy()
    assert not [file for file in path.parent.iterdir() if b"@example" in file.read_bytes()]
    assert had(ours, KEY, WHO) == {BOB}
    ours.end(KEY, WHO, told=False)


def test_an_earlier_version_may_be_at_work_while_it_is_replaced(path: Path) -> None:
    """It makes its tables again; what it sends now is not sent a second time by the next."""
    DeliveredDb(path).tidy()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(FORMER)
        db.execute("insert into delivered values (?, ?, ?)", (KEY, BOB, time.time()))
        db.execute("insert into held values (?, ?, ?, ?)", (b"x", BOB, os.getppid(), time.time()))
        db.commit()
    ours = DeliveredDb(path)
    assert had(ours, KEY, WHO) == {BOB}
    assert ours.begin(b"x", WHO) is None


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    """Who got what is nobody else's business, hashed or not."""
    DeliveredDb(path).begin(KEY, WHO)
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_two_sessions_never_work_on_one_message(path: Path) -> None:
    """Neither in one process nor in two."""
    ours = DeliveredDb(path)
    ours.begin(KEY, WHO)
    assert ours.begin(KEY, WHO) is None
    script = "import sys; from pathlib import Path; from proxy.delivery.delivered_db import DeliveredDb; print(DeliveredDb(Path(sys.argv[1])).begin(bytes.fromhex(sys.argv[2]), [b'b@example.net']))"
    found = subprocess.run(
        [sys.executable, "-c", script, path, KEY.hex()], capture_output=True, check=True, cwd=ROOT
    )
    assert found.stdout == b"None\n"
    ours.end(KEY, WHO, told=False)
    assert had(ours, KEY, WHO) == frozenset()


def test_a_process_that_died_holds_nothing(path: Path) -> None:
    """What it took up may be taken up again, with what it had delivered."""
    dead = DeliveredDb(path)
    dead.begin(KEY, WHO)
    dead.delivered(KEY, BOB)
    with sqlite3.connect(path) as db:
        db.execute("update holds set process = ?", (_no_process(),))
    db.close()
    assert had(DeliveredDb(path), KEY, WHO) == {BOB}


def test_a_process_number_that_names_another_by_now_holds_for_a_while_only(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers are given anew, in containers soon: a retry must not wait for a stranger to end."""
    dead = DeliveredDb(path)
    dead.begin(KEY, WHO)
    dead.delivered(KEY, BOB)
    with sqlite3.connect(path) as db:
        db.execute("update holds set process = ?", (os.getppid(),))
    db.close()
    assert DeliveredDb(path).begin(KEY, WHO) is None
    later_s = time.time() + delivered_db.HELD_S + 1
    monkeypatch.setattr(delivered_db.time, "time", lambda: later_s)
    assert had(DeliveredDb(path), KEY, WHO) == {BOB}


def test_transactions_to_different_recipients_know_nothing_of_one_another(path: Path) -> None:
    """Neither does one wait for the other, nor does the end of one forget what the other did."""
    ours = DeliveredDb(path)
    ours.begin(KEY, WHO)
    ours.delivered(KEY, BOB)
    assert had(ours, KEY, (b"d@example.net",)) == frozenset()
    assert ours.begin(KEY, (b"e@example.net", BOB)) is None
    ours.end(KEY, (b"d@example.net",), told=True)
    ours.end(KEY, WHO, told=False)
    assert had(ours, KEY, WHO) == {BOB}


def test_entries_expire(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No client tries for ever, and no file grows for ever."""
    ours = DeliveredDb(path)
    ours.begin(KEY, WHO)
    ours.delivered(KEY, BOB)
    ours.end(KEY, WHO, told=False)
    later_s = time.time() + 5 * 86_400
    monkeypatch.setattr(delivered_db.time, "time", lambda: later_s)
    assert had(ours, KEY, WHO) == frozenset()


def test_a_journal_that_cannot_be_had_says_so(tmp_path: Path) -> None:
    """One error for every cause."""
    with pytest.raises(JournalError):
        DeliveredDb(tmp_path / "missing" / "journal").begin(KEY, WHO)
    (tmp_path / "garbage").write_bytes(b"this is no database" * 1000)
    with pytest.raises(JournalError):
        DeliveredDb(tmp_path / "garbage").begin(KEY, WHO)


def test_threads_may_share_a_journal(path: Path) -> None:
    """Exactly one of them takes a message up."""
    ours = DeliveredDb(path)
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(ours.begin(KEY, WHO))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each is not None for each in found) == 1


def test_a_message_is_named_by_all_of_its_parts() -> None:
    """No two of them run into one another."""
    keys = {
        message_key("a", b"b", b"c"),
        message_key("ab", b"", b"c"),
        message_key("", b"ab", b"c"),
        message_key("a", b"b", b"d"),
    }
    assert len(keys) == 4


def _no_process() -> int:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return child
