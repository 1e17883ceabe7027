"""How the stream stands: what its receiver has, what waits for it, and why.

Owns: this question, which page, API and `waypost doctor` ask alike.
Does not own: sending (`worker`), the file that tells of it (`tracker.spool.stream_offset`), or how the answer is
shown.
"""

from typing import Any

from config.schema import Config
from tracker.outbox.events import moment
from tracker.spool.stream_offset import StreamOffset
from tracker.sql.db import Db
from tracker.store import database
from tracker.stream.reader import waiting_octets

Json = dict[str, Any]


def standing(db: Db, config: Config) -> Json | None:
    """Return how the stream of a configuration stands; None where it has none.

    `state` is "working", "failing" (it is tried again), or "stopped" (it answered 410). `waiting_octets` of
    the spool are counted, and not with it yet; `events` are. `error` says why since `failing_since`; moments
    are in UTC, None where there was none. Raises OSError.
    """
    if config.stream.url is None:
        return None
    offset = StreamOffset.load(config.store.spool_dir)
    return {
        "state": "stopped" if offset.stopped else "failing" if offset.failing else "working",
        "waiting_octets": waiting_octets(offset.sent, database.fed(config.store, db)),
        "events": offset.events,
        "sent_at": _moment(offset.sent_at_s),
        "error": offset.failing,
        "failing_since": _moment(offset.failing_since_s),
    }


def _moment(at_s: float | None) -> str | None:
    return None if at_s is None else moment(at_s)
