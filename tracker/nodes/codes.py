"""Codes of short links, where several nodes share a database: one code, one link, on all nodes at once.

Owns: having the log know a code before anybody holds it, and asking it for one that this node has not heard
of yet.
Does not own: the codes that this machine knows (`tracker.minting.short_links`), the log
(`tracker.decisions.shared_log`), or how often it is asked (`questions`).
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from config.keys.secret_files import KeyFileError
from config.schema import StoreConfig
from tracker.decisions import shared_log
from tracker.nodes.connecting import PATIENCE_S, connect
from tracker.nodes.lines import CODES, code_line
from tracker.sql.errors import ServerError

if TYPE_CHECKING:
    from tracker.sql.postgresql import PostgreSQL

T = TypeVar("T")


class NoCodes(OSError):
    """No code can be given out now, as the database cannot be reached; the text says what to do."""


@contextlib.contextmanager
def registry(store: StoreConfig) -> Iterator[Callable[[str, str], bool]]:
    """Yield what has a code stand for a token on all nodes."""
    codes = SharedCodes(store)
    try:
        yield codes.register
    finally:
        codes.close()


class SharedCodes:
    """The codes of all nodes. Safe to use from any thread; one is answered after another."""

    def __init__(self, store: StoreConfig) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._db: PostgreSQL | None = None

    def register(self, code: str, token: str) -> bool:
        """Have a code stand for a token on all nodes; False where it is another's. Raises NoCodes."""
        line = code_line(code, token)
        node = self._store.node or ""
        try:
            return self._asked(lambda db: shared_log.claim(db, node, CODES, line))
        except (ServerError, KeyFileError) as error:
            raise NoCodes(
                f"no short link can be made while the database cannot be reached: {error};"
                " try again, or take the link without short"
            ) from error

    def token(self, code: str) -> str:
        """Return the token of a code, "" where no node has it. Raises ServerError, KeyFileError."""
        digest = code_line(code, "").digest
        found = self._asked(lambda db: shared_log.find(db, digest))
        return found.decode("ascii").partition(" ")[2] if found else ""

    def close(self) -> None:
        """Close the connection, unless somebody waits for an answer over it."""
        if self._lock.acquire(blocking=False):
            try:
                self._hang_up()
            finally:
                self._lock.release()

    def _asked(self, ask: Callable[["PostgreSQL"], T]) -> T:
        """Ask over the connection that there is, or over another where that has ended.

        While somebody waits for an answer that does not come, others wait for so long only.
        """
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise ServerError(f"it has not answered for {PATIENCE_S} s")
        try:
            had_one = self._db is not None
            try:
                return self._ask(ask)
            except ServerError:
                self._hang_up()
                if not had_one:
                    raise
            return self._ask(ask)
        finally:
            self._lock.release()

    def _ask(self, ask: Callable[["PostgreSQL"], T]) -> T:
        if self._db is None:
            self._db = connect(self._store)
        return ask(self._db)

    def _hang_up(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
