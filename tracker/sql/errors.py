"""What an engine raises: SQLite's own errors, and those of a server.

Owns: the names by which the store catches them, whatever engine holds it.
Does not own: what they mean to people (`tracker.store.database`).
"""

import sqlite3


class ServerError(Exception):
    """A server of databases did not do what it was asked, told in one line whatever lines it said.

    `sqlstate` is its code, empty where it is gone.
    """

    def __init__(self, message: str, sqlstate: str = "") -> None:
        super().__init__(" ".join(message.split()))
        self.sqlstate = sqlstate


class ValuesRefused(ServerError):
    """The values are to blame, not the server: they are no such data, or break a constraint."""


DatabaseErrors = (sqlite3.Error, ServerError)
"""Whatever the engine: it could not do what it was asked."""
BadValues = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    ValuesRefused,
)
"""Those for which what was to be written is to blame."""
