"""Whether two stores that were told the same say the same.

Owns: what is compared: every report, days, hours and links, and the sums of what clicks were judged to be.
Does not own: that sums are what a recount of rows says (`make crash-nodes`, tests).
"""

from collections.abc import Iterator

from config.schema import Config
from tracker.reports import summary
from tracker.reports.breakdown import breakdown
from tracker.sql.db import Db
from tracker.store import database

_COUNTS = {
    name: f"SELECT count(*) FROM {name}" for name in ("messages", "deliveries", "clicks", "persons")
}
_JUDGED = """
    SELECT human, doubtful, score, reasons, sum(clicks) FROM judged_days
    JOIN verdicts ON verdicts.id = verdict_id GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def differences(one: Config, other: Config) -> list[str]:
    """Return what two stores say differently, in words; nothing where all is the same."""
    with database.reading(one.store) as ours, database.reading(other.store) as theirs:
        pairs = zip(_said(ours), _said(theirs), strict=True)
        return [
            f"{name}: {other.store.url} says otherwise"
            for (name, said), (_, says) in pairs
            if said != says
        ]


def _said(db: Db) -> Iterator[tuple[str, object]]:
    for name, sql in _COUNTS.items():
        yield f"rows of {name}", int(db.execute(sql).fetchone()[0])
    yield "the report", summary.report(db).json()
    for by in ("day", "hour", "link"):
        yield f"the report by {by}", list(breakdown(db, by))
    yield "what clicks were judged to be", [tuple(row) for row in db.execute(_JUDGED).fetchall()]
