"""What a database on a server is made of, and whether a step of its schema only adds to that."""

from collections.abc import Iterator
from typing import NamedTuple

from tracker.sql.postgresql import PostgreSQL

_COLUMNS = """
    SELECT 'column', CAST(attrelid AS regclass)::text, attname || ' ' || format_type(atttypid, atttypmod)
        || coalesce(' COLLATE ' || CAST(CAST(nullif(attcollation, 0) AS regcollation) AS text), ''),
        attnotnull AND NOT atthasdef AND attidentity = ''
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
        AND attnum > 0 AND NOT attisdropped
"""
_CONSTRAINTS = """
    SELECT 'constraint', CAST(conrelid AS regclass)::text, pg_get_constraintdef(pg_constraint.oid), TRUE
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE connamespace = 'public'::regnamespace AND NOT relispartition
"""
_INDEXES = """
    SELECT 'index', CAST(indrelid AS regclass)::text, pg_get_indexdef(indexrelid), indisunique
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT relispartition
"""
_FUNCTIONS = """
    SELECT 'function', proname, pg_get_function_identity_arguments(oid) || ' ' || pg_get_function_result(oid),
        FALSE
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


class Part(NamedTuple):
    """A column, constraint, index or function. `demands`: who writes a row has to heed it."""

    kind: str
    of: str
    about: str
    demands: bool


def catalogue(db: PostgreSQL) -> set[Part]:
    """Return all that a database is made of, months apart."""
    queries = _COLUMNS, _CONSTRAINTS, _INDEXES, _FUNCTIONS
    return {
        Part(kind, of, about, bool(demands))
        for query in queries
        for kind, of, about, demands in db.execute(query)
    }


def hindrances(before: set[Part], after: set[Part]) -> Iterator[Part]:
    """Yield what keeps statements from working that were written for what was there before.

    Something is gone or another, or a table that was there demands more of who writes to it.
    """
    yield from before - after
    tables = {part.of for part in before}
    yield from (part for part in after - before if part.demands and part.of in tables)
