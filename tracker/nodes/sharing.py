"""What is said on one node reaches all: a thread beside the one that feeds the store.

Owns: when lines are sent and fetched, when this node says that it is there, and what log and metrics are told
of that.
Does not own: the lines (`lines`), the log (`tracker.decisions.shared_log`), the table of nodes (`registry`),
or what a node has to do for others (`tracker.erasure.tasks`).

Nothing waits for it: what was decided here is in force here, and what was heard stays in force, in this
machine's files, whatever becomes of the database. After each connecting, what this machine knows is compared
with the log: a database that was lost, restored from an older backup, or replaced by a standby that lagged,
gets the lines that it lacks from whoever has them.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from config.keys.secret_files import KeyFileError
from config.schema import Config
from config.telemetry import observe
from tracker.decisions import shared_log
from tracker.decisions.files import CONSENTS, FORGOTTEN
from tracker.decisions.heard import has_heard
from tracker.decisions.shared_log import BATCH, LoggedLine
from tracker.erasure import tasks
from tracker.erasure.again import forget_again
from tracker.erasure.consents import is_of
from tracker.erasure.tasks import Forgetting
from tracker.nodes import registry, vital_signs
from tracker.nodes.connecting import connected
from tracker.nodes.findings import is_silent
from tracker.nodes.key import BadNodeKey, own_key
from tracker.nodes.lines import START, Shared, kinds_of
from tracker.nodes.registry import NameTaken
from tracker.sql.errors import ServerError
from tracker.store import database
from tracker.store.server import schema, unfinished
from tracker.store.server.nodes import listing

if TYPE_CHECKING:
    from tracker.sql.postgresql import PostgreSQL

LOOK_S = 0.2
"""How often the files of this machine are looked at."""
POLL_S = 2.0
"""How often the log is asked, should a notice be lost."""
SAY_S = 5.0
"""How often this node says that it is there."""
RETRY_S = 30.0
"""How often a file is tried again in which somebody is to be forgotten, and which could not be read."""
FIRST_PAUSE_S = 0.5
MOST_PAUSE_S = 10.0
"""Between attempts to reach the database."""
_IN_WORDS = (ServerError, KeyFileError, BadNodeKey, NameTaken, OSError)
"""Errors whose text says all."""

Paused = Callable[[], AbstractContextManager[None]]
"""Entered while records of the spool are rewritten that may not be counted yet."""


class Sharing:
    """Shares what is said, where several nodes share a database and `feeds` says that it is for us.

    `service` is what runs here for certain: the command that all of this is done for.
    """

    def __init__(
        self,
        config: Config,
        feeds: Callable[[], bool],
        feeding_paused: Paused = nullcontext,
        service: str = "",
    ) -> None:
        self._config = config
        self._feeds = feeds
        self._feeding_paused = feeding_paused
        self._service = service
        self._failure: str | None = None
        self._reached_s = time.monotonic()

    def configure(self, config: Config) -> None:
        """Go by another configuration; store and name stay as they are."""
        self._config = config

    def run(self, stop: threading.Event) -> None:
        """Share until `stop` is set, whatever happens to the database."""
        pause_s = FIRST_PAUSE_S
        while not stop.wait(pause_s):
            if not self._feeds():
                continue
            try:
                self._connected(stop)
                pause_s = FIRST_PAUSE_S
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self._failed(error)
                pause_s = min(2 * pause_s, MOST_PAUSE_S)
            observe.STORE_LAG_S.set(time.monotonic() - self._reached_s)

    def _connected(self, stop: threading.Event) -> None:
        """Share over one connection; raises what ends it."""
        store = self._config.store
        with connected(store) as db:
            if schema.pending(db) or unfinished.find(db):
                return  # until who feeds made the tables, or who copies is done, nobody has anything to say
            exchange = Exchange(db, self._config, self._feeding_paused, self._service)
            exchange.begin()
            while not stop.is_set() and self._feeds():
                exchange.round(self._config)
                self._recovered()
                self._reached_s = time.monotonic()
                observe.STORE_LAG_S.set(0)
                exchange.wait(LOOK_S)

    def _failed(self, error: Exception) -> None:
        cause = str(error) if isinstance(error, _IN_WORDS) else repr(error)
        if cause != self._failure:
            event = observe.NODE_REFUSED if isinstance(error, NameTaken) else observe.SHARING_FAILED
            observe.log(event, cause=cause)
        self._failure = cause

    def _recovered(self) -> None:
        if self._failure is not None:
            observe.log(observe.SHARING_RECOVERED)
        self._failure = None


def hear_nothing(config: Config) -> None:
    """Note that nobody has said anything, as the database is new; what is known already stays. Raises OSError."""
    if not has_heard(config.store):
        for kind in kinds_of(config.store.file):
            kind.begin_anew(())


class Exchange:
    """What is sent and fetched over one connection."""

    def __init__(
        self,
        db: "PostgreSQL",
        config: Config,
        feeding_paused: Paused = nullcontext,
        service: str = "",
    ) -> None:
        self._db, self._config = db, config
        self._feeding_paused, self._service = feeding_paused, service
        self._node, self._key = config.store.node or "", own_key(config.store)
        self._kinds = kinds_of(config.store.file)
        self._heard = self._said_heard = 0
        self._asked_s = self._said_s = -POLL_S - SAY_S
        self._retried_s = -RETRY_S
        self._is_told = True

    def begin(self) -> None:
        """Take our name, and have log and files of this machine hold the same."""
        registry.take_name(self._db, self._node, self._key)
        self._db.listen(shared_log.CHANNEL)
        others = [kind for kind in self._kinds if not self._goes_on(kind)]
        if lost := [kind.kind for kind in others if kind.place != START]:
            observe.log(observe.DATABASE_WENT_BACK, lacks=lost)
        for kind in self._kinds:
            if kind.kind == FORGOTTEN.name:
                self._forget_again(kind.everything())
            if kind in others:
                self._compare(kind)

    def round(self, config: Config) -> None:
        """Send what is new here, fetch what is new there, and say now and then that we are there."""
        self._config = config
        for kind in self._kinds:
            unsent = kind.unsent()
            if unsent and kind.kind == FORGOTTEN.name:
                self._forget_again(unsent)
            self._send(kind, unsent)
        now_s = time.monotonic()
        if self._is_told or now_s - self._asked_s >= POLL_S:
            self._fetch()
            self._asked_s = now_s
            self._attend()
            if self._heard != self._said_heard:
                self._said_s = now_s - SAY_S  # who decided it may be waiting for that
        if now_s - self._said_s >= SAY_S:
            self._say()
            self._said_s = now_s

    def wait(self, patience_s: float) -> None:
        """Wait for news of others, or for the time to look at our own."""
        self._is_told = self._db.wait_for_notice(patience_s)

    def _goes_on(self, kind: Shared) -> bool:
        """Return whether the log is the one that we have read, and has all that we have."""
        place = kind.place
        if place == START:
            return False
        return shared_log.has(self._db, kind.kind, place.seq, place.digest)

    def _compare(self, kind: Shared) -> None:
        """Have the log hold all that we know, and us all that the log holds, in its order."""
        self._send(kind, list(kind.everything()))
        kind.begin_anew(self._lines(kind.kind, 0, shared_log.latest(self._db)))

    def _forget_again(self, lines: Iterable[shared_log.Line]) -> None:
        """Erase those whom a database knows again that does not know that they were forgotten.

        Or whom it knows still, as whoever erased them died over it.
        """
        if not (lacking := list(shared_log.lacking(self._db, lines))):
            return
        with self._db.transaction():  # nobody is erasing them just now
            lacking = list(shared_log.lacking(self._db, lacking))
        records = FORGOTTEN.parse(b"\n".join(each.octets for each in lacking)).records
        if names := forget_again(self._config, self._db, records):
            observe.log(observe.FORGOTTEN_AGAIN, names=names)

    def _send(self, kind: Shared, lines: list[shared_log.Line]) -> None:
        for start in range(0, len(lines), BATCH):
            batch = lines[start : start + BATCH]
            shared_log.send(self._db, self._node, kind.kind, batch)
            kind.sent(batch)
            self._is_told = True

    def _fetch(self) -> None:
        latest = shared_log.latest(self._db)
        observe.DECISIONS_BEHIND.set(max(0, latest - self._heard))
        for kind in self._kinds:
            for lines in self._batches(kind.kind, kind.place.seq, latest):
                kind.take(lines)
        self._heard = latest
        observe.DECISIONS_BEHIND.set(0)

    def _attend(self) -> None:
        """Do what this node has still to do for others: erase who is forgotten, also in the log."""
        is_time = time.monotonic() - self._retried_s >= RETRY_S
        for number, forgetting in tasks.given_to(self._db, self._node):
            if forgetting.files is None:
                self._forget(number, forgetting)
            elif is_time:
                self._retried_s = time.monotonic()
                self._forget(number, forgetting)

    def _forget(self, number: int, forgetting: Forgetting) -> None:
        """Erase somebody; what cannot be read of the spool now is left for later, and all else is counted."""
        with self._feeding_paused():
            left = tasks.carry_out(self._config, self._db, forgetting)
        consents = next(each for each in self._kinds if each.kind == CONSENTS.name)
        self._send(consents, consents.unsent())  # what stands in their place comes first
        shared_log.erase(self._db, consents.kind, partial(is_of, names=list(forgetting.names)))
        if not left:
            tasks.is_done(self._db, number)
        elif left != forgetting.files:
            observe.log(observe.FORGETTING_LEFT, files=left)
            tasks.is_left(self._db, number, forgetting, left)

    def _lines(self, kind: str, after: int, upto: int) -> Iterator[LoggedLine]:
        for batch in self._batches(kind, after, upto):
            yield from batch

    def _batches(self, kind: str, after: int, upto: int) -> Iterator[list[LoggedLine]]:
        while lines := shared_log.read(self._db, kind, after, upto):
            yield lines
            after = lines[-1].seq

    def _say(self) -> None:
        fed = database.fed(self._config.store, self._db)
        clock_s = registry.clock_distance_s(self._db)
        signs = vital_signs.look(self._config, fed, self._heard, clock_s, self._service)
        self._said_heard = self._heard
        if not registry.say(self._db, self._node, self._key, signs):
            registry.take_name(self._db, self._node, self._key)
        heard = [each for each in listing(self._db) if each.said]
        observe.NODES_SILENT.set(sum(map(is_silent, heard)))
