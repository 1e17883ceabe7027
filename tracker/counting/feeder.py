"""Feeding events to a store as a configuration says: what links are called, and how clicks are judged.

Owns: which parts of a configuration counting goes by; that whoever is new gets the id by which they are
found again, and that details are kept apart (`tracker.details`); which webhooks are told of clicks.
Does not own: how events become rows (`batch`), which clicks move later (`links.moved_clicks`), or when and from
where events are fed (`tracker.ingest.ingester`).
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from config.keys.secret_files import KeyFileError
from config.schema import Config
from tracker.counting import batch
from tracker.counting.links import moved_clicks
from tracker.details import feed as details
from tracker.events import Clicked, Event, MessageHandled
from tracker.judging.rules import Settings
from tracker.outbox.subscriptions import Subscriptions
from tracker.privacy.agents import Agents
from tracker.retention.retention import purged_before_s
from tracker.sql.db import Db
from tracker.store.rows import identities
from tracker.urls.naming import Naming
from tracker.urls.reader_id import Identifier


@dataclass(frozen=True, slots=True)
class Feeder:
    """Names of links, and settings of judging.

    `identifier` makes ids of persons, where destinations are told any. `keeps_details`: it is kept
    what became of messages. `agents` say what is kept of user agents.
    """

    naming: Naming
    judging: Settings
    identifier: Identifier | None = None
    keeps_details: bool = True
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    agents: Agents = field(default_factory=Agents)

    @classmethod
    def of(cls, config: Config) -> "Feeder":
        """Return the feeder of a configuration."""
        keeps_details = config.privacy.details > 0
        return cls(
            Naming.of(config),
            Settings.of(config),
            _identifier(config),
            keeps_details,
            Subscriptions.of(config),
            Agents(config.privacy.user_agent),
        )

    def prepare(self, events: Iterable[Event]) -> None:
        """Do what takes time and needs no database, before it is locked."""
        self.agents.prepare(event.user_agent for event in events if isinstance(event, Clicked))

    def feed(self, db: Db, events: Sequence[Event]) -> frozenset[str]:
        """Feed events, within the open transaction; return as `batch.feed` does."""
        counted = [event for event in events if not isinstance(event, MessageHandled)]
        forgotten = batch.feed(
            db, counted, self.naming, self.judging, self.subscriptions, self.agents
        )
        if self.keeps_details and len(counted) < len(events):
            details.feed(db, events, purged_before_s(db))
        if self.identifier is not None:
            identities.keep(db, self.identifier)
        return forgotten

    def move(self, db: Db) -> None:
        """Move some of the clicks that count under another link now, within the open transaction."""
        moved_clicks.move(db, self.naming)


def _identifier(config: Config) -> Identifier | None:
    """Return what makes ids; None where none are told, or their secret cannot be read now."""
    param = config.tracking.identify.param
    if not param or config.keys.file is None:
        return None
    with contextlib.suppress(KeyFileError):
        return Identifier.of(config, param)
    return None
