"""Clicks that count under another link than before: moved once more is known of the link.

Owns: moving the clicks of a slot, with their sums, in transactions of bounded size.
Does not own: when (`tracker.ingest.ingester`, `batch`), what makes a slot one link (`tracker.urls.slots`), or the
sums (`sums`).

Meanwhile each click counts under one of its two names, so that all other sums are right throughout.
A link that no clicks are left of is gone; where all of them went to one other, its number leads
there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tracker.counting import rows, sums
from tracker.counting.links.attribution import attribute
from tracker.counting.links.personal_links import Slots
from tracker.counting.model import Click, Message, Sums
from tracker.counting.sittings import Pair, Span
from tracker.retention import unused_links
from tracker.sql.db import Db
from tracker.store.keys import MessageKey
from tracker.store.rows import named_rows, slots
from tracker.store.rows.slots import Move
from tracker.urls.naming import Naming

CHUNK_MESSAGES = 500
"""Messages whose clicks are moved in one transaction."""
LOOKED_AT = 20_000
"""Messages that are looked at in one transaction, some hundredths of a second."""


def has_moves(db: Db) -> bool:
    """Return whether there are clicks to be moved."""
    return slots.next_move(db) is not None


def move(db: Db, naming: Naming) -> None:
    """Move the clicks of some messages, within the open transaction."""
    left, look_at = CHUNK_MESSAGES, LOOKED_AT
    while left and look_at and (todo := slots.next_move(db)):
        passed = slots.messages_after(db, todo, left, look_at)
        messages = rows.read_messages(db, passed.messages)
        _move(db, _pairs(db, todo, messages), naming)
        slots.moved_up_to(db, todo.slot, passed.last)
        left -= len(passed.messages)
        look_at -= passed.looked_at


def _pairs(db: Db, todo: Move, messages: Mapping[MessageKey, Message]) -> list[Pair]:
    """Return the clicks on the slot's links in these messages, but for those of the forgotten."""
    spans = {
        Span(key, number)
        for key, message in messages.items()
        for number, delivery in message.deliveries.items()
        if delivery.clicks and not delivery.erased
    }
    sets = {each.link_set_id for each in messages.values() if each.link_set_id}
    numbers = slots.numbers(db, sets)
    return [
        (message, click)
        for message, click in rows.read_clicks(db, spans, messages)
        if numbers.get((message.link_set_id, click.made.link)) == todo.slot.hash
    ]


def _move(db: Db, pairs: Sequence[Pair], naming: Naming) -> None:
    """Count clicks under what their links are called now."""
    before = [replace(click) for _, click in pairs]
    attribute(db, pairs, naming, Slots(db))
    changed = [
        (old, pair) for old, pair in zip(before, pairs, strict=True) if old.state != pair[1].state
    ]
    moved = Sums()
    for old, (_, new) in changed:
        moved.add_click(old, -1)
        moved.add_click(new, 1)
    verdicts = named_rows.verdict_ids(db, {new.verdict for _, (_, new) in changed})
    rows.change_clicks(db, [pair for _, pair in changed], verdicts)
    sums.apply(db, moved)
    unused_links.drop_emptied(db, _went([(old, new) for old, (_, new) in changed]))


def _went(changed: Iterable[tuple[Click, Click]]) -> Mapping[tuple[int, int], int]:
    """Return where the clicks of a campaign's link went: another link; 0 where to several."""
    went: dict[tuple[int, int], int] = {}
    for old, new in changed:
        key = old.counted.campaign_id, old.counted.link_id
        went[key] = new.counted.link_id if went.get(key) in (None, new.counted.link_id) else 0
    return went
