"""Feeding events to a store as a configuration says: what links are called, and how clicks are judged.

Owns: which parts of a configuration counting goes by; that whoever is new gets the id by which they are
found again.
Does not own: how events become rows (`batch`), which clicks move later (`moved_clicks`), or when and from
where events are fed (`tracker.ingest.ingester`).
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from config.keys.secret_files import KeyFileError
from config.schema import Config
from tracker.counting import batch, moved_clicks
from tracker.events import Event
from tracker.judging.rules import Settings
from tracker.store import identities
from tracker.urls.naming import Naming
from tracker.urls.reader_id import Identifier


@dataclass(frozen=True, slots=True)
class Feeder:
    """Names of links, settings of judging, and what makes ids of persons, where destinations are told any."""

    naming: Naming
    judging: Settings
    identifier: Identifier | None = None

    @classmethod
    def of(cls, config: Config) -> "Feeder":
        """Return the feeder of a configuration."""
        return cls(Naming.of(config), Settings.of(config), _identifier(config))

    def feed(self, db: Database, events: Sequence[Event]) -> frozenset[str]:
        """Feed events, within the open transaction; return as `batch.feed` does."""
        forgotten = batch.feed(db, events, self.naming, self.judging)
        if self.identifier is not None:
            identities.keep(db, self.identifier)
        return forgotten

    def move(self, db: Database) -> None:
        """Move some of the clicks that count under another link now, within the open transaction."""
        moved_clicks.move(db, self.naming)


def _identifier(config: Config) -> Identifier | None:
    """Return what makes ids; None where none are told, or their secret cannot be read now."""
    param = config.tracking.identify.param
    if not param:
        return None
    with contextlib.suppress(KeyFileError):
        return Identifier.of(config, param)
    return None
