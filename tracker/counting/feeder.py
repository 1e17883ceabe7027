"""Feeding events to a store as a configuration says: what links are called, and how clicks are judged.

Owns: which parts of a configuration counting goes by, and that details are kept apart (`tracker.details`).
Does not own: how events become rows (`batch`), which clicks move later (`moved_clicks`), or when and from
where events are fed (`tracker.ingest.ingester`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from config.schema import Config
from tracker.counting import batch, moved_clicks
from tracker.details import feed as details
from tracker.events import Event, MessageHandled
from tracker.judging.rules import Settings
from tracker.store.retention import purged_before_s
from tracker.urls.naming import Naming


@dataclass(frozen=True, slots=True)
class Feeder:
    """Names of links, settings of judging, and whether it is kept what became of messages."""

    naming: Naming
    judging: Settings
    keeps_details: bool

    @classmethod
    def of(cls, config: Config) -> "Feeder":
        """Return the feeder of a configuration."""
        return cls(Naming.of(config), Settings.of(config), config.privacy.details > 0)

    def feed(self, db: Database, events: Sequence[Event]) -> frozenset[str]:
        """Feed events, within the open transaction; return as `batch.feed` does."""
        counted = [event for event in events if not isinstance(event, MessageHandled)]
        if self.keeps_details and len(counted) < len(events):
            details.feed(db, events, purged_before_s(db))
        return batch.feed(db, counted, self.naming, self.judging)

    def move(self, db: Database) -> None:
        """Move some of the clicks that count under another link now, within the open transaction."""
        moved_clicks.move(db, self.naming)
