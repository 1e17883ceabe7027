"""How far something was done that need not be done again: numbers of the store that only grow.

Owns: the table `settings`.
Does not own: what a mark stands for (`retention`, `disused`).
"""

from typing import Literal

from sqlite_utils import Database

Mark = Literal["purged_before_s", "unlisted_before_day"]


def reached(db: Database, mark: Mark) -> float:
    """Give how far a mark is; 0 where it was never set."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", [mark]).fetchone()
    return float(row[0]) if row else 0.0


def reach(db: Database, mark: Mark, value: float) -> None:
    """Set a mark, within the open transaction; one that is further stays where it is."""
    db.execute(
        """INSERT INTO settings VALUES (?, ?)
           ON CONFLICT DO UPDATE SET value = max(value, excluded.value)""",
        [mark, value],
    )
