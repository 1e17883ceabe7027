"""Connections to the database that nodes share, for what is said among them.

Owns: connecting with the password of the configuration, and not waiting for ever.
Does not own: the engine (`tracker.sql.postgresql`), or connections to count and to report
(`tracker.store.database`).

The engine's module is imported where a connection is made: its library is an extra, which an installation
on one machine lacks.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.keys.pgpass import readable_passfile
from config.schema import StoreConfig

if TYPE_CHECKING:
    from tracker.sql.postgresql import PostgreSQL

PATIENCE_S = 5
"""How long a server may take to answer at all."""


@contextlib.contextmanager
def connected(store: StoreConfig) -> Iterator["PostgreSQL"]:
    """Yield a connection; raises ServerError and KeyFileError."""
    db = connect(store)
    try:
        yield db
    finally:
        db.close()


def connect(store: StoreConfig) -> "PostgreSQL":
    """Return a connection; raises ServerError and KeyFileError."""
    from tracker.sql import postgresql  # noqa: PLC0415 - see above

    with readable_passfile(store.passfile) as passfile:
        return postgresql.connect(
            store.url, passfile=str(passfile) if passfile else None, patience_s=PATIENCE_S
        )
