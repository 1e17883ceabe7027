"""What of a message to several recipients has been delivered, until its client has heard so.

Owns: the file that remembers, across retries, crashes and workers, to whom the relay has taken a
copy (`[proxy] copies = "per-recipient"`), and that no two sessions send anyone the same message at once.
Does not own: sending copies (`copies`).

An entry says: this sender's message, these very octets, went to this recipient, and its client
does not know yet. It is durable before the next copy is begun, is deleted once the client has
heard 250, and expires. So an identical retry goes on where the last ended, and the same message
sent twice on purpose is delivered twice: the second finds no entry, and while the first is still
at work it is asked to come back. Transactions of one message to different recipients (a mailer
splits long lists) know nothing of one another.
"""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

EXPIRY_S = 4 * 86_400.0
"""Clients give up after four or five days (RFC 5321 §4.5.4.1)."""

HELD_S = 3600.0
"""No session works on a message for so long. A number of a process that died may name another by
now: what it held is free after this time at the latest."""

BUSY_S = 5.0
"""How long one worker waits for another's write."""

_SCHEMA = """
create table if not exists delivered (
    message blob not null, recipient blob not null, at_s real not null,
    primary key (message, recipient)
) without rowid;
create index if not exists delivered_at_s on delivered (at_s);
create table if not exists held (
    message blob not null, recipient blob not null, process integer not null, at_s real not null,
    primary key (message, recipient)
) without rowid;
"""


class JournalError(Exception):
    """The journal cannot be read or written: nothing may be promised about retries."""


def message_key(account: str, mail_from: bytes, content: bytes) -> bytes:
    """Name a message by who sends it, for whom, and its octets."""
    digest = hashlib.sha256()
    for part in (account.encode(), mail_from, hashlib.sha256(content).digest()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


class Journal:
    """One journal file; safe to use from several threads and processes.

    Every method may block for a disk write, and raises JournalError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._held: set[tuple[bytes, bytes]] = set()

    def begin(self, message: bytes, recipients: Collection[bytes]) -> frozenset[bytes] | None:
        """Take `message` up for `recipients`; give those that have it already.

        None: another is at work on it for one of them.
        """
        pairs = {(message, recipient) for recipient in recipients}
        with self._lock:
            if not self._held.isdisjoint(pairs):
                return None
            with closing(self._open()) as db:
                found = _taken_up(db, message, frozenset(recipients))
            if found is not None:
                self._held |= pairs
            return found

    def delivered(self, message: bytes, recipient: bytes) -> None:
        """Remember durably that the relay has taken this copy."""
        with closing(self._open()) as db:
            _run(
                db,
                "insert or replace into delivered values (?, ?, ?)",
                message,
                recipient,
                time.time(),
            )

    def end(self, message: bytes, recipients: Collection[bytes], *, told: bool) -> None:
        """Lay `message` down; with `told` its client has heard 250, and `recipients` are forgotten."""
        pairs = {(message, recipient) for recipient in recipients}
        with self._lock:
            self._held -= pairs
            with closing(self._open()) as db:
                _run(db, "begin immediate")
                for table in ("held", "delivered") if told else ("held",):
                    _run_each(db, f"delete from {table} where message = ? and recipient = ?", pairs)  # noqa: S608 - one of these two
                _run(db, "commit")

    def _open(self) -> sqlite3.Connection:
        try:
            # It names recipients; SQLite gives its other files the rights of this one. Not opened
            # here, as closing it again would end the locks that other threads have on it.
            with suppress(FileExistsError):
                os.mknod(self.path, 0o600)
            db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(str(error)) from error
        try:
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = full")
            db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            db.close()
            raise JournalError(str(error)) from error
        return db


def _taken_up(
    db: sqlite3.Connection, message: bytes, recipients: frozenset[bytes]
) -> frozenset[bytes] | None:
    now_s = time.time()
    _run(db, "begin immediate")
    _run(db, "delete from delivered where at_s < ?", now_s - EXPIRY_S)
    _run(db, "delete from held where at_s < ?", now_s - HELD_S)
    holders = dict(_run(db, "select recipient, process from held where message = ?", message))
    if any(_runs(holders[recipient]) for recipient in recipients & holders.keys()):
        _run(db, "commit")
        return None
    taken = [(message, recipient, os.getpid(), now_s) for recipient in recipients]
    _run_each(db, "insert or replace into held values (?, ?, ?, ?)", taken)
    found = _run(db, "select recipient from delivered where message = ?", message)
    _run(db, "commit")
    return frozenset(recipient for (recipient,) in found) & recipients


def _runs(process: int) -> bool:
    """Tell whether another process holds on; ours would have known without the file."""
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
