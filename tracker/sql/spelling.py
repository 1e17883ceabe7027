"""What is spelled twice: the few things for which the engines have no words in common.

Owns: these fragments of statements, by engine. It is sans-IO.
Does not own: statements, which stand where they are used, and words that only SQLite has (`dialect`).
"""

import string
from collections.abc import Collection, Mapping

from tracker.sql.db import Engine

LEAST_OCTETS: Mapping[Engine, str] = {
    "sqlite": "min({})",
    "postgresql": "decode(min(encode({}, 'hex')), 'hex')",
}
"""The least of some octets in a group: PostgreSQL knows that of them from version 18 on."""
MOST_OCTETS: Mapping[Engine, str] = {
    "sqlite": "max({})",
    "postgresql": "decode(max(encode({}, 'hex')), 'hex')",
}
FROM_HEX: Mapping[Engine, str] = {
    "sqlite": "from_hex({})",
    "postgresql": "decode({}, 'hex')",
}
"""Octets of a text of hexadecimal digits: SQLite knows that from 3.41 on, and ours before (`sqlite`)."""
JOINED: Mapping[Engine, str] = {
    "sqlite": "group_concat(DISTINCT {})",
    "postgresql": "string_agg(DISTINCT CAST({} AS text), ',')",
}
"""The numbers of a group, each once, as a text with commas."""
IN_ORDER_OF: Mapping[Engine, str] = {"sqlite": "", "postgresql": "ORDER BY {}"}
"""The order of a join whose first table is in that order already, as SQLite leaves it."""


LATEST_STEP: Mapping[Engine, str] = {
    "sqlite": "SELECT name FROM _sqlite_migrations ORDER BY id DESC LIMIT 1",
    "postgresql": "SELECT name FROM migrations ORDER BY applied_at DESC LIMIT 1",
}
"""The last change that was made to the tables."""
VERSION: Mapping[Engine, str] = {
    "sqlite": "SELECT sqlite_version()",
    "postgresql": "SHOW server_version",
}
"""Of the engine."""
OCTETS_ON_SERVER = "SELECT pg_database_size(current_database())"
"""How large the store is; of a file of SQLite, the disk says it."""
BEGINNING = 200
"""Characters of a text by which PostgreSQL finds it, where it may be too long for an index: 2,704 octets."""
_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def ascii_lower(text: str) -> str:
    """Return a text as `COLLATE NOCASE` compares it: for `… COLLATE NOCASE IN (:texts)`."""
    return text.translate(_ASCII_LOWER)


def is_between(column: str, first: str, end: str) -> str:
    """Return the condition that a text is not before the parameter `first`, and before `end`.

    Those that may be long have an index on SQLite, and one of how they begin on PostgreSQL.
    """
    begins, *bounds = (
        f"substr({each}, 1, {BEGINNING})" for each in (column, f":{first}", f":{end}")
    )
    return f"{column} >= :{first} AND {column} < :{end} AND {begins} BETWEEN {' AND '.join(bounds)}"


def listed(engine: Engine, parameter: str, *columns: str, octets: Collection[str] = ()) -> str:
    """Return a table of rows of whole numbers: the parameter is JSON, a list of lists, each of `columns`.

    Columns among `octets` are given as hexadecimal digits.
    """
    number, rows = _LISTED[engine]
    values = (
        f"{(FROM_HEX[engine] if name in octets else number).format(f'value ->> {at}')} AS {name}"
        for at, name in enumerate(columns)
    )
    return f"(SELECT {', '.join(values)} FROM {rows.format(f':{parameter}')})"  # noqa: S608 - names of our own


_LISTED: Mapping[Engine, tuple[str, str]] = {
    "sqlite": ("{}", "json_each({})"),
    "postgresql": ("CAST({} AS BIGINT)", "json_array_elements(CAST({} AS JSON)) AS listed (value)"),
}
"""How a whole number of such a row is read, and where the rows come from."""


def unindexed(engine: Engine, column: str) -> str:
    """Return a number to order by, in whose order a server walks no index.

    Its indexes do not end with the key of the table, as SQLite's do. So it would rather walk the key's, past
    all rows, than sort the few that another index finds (`postgresql`, `enable_sort`).
    """
    return f"{column} + 0" if engine == "postgresql" else column
