"""Judging all clicks that are kept anew, as after a change of points.

Owns: going through them in chunks, and what changed, by rule and campaign.
Does not own: which clicks are judged together (`sittings`), the SQL (`rows`), the sums (`sums`), or how
it is asked for (`tracker.cli.reclassify`).

Each chunk is a transaction of its own, so that feeding and reports need not wait for long. It may be
stopped at any point, and be done again: what is judged anew a second time does not change.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlite_utils import Database

from tracker.counting import rows, sittings, sums
from tracker.counting.model import Message, MessageTotals, Sums
from tracker.counting.sittings import Change, Span
from tracker.judging.rules import Settings
from tracker.store.database import Store

CHUNK_CLICKS = 2000
CHUNK_MESSAGES = 500

_CLICKED = """
    SELECT message, sum(clicks) AS clicks FROM deliveries
    WHERE message > :after AND clicks > 0 AND message IN (
        SELECT id FROM messages WHERE id > :after AND sent_at_s >= :since_s
    )
    GROUP BY message ORDER BY message LIMIT :limit
"""


@dataclass(slots=True)
class Reclassified:
    """How many clicks were judged, and which of them differently.

    `gained` and `lost` are clicks by the rule that is new or no longer among their reasons; `human` is
    by how many the human clicks of a campaign, by its row, became more or fewer.
    """

    clicks: int = 0
    changed: int = 0
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    human: Counter[int] = field(default_factory=Counter)

    def add(self, change: Change) -> None:
        """Note one change."""
        before, now = change.before.verdict, change.after.verdict
        self.changed += 1
        self.gained.update(set(now.reasons) - set(before.reasons))
        self.lost.update(set(before.reasons) - set(now.reasons))
        self.human[change.message.campaign_id] += now.human - before.human


def reclassify(
    store: Store, settings: Settings, *, since_s: float = 0.0, dry_run: bool = False
) -> Iterator[Reclassified]:
    """Judge the clicks on messages sent since a moment anew; yield what was done, after each chunk.

    With `dry_run` nothing is written. Raises sqlite3.Error.
    """
    done, after = Reclassified(), 0
    while chunk := _next_chunk(store.db, after, since_s):
        after = chunk[-1]
        if dry_run:
            with (
                store.db.atomic()
            ):  # which only reads: spans are in tables of this connection alone
                _judge(store.db, chunk, settings, done)
        else:
            with store.transaction():
                _apply(store.db, chunk, settings, done)
        yield done


def _next_chunk(db: Database, after: int, since_s: float) -> list[int]:
    """Return the rows of the next messages: as many as have CHUNK_CLICKS clicks, one at least."""
    values = {"after": after, "since_s": since_s, "limit": CHUNK_MESSAGES}
    chunk: list[int] = []
    clicks = 0
    for message, count in db.execute(_CLICKED, values).fetchall():
        clicks += count
        if chunk and clicks > CHUNK_CLICKS:
            break
        chunk.append(message)
    return chunk


def _judge(
    db: Database, chunk: list[int], settings: Settings, done: Reclassified
) -> tuple[list[Message], list[Change]]:
    """Judge the clicks of some messages; return the messages as they were, and what changed."""
    messages = {each.id: each for each in rows.read_messages_by_row(db, chunk).values()}
    spans = {
        Span(row, number)
        for row, message in messages.items()
        for number, delivery in message.deliveries.items()
        if delivery.clicks and not sittings.is_closed(message, number)
    }
    known = [(messages[row], click) for row, click in rows.read_clicks(db, spans)]
    before = [replace(click) for _, click in known]
    sittings.judge(known, settings)
    changed = sittings.changes(before, known)
    done.clicks += len(known)
    for change in changed:
        done.add(change)
    return list(messages.values()), changed


def _apply(db: Database, chunk: list[int], settings: Settings, done: Reclassified) -> None:
    """Judge the clicks of some messages, and write down what changed, within the open transaction."""
    messages, changed = _judge(db, chunk, settings, done)
    if not changed:
        return
    totals = [MessageTotals.of(message) for message in messages]
    differences = Sums()
    for change in changed:
        change.count(differences)
    for message, before in zip(messages, totals, strict=True):
        differences.add_message(before, -1)
        differences.add_message(MessageTotals.of(message), 1)
    rows.change_clicks(db, [change.after for change in changed])
    copies = {(change.message.id, change.after.recipient) for change in changed}
    deliveries = {message.id: message.deliveries for message in messages}
    rows.write_deliveries(db, {key: deliveries[key[0]][key[1]] for key in copies})
    sums.apply(db, differences)
