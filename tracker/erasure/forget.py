"""Forgetting a person everywhere: rows, spool, consents.

Owns: the order of the steps, which can be repeated from any point, and that the store is written anew
where it may tell of what was deleted.
Does not own: each step (`rows`, `labels`, `details`, `spool`, `consents`), writing the store anew
(`tracker.store.file.rewriting`) and when (`tracker.ingest.ingester`), or how it is asked for
(`tracker.cli.decisions.forget`).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from config.schema import Config
from tracker.decisions import shared_log
from tracker.decisions.files import FORGOTTEN, forgotten_records
from tracker.decisions.forgotten import ForgottenRecord
from tracker.erasure import consents, details, labels, rows, spool, tasks
from tracker.erasure.patterns import PersonPatterns
from tracker.erasure.rows import Copy, Person
from tracker.erasure.spool import Alone, Traces
from tracker.erasure.tombstones import is_erased
from tracker.persons import normal_address
from tracker.sql.db import Db
from tracker.store import database
from tracker.store.database import Store
from tracker.store.file import rewriting
from tracker.store.file.replacement import Progress
from tracker.urls.reader_id import Identifier


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is gone, and what may still tell of the person.

    That is former stores that were set aside, and other nodes that have not erased yet what is their own.
    """

    persons: int = 0
    deliveries: int = 0
    clicks: int = 0
    urls: int = 0
    details: int = 0
    campaigns: int = 0
    spool_records: int = 0
    spool_records_left: int = 0
    consents: int = 0
    set_aside: tuple[str, ...] = ()
    nodes_left: tuple[str, ...] = ()


def erase(
    config: Config, name: str, waiting: Callable[[Progress], None] | None = None
) -> Forgotten:
    """Erase a person everywhere; raises StoreError, DatabaseErrors and OSError.

    The rows by which they are found go last: until then, all may be done again. From then on, the store
    is wanted to be written anew (`tracker.store.file.rewriting`). `waiting` is called as long as it is being
    replaced.
    """
    path = config.store.path
    erasure = _Erasure(config, name)
    if not database.exists(config.store):
        erasure.files(None)
    else:
        with database.changing(config.store, waiting) as opened:
            begun = rewriting.begin(opened, time.time())
            while not erasure.rows(opened):
                pass
            # Clicks that were counted since the last time, on the copies that went last.
            erasure.files(opened)
            rewriting.end(opened, time.time(), wanted=begun or erasure.is_changed)
    asides = sorted(map(str, path.parent.glob(f"{path.name}.*-*Z")))
    return replace(erasure.done, set_aside=tuple(asides))


@dataclass(slots=True)
class _Erasure:
    """The erasure of a person, step by step; `done` is what it has come to."""

    config: Config
    name: str
    done: Forgotten = field(default_factory=Forgotten)
    person: Person = field(init=False)
    campaigns: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    nodes: set[str] = field(default_factory=set)
    """Those that were told; nobody is where there is but one."""

    def __post_init__(self) -> None:
        self.person = Person({self.name, normal_address(self.name)})

    @property
    def is_changed(self) -> bool:
        """Return whether the store has been changed."""
        done = self.done
        rows_changed = done.persons + done.deliveries + done.clicks + done.urls + done.details
        return bool(rows_changed or done.campaigns)

    def rows(self, opened: Store) -> bool:
        """Erase what the store has; return False where they have got mail meanwhile."""
        person = rows.find(opened.db, self.name)
        self.person.names |= person.names
        patterns = self._patterns()
        links = self._labels(opened, person, patterns)
        emptied = rows.empty(opened, person, patterns)
        urls = rows.clean_urls(opened, patterns)
        of_messages = details.forget(opened, person, patterns)
        self.person.copies |= person.copies
        self._tell_nodes(opened.db)
        self.files(opened)
        last = rows.forget(opened, person, patterns, self._noted(opened.db, anew=bool(person.rows)))
        done = self.done
        self.done = replace(
            done,
            deliveries=done.deliveries + emptied.deliveries,
            clicks=done.clicks + emptied.clicks,
            urls=done.urls + links + emptied.urls + urls,
            details=done.details + of_messages,
            campaigns=len(self.campaigns),
            persons=done.persons + (last.persons if last else 0),
        )
        return last is not None

    def _labels(self, opened: Store, person: Person, patterns: PersonPatterns) -> int:
        """Rename campaigns and links that tell of them; return how many links."""
        theirs = labels.of_nobody_else(opened.db, person.rows)
        before = self._renamed_before(opened.db)
        now = labels.clean_campaigns(opened, theirs, patterns, self._renamed)
        self.campaigns = {**before, **self.campaigns, **now}
        return labels.clean_links(opened, theirs, patterns)

    def _renamed(self, db: Db, names: Mapping[str, str]) -> None:
        """Have nodes count nothing more under a former name: it would be a campaign of its own.

        All else that they have to do they are told at the end, when nothing more of it comes.
        """
        if db.engine == "postgresql":
            tasks.give(db, tasks.Forgetting(self.person.names, campaigns=names))

    def _renamed_before(self, db: Db) -> dict[str, str]:
        """Return what campaigns were renamed to by who died over it, as far as this node has not heard of it."""
        if db.engine == "sqlite":
            return {}
        told = (each for _, each in tasks.given_to(db, self.config.store.node or ""))
        theirs = (each for each in told if not self.person.names.isdisjoint(each.names))
        return {before: now for each in theirs for before, now in each.campaigns.items()}

    def _tell_nodes(self, db: Db) -> None:
        """Have all nodes that share the store erase them too, each in its own files, while they are known."""
        if db.engine == "sqlite":
            return
        copies = set(map(_as_told, self.person.copies))
        forgetting = tasks.Forgetting(self.person.names, copies, self.campaigns)
        if forgetting.encode() != self.told:
            self.nodes = tasks.give(db, forgetting)
            self.told = forgetting.encode()

    def _noted(self, db: Db, *, anew: bool) -> Callable[[Db], None]:
        """Return what writes down that they are forgotten, in the transaction that does it.

        Not before, as a database that knows of it would be taken for one that knows them no more; nor later,
        as whoever dies meanwhile would leave nobody who knows it.
        """
        if db.engine == "sqlite":
            return lambda _: None
        store = self.config.store
        records = forgotten_records(store.file, self.person.names, anew=anew)

        def noted(db: Db) -> None:
            for each in records:
                FORGOTTEN.append(store.file, each)
            shared_log.send(db, store.node or "", FORGOTTEN.name, [*map(_line_of, records)])

        return noted

    def files(self, opened: Store | None) -> None:
        """Erase in spool and consents what the rows led to."""
        person = self.person
        copies = {_as_told(copy) for copy in person.copies}
        traces = Traces(person.names, self._patterns(), copies, self.campaigns)
        fed: Mapping[str, int] = {}
        alone: Alone = spool.nobody_else
        if opened is not None:
            traces = replace(traces, is_erased=partial(is_erased, opened.db))
            fed, alone = opened.offsets(), opened.transaction
        records, left = spool.redact(
            self.config.store.spool_dir, fed, traces, alone, self._is_left_to_node
        )
        self.done = replace(
            self.done,
            spool_records=self.done.spool_records + records,
            spool_records_left=left,
            consents=self.done.consents + consents.forget(self.config.store.file, person.names),
        )

    def _is_left_to_node(self, error: OSError) -> None:
        """Leave a file that cannot be read to who feeds this node's spool, or raise the error.

        That has been told: it tries again, and counts nothing of the file before (docs/adr/0040).
        """
        if self.config.store.node not in self.nodes:
            raise error

    def _patterns(self) -> PersonPatterns:
        return PersonPatterns.of(self.person.names, Identifier.of(self.config))


def _as_told(copy: Copy) -> tuple[str, int]:
    """Return a copy by message id and recipient number, as events name it."""
    return copy.message.text, copy.number


def _line_of(record: ForgottenRecord) -> shared_log.Line:
    octets = FORGOTTEN.adapter.dump_json(record)
    return shared_log.Line(shared_log.digest_of(FORGOTTEN.name, octets), octets)
