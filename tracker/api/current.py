"""The store as it is now, for operations that ask it, and the headers that tell what it lacks.

Owns: how long an operation waits for the spool, and those headers.
Does not own: bringing the store up to date (`tracker.ingest.catch_up`), what waits on other nodes
(`tracker.ingest.elsewhere`), or the questions (`tracker.reports`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.responses import Response

from config.schema import Config
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.ingest.elsewhere import elsewhere
from tracker.sql.db import Db
from tracker.store import database

NOT_COUNTED = "waypost-not-counted-octets"
"""The header that says how much of the spool an answer lacks."""
NOT_COUNTED_WHY = "waypost-not-counted"
"""The header that says in words what an answer lacks, and why."""

HEADERS: dict[str, Any] = {
    NOT_COUNTED: {
        "description": "Octets of the spools that this answer lacks; not there where it lacks none.",
        "schema": {"type": "string", "pattern": r"^\d+$"},
    },
    NOT_COUNTED_WHY: {
        "description": "What this answer lacks, and why, in words.",
        "schema": {"type": "string"},
    },
}
"""These headers, as the document describes them."""
COUNTED: dict[int | str, Any] = {200: {"headers": HEADERS}}


@contextmanager
def current(config: Config, response: Response) -> Iterator[Db]:
    """Open the store with what the spool holds; what it lacks is told in headers of `response`.

    Raises StoreError.
    """
    backlog = catch_up(config, BRIEF_S)
    with database.reading(config.store) as db:
        others = elsewhere(db, config.store)
        if octets := backlog.octets + others.octets:
            response.headers[NOT_COUNTED] = str(octets)
        if sentences := [*backlog.sentences(), *others.sentences]:
            response.headers[NOT_COUNTED_WHY] = _header("; ".join(sentences))
        yield db


def _header(text: str) -> str:
    """Return text as a header may hold it."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain.encode("ascii", "backslashreplace").decode("ascii")
