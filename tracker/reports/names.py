"""What reports call campaigns and links.

Owns: the names of rows of our own, and telling them from an author's that reads the same.
Does not own: these rows (`tracker.store.reserved`), the figures (`clicks`, `opens`), or how they are
printed (`tracker.cli.printing`).
"""

from dataclasses import dataclass

from tracker.sql.db import Db
from tracker.store.reserved import PURGED, PURGED_NAME, RESERVED_NAME

NAMELESS = "(none)"
"""Stands for the campaign of messages without one, where people read it."""


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a campaign (None: of messages without one) or of a link; `purged`: it is ours."""

    text: str | None
    purged: bool = False

    @classmethod
    def of(cls, stored: str | None) -> "Name":
        """Return the name that a row has."""
        return cls(PURGED_NAME, purged=True) if stored == RESERVED_NAME else cls(stored)

    @property
    def for_people(self) -> str:
        """The name, in quotation marks where an author's reads like one of ours."""
        if self.text is None:
            return NAMELESS
        is_like_ours = self.text in (NAMELESS, PURGED_NAME) and not self.purged
        return f'"{self.text}"' if is_like_ours else self.text


def campaigns(db: Db, only: str | None = None) -> dict[int, Name]:
    """Return the names of all campaigns, or of the one that is called `only`, by their rows.

    An author's campaign comes before ours of the same name.
    """
    rows = db.execute("SELECT id, name FROM campaigns").fetchall()
    named = {row: Name.of(stored) for row, stored in rows}
    if only is None:
        return named
    wanted = {row: name for row, name in named.items() if name.text == only}
    if len(wanted) > 1:
        del wanted[PURGED]
    return wanted


def scope(db: Db, campaign: str | None) -> int:
    """Return the row of a campaign, 0 where all are meant (None), -1 for one that is unknown."""
    return 0 if campaign is None else min(campaigns(db, campaign), default=-1)
