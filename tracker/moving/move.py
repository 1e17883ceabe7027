"""Moving a store: all of it in order, from opening both sides to comparing them.

Owns: the order, and what came of it.
Does not own: each step (`source`, `target`, `copying`, `comparing`), or the command (`tracker.cli.operations.store`).
"""

from dataclasses import dataclass

from config.schema import StoreConfig
from config.store_url import masked
from tracker.moving import comparing, copying, source, target
from tracker.moving.comparing import Compared
from tracker.moving.source import CannotMove, Say
from tracker.moving.tables import tables_of
from tracker.store.server import server_store


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of it. `went_on`: an earlier run had begun it. `reports`: those that differ."""

    went_on: bool
    tables: tuple[Compared, ...]
    reports: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both sides are the same."""
        return not self.reports and all(table.is_equal for table in self.tables)


def move(old: StoreConfig, new: StoreConfig, told: copying.Told, say: Say) -> Moved:
    """Copy a store in a file into a database, and compare both; what is in the file stays as it is.

    Where they differ, the copy stays unfinished. Services of the file may run: they count nothing more. Raises CannotMove, StoreError, DatabaseErrors, OSError.
    """
    node = server_store.node_of(new)
    with (
        target.opened(new) as db,
        source.opened(old.path, old.spool_dir, masked(new.url), say) as ours,
    ):
        tables = tables_of(ours.db)
        went_on = target.begin(db, new, ours, tables)
        ours.is_begun = True
        copying.copy(ours.db, db, tables, node, told)
        say("Both sides are compared.")
        db.script("ANALYZE")
        compared = tuple(comparing.tables(ours.db, db, tables, node))
        moved = Moved(went_on, compared, tuple(comparing.reports_differ(ours.db, db)))
        if not ours.is_as_it_was():
            raise CannotMove(
                f"{ours.path} was changed while it was copied: stop what changes it, make the database anew"
                " (dropdb, createdb), and copy again"
            )
        if moved.is_equal:
            target.finish(db, ours.db)
    return moved
