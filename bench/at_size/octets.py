"""How many octets a store takes, its indexes included: of a click, and of a message to one reader."""

from typing import NamedTuple

from config.schema import Config
from tracker.sql.db import Db
from tracker.store import database

CLICKS_OF = ("clicks", "arrivals", "clicked_by", "cohorts", "hours", "counters", "destinations")
"""Tables that grow with clicks; of the others, those of messages tell the octets of a message."""
MESSAGES_OF = ("messages", "deliveries", "details")

_OF_FILE = "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE {})"
_NAMED = "tbl_name GLOB '{}*'"
_ON_SERVER = "SELECT sum(pg_total_relation_size(relid)) FROM ({}) AS parts"
_PARTS = "SELECT relid FROM pg_partition_tree('{0}') WHERE isleaf"


class Octets(NamedTuple):
    """What is taken: of a click, with its sums and sets, and of a message to one reader."""

    click: float
    message: float


def taken(config: Config) -> Octets:
    """Return what a store takes."""
    with database.reading(config.store) as db:
        clicks, messages = (_count(db, each) for each in ("clicks", "messages"))
        return Octets(_octets(db, CLICKS_OF) / clicks, _octets(db, MESSAGES_OF) / messages)


def _count(db: Db, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _octets(db: Db, tables: tuple[str, ...]) -> int:
    if db.engine == "sqlite":
        sql = _OF_FILE.format(" OR ".join(map(_NAMED.format, tables)))
    else:
        sql = _ON_SERVER.format(" UNION ALL ".join(map(_PARTS.format, tables)))
    return int(db.execute(sql).fetchone()[0])
