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

from sqlite_utils import Database

from tracker.counting import rows, sums
from tracker.counting.attribution import attribute
from tracker.counting.model import Click, Message, Sums
from tracker.counting.personal_links import Slots
from tracker.counting.sittings import Pair, Span
from tracker.store import slots, unused_links
from tracker.store.slots import Move
from tracker.urls.naming import Naming

CHUNK_MESSAGES = 500
"""Messages whose clicks are moved in one transaction."""


def has_moves(db: Database) -> bool:
    """Return whether there are clicks to be moved."""
    return slots.next_move(db) is not None


def move(db: Database, naming: Naming) -> None:
    """Move the clicks of some messages, within the open transaction."""
    left = CHUNK_MESSAGES
    while left and (todo := slots.next_move(db)):
        found = slots.messages_after(db, todo, left)
        messages = rows.read_messages(db, [message_id for _, message_id in found])
        _move(db, _pairs(db, todo, messages.values()), naming)
        slots.moved_up_to(db, todo.slot, found[-1][0] if len(found) == left else None)
        left -= len(found)


def _pairs(db: Database, todo: Move, messages: Iterable[Message]) -> list[Pair]:
    """Return the clicks on the slot's links in these messages, but for those of the forgotten."""
    by_row = {message.id: message for message in messages}
    spans = {
        Span(row, number)
        for row, message in by_row.items()
        for number, delivery in message.deliveries.items()
        if delivery.clicks and not delivery.erased
    }
    numbers = slots.numbers(db, {each.link_set_id for each in by_row.values() if each.link_set_id})
    pairs = [(by_row[row], click) for row, click in rows.read_clicks(db, spans)]
    return [
        (message, click)
        for message, click in pairs
        if numbers.get((message.link_set_id, click.made.link)) == todo.slot.hash
    ]


def _move(db: Database, pairs: Sequence[Pair], naming: Naming) -> None:
    """Count clicks under what their links are called now."""
    before = [replace(click) for _, click in pairs]
    attribute(db, pairs, naming, Slots(db))
    after = [click for _, click in pairs]
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old.state != new.state]
    moved = Sums()
    for old, new in changed:
        moved.add_click(old, -1)
        moved.add_click(new, 1)
    sums.apply(db, moved)
    rows.change_clicks(db, [new for _, new in changed])
    unused_links.drop_emptied(db, _went(changed))


def _went(changed: Iterable[tuple[Click, Click]]) -> Mapping[tuple[int, int], int]:
    """Return where the clicks of a campaign's link went: another link; 0 where to several."""
    went: dict[tuple[int, int], int] = {}
    for old, new in changed:
        key = old.counted.campaign_id, old.counted.link_id
        went[key] = new.counted.link_id if went.get(key) in (None, new.counted.link_id) else 0
    return went
