"""Feeding what became of messages, within the caller's transaction.

Owns: which of several events of one copy holds, in whatever order they come: a copy that was tried more
than once was delivered if it ever was.
Does not own: the rows (`rows`), or figures (`tracker.counting`).
"""

from collections.abc import Iterable

from tracker.details import rows
from tracker.details.rows import CopyKey
from tracker.events import Event, MessageHandled
from tracker.sql.db import Db
from tracker.store.keys import MessageKey
from tracker.store.reserved import ERASED_ADDRESS

_ORDER = ("refused", "in_doubt", "delivered")
_KNOWN = """
    SELECT outcome.text, reply.text, queue_id
    FROM details JOIN detail_texts AS outcome ON outcome.id = outcome_id
    JOIN detail_texts AS reply ON reply.id = reply_id
    WHERE sent_s = ? AND message_id = ? AND number = ?
"""
_ERASED = """
    SELECT 1 FROM deliveries WHERE sent_s = ? AND message_id = ? AND number = ? AND address = ?
"""


def feed(db: Db, events: Iterable[Event], since_s: float) -> None:
    """Write down what events tell of messages that were sent since a moment.

    Of others nothing is kept, nor of copies of somebody who was forgotten.
    """
    told: dict[CopyKey, MessageHandled] = {}
    for event in events:
        if isinstance(event, MessageHandled) and event.sent_s >= since_s:
            key = CopyKey(*MessageKey.of(event.sent_s, event.message_id), event.number)
            if key not in told or _rank(event) > _rank(told[key]):
                told[key] = event
    if not told:
        return
    known = {key: rank for key in told if (rank := _known_rank(db, key)) is not None}
    told = {
        key: event
        for key, event in told.items()
        if _rank(event) > known.get(key, _NEVER) and not _is_erased(db, key)
    }
    rows.drop(db, known.keys() & told.keys())
    rows.put(db, told)


_Rank = tuple[int, str]
_NEVER: _Rank = (-1, "")


def _rank(event: MessageHandled) -> _Rank:
    return _ORDER.index(event.outcome), event.reply


def _known_rank(db: Db, key: CopyKey) -> _Rank | None:
    found = db.execute(_KNOWN, list(key)).fetchone()
    if found is None:
        return None
    outcome, reply, queue_id = found
    return _ORDER.index(outcome), reply.replace(rows.QUEUE_ID, queue_id or "")


def _is_erased(db: Db, key: CopyKey) -> bool:
    return db.execute(_ERASED, [*key, ERASED_ADDRESS]).fetchone() is not None
