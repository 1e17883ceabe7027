"""Judging all clicks that are kept anew, as after a change of points.

Owns: going through them in chunks, and what changed, by rule and campaign.
Does not own: which clicks are judged together (`sittings`), the SQL (`rows`), the sums (`sums`), or how
it is asked for (`tracker.cli.operations.reclassify`).

Clicks are judged without the write lock; only messages with a click whose label changes are judged once
more, in small transactions, so that feeding and reports need not wait for long. It may be
stopped at any point, and be done again: what is judged anew a second time does not change. What is
purged meanwhile is passed over.
"""

import contextlib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tracker.counting import queueing, rows, sittings, sums
from tracker.counting.model import Message, MessageTotals, Sums
from tracker.counting.sittings import Change, Span
from tracker.judging.rules import Settings
from tracker.outbox.subscriptions import Subscriptions
from tracker.retention.retention import purged_before_s
from tracker.sql.db import Db
from tracker.store.chunks import Pace
from tracker.store.database import Store
from tracker.store.keys import MessageKey
from tracker.store.rows import named_rows

CHUNK_CLICKS = 4000
"""Clicks that are judged at once, and changed in one transaction, at most; but all of a message are."""

_CLICKED = """
    SELECT sent_s, message_id, sum(clicks) AS clicks FROM deliveries
    WHERE (sent_s, message_id) > (:sent_s, :message_id) AND clicks > 0
    GROUP BY sent_s, message_id ORDER BY sent_s, message_id LIMIT :limit
"""
_LAST_ID = 2**63 - 1
_NOBODY = Subscriptions()
_Keys = Collection[MessageKey]


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

    def add(self, changes: Iterable[Change]) -> None:
        """Note changes."""
        for change in changes:
            before, now = change.before.verdict, change.after.verdict
            self.changed += 1
            self.gained.update(set(now.reasons) - set(before.reasons))
            self.lost.update(set(before.reasons) - set(now.reasons))
            self.human[change.message.campaign_id] += now.human - before.human


def reclassify(
    store: Store,
    settings: Settings,
    *,
    since_s: float = 0.0,
    dry_run: bool = False,
    notify: Subscriptions = _NOBODY,
) -> Iterator[Reclassified]:
    """Judge the clicks on messages sent since a moment anew; yield what was done, after each chunk.

    With `dry_run` nothing is written. The webhooks that are to `notify` are told what changed. Raises
    DatabaseErrors.
    """
    since_s = max(since_s, purged_before_s(store.db))
    done, after = Reclassified(), MessageKey(math.ceil(since_s) - 1, _LAST_ID)
    pace = Pace(CHUNK_CLICKS)
    while chunk := _next_chunk(store.db, after, CHUNK_CLICKS):
        after = max(chunk)
        with store.db.atomic():  # which only reads, but for tables of this connection alone
            found = _judge(store.db, chunk, settings)
        done.clicks += found.clicks
        if dry_run:
            done.add(found.changed)
        else:
            for some in _parts(found, chunk, pace):
                with pace.writing(store) as db:
                    changed = _apply(db, some, settings, notify)
                done.add(changed)
        yield done


def _parts(found: "_Judged", chunk: Mapping[MessageKey, int], pace: Pace) -> Iterator[_Keys]:
    """Yield the messages whose clicks are to be changed, as many as go into one transaction."""
    some: list[MessageKey] = []
    clicks = 0
    for key in sorted({change.message.key for change in found.changed}):
        clicks += chunk[key]
        if some and clicks > pace.size:
            yield some
            some, clicks = [], chunk[key]
        some.append(key)
    if some:
        yield some


def _next_chunk(db: Db, after: MessageKey, most: int) -> dict[MessageKey, int]:
    """Return the next messages and their clicks: as many as have so many of these, one at least."""
    chunk: dict[MessageKey, int] = {}
    with contextlib.closing(db.execute(_CLICKED, {**after._asdict(), "limit": most})) as found:
        for sent_s, message_id, clicks in found:
            most -= clicks
            if chunk and most < 0:
                break
            chunk[MessageKey(sent_s, message_id)] = clicks
    return chunk


class _Judged(NamedTuple):
    """Messages as they were, what changed, and how many clicks were judged."""

    messages: list[Message]
    changed: list[Change]
    clicks: int


def _judge(db: Db, keys: _Keys, settings: Settings) -> _Judged:
    """Judge the clicks of some messages."""
    messages = rows.read_messages(db, keys)
    spans = {
        Span(key, number)
        for key, message in messages.items()
        for number, delivery in message.deliveries.items()
        if delivery.clicks and not sittings.is_closed(message, number)
    }
    known = rows.read_clicks(db, spans, messages)
    before = [replace(click) for _, click in known]
    sittings.judge(known, settings)
    judged = sum(not click.made.is_settled for _, click in known)
    return _Judged(list(messages.values()), sittings.changes(before, known), judged)


def _apply(db: Db, keys: _Keys, settings: Settings, notify: Subscriptions) -> list[Change]:
    """Judge the clicks of some messages, and write down what changed, within the open transaction."""
    messages, changed, _ = _judge(db, keys, settings)
    if not changed:
        return changed
    totals = [MessageTotals.of(message) for message in messages]
    differences = Sums()
    for change in changed:
        change.count(differences)
    for message, before in zip(messages, totals, strict=True):
        differences.add_message(before, -1)
        differences.add_message(MessageTotals.of(message), 1)
    verdicts = named_rows.verdict_ids(db, {change.after.verdict for change in changed})
    rows.change_clicks(db, [(change.message, change.after) for change in changed], verdicts)
    copies = {(change.message.key, change.after.recipient) for change in changed}
    deliveries = {message.key: message.deliveries for message in messages}
    rows.count_deliveries(db, {key: deliveries[key[0]][key[1]] for key in copies})
    sums.apply(db, differences)
    queueing.queue(db, notify, (), changed)
    return changed
