"""Whether a database goes on where nodes left it; where it may not, numbers that others know jump.

Owns: the mark by which it is known, and the jump.
Does not own: giving these numbers (`tracker.sql.postgresql`), or counting again what a database lacks
(`tracker.ingest.ingester`).

A standby that lagged, and a backup, give numbers again that somebody may have read: who reads clicks by a cursor
would miss the new ones, and who wrote down the number of a person, a campaign or a link would take another for
it. Both are another database than the one of the mark: a standby that took over goes on another timeline, and a
restored database has another number, or another server. In one without a mark, which may stand in the place of one that was
lost whole, only arrivals jump: all else begins with 1, as on a machine alone.
"""

import hashlib

from tracker.sql.errors import ServerError
from tracker.sql.postgresql import PostgreSQL

_OCTETS = 6
"""Of the mark, which stands beside the numbers that it is about."""
_WHICH = """
    SELECT concat_ws(' ', system_identifier, oid, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
    FROM pg_control_system() CROSS JOIN pg_database WHERE datname = current_database()
"""
_NOT_TOLD = ("0A", "42", "55")
"""Classes of SQLSTATE of a server that does not know that, or tells it to some alone (appendix A)."""
_OF_A_NEW_ONE = ("arrivals",)
_KNOWN_BY_OTHERS = (*_OF_A_NEW_ONE, "persons", "campaigns", "links")
_NOTED = "SELECT number FROM last_numbers WHERE name = 'lineage'"
_NOTE = """
    INSERT INTO last_numbers (name, number) VALUES ('lineage', :mark)
    ON CONFLICT (name) DO UPDATE SET number = excluded.number
"""
_JUMP = """
    INSERT INTO last_numbers (name, number)
    VALUES (:name, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))
    ON CONFLICT (name) DO UPDATE SET number = greatest(last_numbers.number + 1, excluded.number)
"""
"""To the microseconds since 1970: beyond all that were given, also after an earlier jump that is lost by now."""


def attend(db: PostgreSQL) -> None:
    """Have numbers jump where this may not go on from all that was counted. Raises ServerError.

    Before anything is fed, as each node sees it by its own connection.
    """
    mark = _mark(db)
    if mark is None or _noted(db) == mark:
        return
    with db.transaction():
        noted = _noted(db)
        if noted != mark:
            names = _OF_A_NEW_ONE if noted is None else _KNOWN_BY_OTHERS
            db.executemany(_JUMP, [{"name": name} for name in names])
            db.execute(_NOTE, {"mark": mark})


def _mark(db: PostgreSQL) -> int | None:
    """Return a number that stands for this database; None where the server does not tell."""
    try:
        (which,) = db.execute(_WHICH).fetchone()
    except ServerError as error:
        if not error.sqlstate.startswith(_NOT_TOLD):
            raise
        return None
    digest = hashlib.blake2b(which.encode(), digest_size=_OCTETS).digest()
    return int.from_bytes(digest, "big")


def _noted(db: PostgreSQL) -> int | None:
    found = db.execute(_NOTED).fetchone()
    return None if found is None else int(found[0])
