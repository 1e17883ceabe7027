"""What the header of a database says of it: whether it claims to be a store of ours, and of which form.

Owns: the marks in the header (https://www.sqlite.org/fileformat.html#the_database_header), and reading them
as octets.
Does not own: databases, or what is in them (`tracker.store`).

Not for a database that this process has open: closing the file would end SQLite's locks on it (fcntl(2)).
"""

from pathlib import Path
from typing import NamedTuple

APPLICATION_ID = 0x57617970
"""Says in the file's header that it is a store of ours ("Wayp"), as file(1) shows it."""
FORM = 2
"""SQLite's `user_version` of a store; those of earlier versions have 0."""
_BEGINS = b"SQLite format 3\0"
_FORM_AT = 60
_APPLICATION_ID_AT = 68
_OCTETS = 72


class StoreHeader(NamedTuple):
    """The marks of a database."""

    application_id: int
    form: int

    @property
    def is_ours(self) -> bool:
        """Return whether it claims to be a store of Waypost."""
        return self.application_id == APPLICATION_ID

    @property
    def is_earlier(self) -> bool:
        """Return whether it claims to be the store of an earlier version."""
        return self.is_ours and self.form < FORM


def read(path: Path) -> StoreHeader | None:
    """Return the marks of a database; None for what is none. Raises OSError."""
    with path.open("rb") as file:
        octets = file.read(_OCTETS)
    if len(octets) < _OCTETS or not octets.startswith(_BEGINS):
        return None
    application_id, form = (
        int.from_bytes(octets[at : at + 4], "big") for at in (_APPLICATION_ID_AT, _FORM_AT)
    )
    return StoreHeader(application_id, form)
