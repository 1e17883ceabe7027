"""Statements as PostgreSQL reads them.

Owns: what differs between the statements of the store, which are written once, and PostgreSQL's: places of
parameters, and a few words that only SQLite has. It is sans-IO.
Does not own: how a statement must be written to be understood by both (`db`), or running it (`postgresql`).

SQLite's words, and what becomes of them:

- `CROSS JOIN … ON` and `… USING` fix the order in which tables are read. PostgreSQL reads the tables of a
  `JOIN` in the order written where it is told to (`join_collapse_limit`).
- `INDEXED BY` goes: PostgreSQL finds the index itself.
- `IN (:name)` holds a list, which is an array here: `= ANY`.
- `COLLATE NOCASE` is `lower()`, which knows ASCII alone here too, as columns have the collation "C".
- Temporary tables have PostgreSQL's types, and are empty again after each transaction.
"""

import functools
import re

_PLACES = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<comment>--[^\n]*)"""
    r"""|(?<![:\w]):(?P<name>[a-z_]\w*)|(?P<mark>\?)|(?P<percent>%)"""
)
_FIXED_ORDER = re.compile(
    r"\bCROSS\s+(?=JOIN\s+(?:\w+|\([^()]*(?:\([^()]*\)[^()]*)*\))(?:\s+AS\s+\w+|\s+(?!ON\b|USING\b)\w+)?"
    r"(?:\s+INDEXED\s+BY\s+\w+)?\s+(?:ON|USING)\b)"
)
_INDEX = re.compile(r"\s+INDEXED\s+BY\s+\w+")
_COMPARED = re.compile(r"([\w.]+)(\s*(?:<=|>=|=|<|>)\s*)([\w.:?]+)\s+COLLATE\s+NOCASE\b")
_FOLDED = re.compile(r"([\w.:?]+)\s+COLLATE\s+NOCASE\b")
_LIST = re.compile(r"\b(?P<negated>NOT\s+)?IN\s*\((?P<place>:\w+)\)")
_OCTETS = re.compile(r"\blength\(CAST\(([\w.]+) AS BLOB\)\)")
_TEMPORARY = re.compile(r"\s*CREATE\s+TEMP\s+TABLE\b")
_TYPES = {"INTEGER": "BIGINT", "BLOB": "BYTEA", "REAL": "DOUBLE PRECISION"}
_TYPE = re.compile(rf"\b({'|'.join(_TYPES)})\b")
_OPTIONS = re.compile(r"\)\s*(?:STRICT|WITHOUT\s+ROWID)(?:\s*,\s*(?:STRICT|WITHOUT\s+ROWID))*\s*$")
_MADE_FROM = re.compile(r"\s+AS\s+SELECT\b")
_EMPTIED = " ON COMMIT DELETE ROWS"


@functools.lru_cache(maxsize=4096)
def for_postgresql(sql: str) -> str:
    """Return a statement with psycopg's places for parameters, and in words that PostgreSQL knows."""
    if _TEMPORARY.match(sql):
        sql = _temporary(sql)
    sql = _LIST.sub(_array, _INDEX.sub("", _FIXED_ORDER.sub("", sql)))
    if "NOCASE" in sql:
        sql = _COMPARED.sub(lambda found: f"{_lower(found[1])}{found[2]}{_lower(found[3])}", sql)
        sql = _FOLDED.sub(lambda found: _lower(found[1]), sql)
    return _PLACES.sub(_place, _OCTETS.sub(r"octet_length(\1)", sql))


def _array(found: re.Match[str]) -> str:
    return f"{'<> ALL' if found['negated'] else '= ANY'} ({found['place']})"


def _place(found: re.Match[str]) -> str:
    if found["name"]:
        return f"%({found['name']})s"
    if found["mark"]:
        return "%s"
    return "" if found["comment"] else found[0].replace("%", "%%")


def _lower(value: str) -> str:
    """Return a value in lower case, as far as ASCII goes. A parameter has no collation of its own."""
    return f'lower({value} COLLATE "C")' if value[0] in ":?" else f"lower({value})"


def _temporary(sql: str) -> str:
    made_from = _MADE_FROM.search(sql)
    if made_from:
        return f"{sql[: made_from.start()]}{_EMPTIED}{sql[made_from.start() :]}"
    typed = _TYPE.sub(lambda found: _TYPES[found[0]], _OPTIONS.sub(")", sql))
    return f"{typed.rstrip()}{_EMPTIED}"
