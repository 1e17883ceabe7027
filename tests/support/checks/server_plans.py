"""How PostgreSQL answers what is asked of a store: by an index, or by looking at all rows of a table."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tracker.sql.postgresql import PostgreSQL

_PART = re.compile(r"_(?:\d{4}_\d{2}|at_other_times)$")
_ASKS = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_CONVERTED = re.compile(r"\((?:\w+\.)?(\w+)\)::double precision")
_GIVEN_ROWS = ("Bitmap Heap Scan", "ModifyTable")
"""Steps that are given the rows of a table by others."""

Statement = tuple[str, Any]


def asked(db: PostgreSQL, ask: Callable[[], object]) -> list[Statement]:
    """Return what is asked of a server meanwhile, with values; each statement once."""
    return list({sql: (sql, values) for sql, values in reversed(heard(db, ask))}.values())[::-1]


def heard(db: PostgreSQL, ask: Callable[[], object]) -> list[Statement]:
    """Return what is asked of a server meanwhile, with values, however often."""
    seen: list[Statement] = []

    def noting(run: Callable[..., Any]) -> Callable[..., Any]:
        def noted(sql: str, parameters: Any = ()) -> Any:
            seen.append((sql, parameters))
            return run(sql, parameters)

        return noted

    for name in ("execute", "query", "stream"):
        setattr(db, name, noting(getattr(db, name)))
    try:
        ask()
    finally:
        for name in ("execute", "query", "stream"):
            delattr(db, name)
    return [each for each in seen if _ASKS.match(each[0])]


def columns_converted(run: Callable[..., Any], sql: str, parameters: Any) -> list[str]:
    """Return columns that a statement has made fractions of, row by row, to compare them with one.

    `run` runs a statement. No index is of use for that.
    """
    if not _ASKS.match(sql):
        return []
    plan = "\n".join(line for (line,) in run(f"EXPLAIN {sql}", parameters))
    return _CONVERTED.findall(plan)


def steps(db: PostgreSQL, statement: Statement) -> Iterator[tuple[str, str, str]]:
    """Yield tables of which a plan looks at all rows: the kind of step, the table, and the index.

    Tables are small in tests, where no index is worth it: so it is asked whether there is any. Of a
    condition that is looked up for each row, or for all at once, the server takes what is cheaper by then.
    """
    sql, parameters = statement
    for way in ("seqscan", "hashjoin", "mergejoin"):
        db.execute(f"SET LOCAL enable_{way} = off")
    (plans,) = db.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters).fetchone()
    todo = [plans[0]["Plan"]]
    while todo:
        step = todo.pop()
        if step.get("Subplan Name", "").startswith("hashed"):
            continue
        todo += step.get("Plans", [])
        kind, table = step["Node Type"], step.get("Relation Name")
        if table and kind not in _GIVEN_ROWS and "Index Cond" not in step:
            yield kind, _PART.sub("", table), step.get("Index Name", "")
