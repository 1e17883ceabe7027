"""Feeding events to a store as a configuration says: what links are called, and how clicks are judged.

Owns: which parts of a configuration counting goes by.
Does not own: how events become rows (`batch`), which clicks move later (`moved_clicks`), or when and from
where events are fed (`tracker.ingest.ingester`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from config.schema import Config
from tracker.counting import batch, moved_clicks
from tracker.events import Event
from tracker.judging.rules import Settings
from tracker.urls.naming import Naming


@dataclass(frozen=True, slots=True)
class Feeder:
    """Names of links, and settings of judging."""

    naming: Naming
    judging: Settings

    @classmethod
    def of(cls, config: Config) -> "Feeder":
        """Return the feeder of a configuration."""
        return cls(Naming.of(config), Settings.of(config))

    def feed(self, db: Database, events: Sequence[Event]) -> frozenset[str]:
        """Feed events, within the open transaction; return as `batch.feed` does."""
        return batch.feed(db, events, self.naming, self.judging)

    def move(self, db: Database) -> None:
        """Move some of the clicks that count under another link now, within the open transaction."""
        moved_clicks.move(db, self.naming)
