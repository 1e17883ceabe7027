"""Feeding what became of messages, within the caller's transaction.

Owns: which of several events of one copy holds, in whatever order they come: a copy that was tried more
than once was delivered if it ever was.
Does not own: the rows (`rows`), or figures (`tracker.counting`).
"""

from collections.abc import Iterable

from tracker.details import rows
from tracker.details.rows import CopyKey
from tracker.events import Event, MessageHandled
from tracker.sql.db import Db, Given
from tracker.store.keys import MessageKey
from tracker.store.reserved import ERASED_ADDRESS

_ORDER = ("refused", "in_doubt", "delivered")
_WANTED = Given(
    "wanted_copies", {"sent_s": "INTEGER", "message_id": "INTEGER", "number": "INTEGER"}
)
_KNOWN = """
    SELECT sent_s, message_id, number, outcome.text, reply.text, queue_id
    FROM wanted_copies CROSS JOIN details USING (sent_s, message_id, number)
    JOIN detail_texts AS outcome ON outcome.id = outcome_id
    JOIN detail_texts AS reply ON reply.id = reply_id
"""
_ADDRESSES = """
    SELECT sent_s, message_id, number, address
    FROM wanted_copies CROSS JOIN deliveries USING (sent_s, message_id, number)
    WHERE address IS NOT NULL
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
    keys = sorted(told)
    known = {
        CopyKey(*key): _known_rank(outcome, reply, queue_id)
        for *key, outcome, reply, queue_id in db.execute_given(_KNOWN, _WANTED, keys)
    }
    erased = {
        CopyKey(*key)
        for *key, address in db.execute_given(_ADDRESSES, _WANTED, keys)
        if address == ERASED_ADDRESS
    }
    told = {
        key: event
        for key, event in told.items()
        if key not in erased and _rank(event) > known.get(key, _NEVER)
    }
    rows.drop(db, known.keys() & told.keys())
    rows.put(db, told)


_Rank = tuple[int, str]
_NEVER: _Rank = (-1, "")


def _rank(event: MessageHandled) -> _Rank:
    return _ORDER.index(event.outcome), event.reply


def _known_rank(outcome: str, reply: str, queue_id: str | None) -> _Rank:
    return _ORDER.index(outcome), reply.replace(rows.QUEUE_ID, queue_id or "")
