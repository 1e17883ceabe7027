"""What of a message to several recipients has been delivered, until its client has heard so.

Owns: the file that remembers, across retries, crashes and workers, to whom the relay has taken a
copy (`[proxy] copies = "per-recipient"`), and that no two sessions send anyone the same message at
once.
Does not own: sending copies (`copies`).

An entry says: this sender's message, these very octets, went to this recipient, and its client does
not know yet. Another says by what the tracker knows this recipient's copy, so that reports take a
retry for the same message. It is durable before the next copy is begun, is deleted once the client
has heard 250, and expires. So an identical retry goes on where the last ended, and the same message
sent twice on purpose is delivered twice: the second finds no entry, and while the first is still at
work it is asked to come back. Transactions of one message to different recipients (a mailer splits
long lists) know nothing of one another.

Neither message nor recipient can be read in it: a recipient is known by a hash with the message's
own, which only who has that very message can make. So nobody need be erased here who is forgotten.
"""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.rewrite.submission import CopyId
from tracker.tokens import new_message_id

EXPIRY_S = 4 * 86_400.0
"""Clients give up after four or five days (RFC 5321 §4.5.4.1)."""

HELD_S = 3600.0
"""No session works on a message for so long. A number of a process that died may name another by
now: what it held is free after this time at the latest."""

BUSY_S = 5.0
"""How long one worker waits for another's write."""

_SCHEMA = """
create table if not exists copies (
    message blob not null, recipient_hash blob not null, at_s real not null,
    primary key (message, recipient_hash)
) without rowid;
create index if not exists copies_at_s on copies (at_s);
create table if not exists copy_ids (
    message blob not null, recipient_hash blob not null,
    message_id blob not null, number integer not null, at_s real not null,
    primary key (message, recipient_hash)
) without rowid;
create index if not exists copy_ids_at_s on copy_ids (at_s);
create table if not exists holds (
    message blob not null, recipient_hash blob not null,
    process integer not null, at_s real not null,
    primary key (message, recipient_hash)
) without rowid;
"""

VERSION = 1
"""Of the file: no place of it, used or unused, holds recipients in clear."""

_FORMER = "select name from sqlite_master where name in ('delivered', 'held')"
_TAKE_OVER = {
    "delivered": """insert or replace into copies
        select message, recipient_hash(message, recipient), at_s from delivered""",
    "held": """insert or replace into holds
        select message, recipient_hash(message, recipient), process, at_s from held""",
}


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A message that was taken up: who `had` it before, and by what each recipient's copy is known."""

    had: frozenset[bytes]
    copy_ids: Mapping[bytes, CopyId]


class JournalError(Exception):
    """The journal cannot be read or written: nothing may be promised about retries."""


def message_key(account: str, mail_from: bytes, content: bytes) -> bytes:
    """Return the key of a message: who sends it, for whom, and its octets."""
    digest = hashlib.sha256()
    for part in (account.encode(), mail_from, hashlib.sha256(content).digest()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def recipient_hash(message: bytes, recipient: bytes) -> bytes:
    """Return the hash of a recipient of the message with this key."""
    return hashlib.sha256(message + recipient).digest()


class DeliveredDb:
    """One journal file; safe to use from several threads and processes.

    Every method may block for a disk write, and raises JournalError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._held: set[tuple[bytes, bytes]] = set()

    def begin(
        self, message: bytes, recipients: Sequence[bytes], message_id: bytes | None = None
    ) -> TakenUp | None:
        """Take `message` up for `recipients`, who may be named twice.

        Copies that nobody has tried yet are known by `message_id`, or by a new one. None: another is at work on the
        message for one of them.
        """
        pairs = {(message, recipient) for recipient in recipients}
        with self._lock:
            if not self._held.isdisjoint(pairs):
                return None
            with closing(self._open()) as db:
                found = _taken_up(
                    db, message, list(dict.fromkeys(recipients)), message_id or new_message_id()
                )
            if found is not None:
                self._held |= pairs
            return found

    def delivered(self, message: bytes, recipient: bytes) -> None:
        """Remember durably that the relay has taken this copy."""
        with closing(self._open()) as db:
            _run(
                db,
                "insert or replace into copies values (?, ?, ?)",
                message,
                recipient_hash(message, recipient),
                time.time(),
            )

    def end(self, message: bytes, recipients: Collection[bytes], *, told: bool) -> None:
        """Lay `message` down; with `told` its client has heard 250, and `recipients` are forgotten."""
        hashes = [(message, recipient_hash(message, recipient)) for recipient in recipients]
        with self._lock:
            self._held -= {(message, recipient) for recipient in recipients}
            with closing(self._open()) as db:
                _run(db, "begin immediate")
                for table in ("holds", "copies", "copy_ids") if told else ("holds",):
                    where = "message = ? and recipient_hash = ?"
                    _run_each(db, f"delete from {table} where {where}", hashes)  # noqa: S608 - one of these
                _run(db, "commit")

    def tidy(self) -> None:
        """Let go of entries that are old, and of what an earlier version wrote in clear."""
        with closing(self._open()) as db:
            _expire(db, time.time())

    def _open(self) -> sqlite3.Connection:
        try:
            # SQLite gives its other files the rights of this one. Not opened here, as closing it
            # again would end the locks that other threads have on it.
            with suppress(FileExistsError):
                os.mknod(self.path, 0o600)
            db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(str(error)) from error
        try:
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = full")
            db.executescript(_SCHEMA)
            _take_over(db)
        except sqlite3.Error as error:
            db.close()
            raise JournalError(str(error)) from error
        return db


def _taken_up(
    db: sqlite3.Connection, message: bytes, recipients: list[bytes], message_id: bytes
) -> TakenUp | None:
    now_s = time.time()
    hashes = {recipient_hash(message, recipient): recipient for recipient in recipients}
    _run(db, "begin immediate")
    _expire(db, now_s)
    _run(db, "delete from holds where at_s < ?", now_s - HELD_S)
    holders = dict(_run(db, "select recipient_hash, process from holds where message = ?", message))
    if any(_runs(holders[each]) for each in hashes.keys() & holders.keys()):
        _run(db, "commit")
        return None
    taken = [(message, each, os.getpid(), now_s) for each in hashes]
    _run_each(db, "insert or replace into holds values (?, ?, ?, ?)", taken)
    found = _run(db, "select recipient_hash from copies where message = ?", message)
    copy_ids = _copy_ids(db, message, hashes, message_id, now_s)
    _run(db, "commit")
    return TakenUp(frozenset(hashes[each] for (each,) in found if each in hashes), copy_ids)


def _copy_ids(
    db: sqlite3.Connection,
    message: bytes,
    hashes: Mapping[bytes, bytes],
    message_id: bytes,
    now_s: float,
) -> dict[bytes, CopyId]:
    """Return the ids of recipients' copies, making those of recipients that have none."""
    query = "select recipient_hash, message_id, number, at_s from copy_ids where message = ?"
    known = {
        each: CopyId(known_id, number, int(at_s))
        for each, known_id, number, at_s in _run(db, query, message)
    }
    ids = {
        each: known.get(each) or CopyId(message_id, number, int(now_s))
        for number, each in enumerate(hashes, 1)
    }
    new = [(message, each, *ids[each][:2], now_s) for each in ids.keys() - known.keys()]
    _run_each(db, "insert into copy_ids values (?, ?, ?, ?, ?)", new)
    return {hashes[each]: copy_id for each, copy_id in ids.items()}


def _expire(db: sqlite3.Connection, now_s: float) -> None:
    for table in ("copies", "copy_ids"):
        _run(db, f"delete from {table} where at_s < ?", now_s - EXPIRY_S)  # noqa: S608 - one of these


def _take_over(db: sqlite3.Connection) -> None:
    """Hash what an earlier version wrote, in which recipients stood in clear.

    It may still be at work while it is replaced, so that its tables may come again.
    """
    former = db.execute(_FORMER).fetchall()
    if not former and db.execute("pragma user_version").fetchone()[0] == VERSION:
        return
    db.execute("pragma secure_delete = on")
    db.create_function("recipient_hash", 2, recipient_hash, deterministic=True)
    db.execute("begin immediate")
    for (table,) in db.execute(_FORMER).fetchall():
        db.execute(_TAKE_OVER[table])
        db.execute(f"drop table {table}")
    db.execute("commit")
    with suppress(sqlite3.Error):  # while somebody else is at work; then the next one does it
        db.execute("vacuum")
        db.execute(f"pragma user_version = {VERSION}")


def _runs(process: int) -> bool:
    """Return whether another process holds on; ours would have known without the file."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _run_each(db: sqlite3.Connection, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
    try:
        db.executemany(sql, rows)
    except sqlite3.Error as error:
        raise JournalError(str(error)) from error


def _run(db: sqlite3.Connection, sql: str, *values: object) -> Iterable[tuple[Any, ...]]:
    try:
        return db.execute(sql, values).fetchall()
    except sqlite3.Error as error:
        raise JournalError(str(error)) from error
