"""Queueing events for webhooks, in the transaction that counts clicks or changes their labels.

Owns: which events clicks and changes of labels come to, and remembering of which clicks a webhook was
told.
Does not own: who wants what (`subscriptions`), when clicks are judged (`tracker.counting.batch`,
`tracker.counting.reclassify`), or sending (`queue`, `tracker.webhooks`).

The rules:
- A click is queued once a webhook wants it: as it is counted, or once it is a person's, or its campaign
  is known. What was counted before there was such a webhook is not queued.
- A click that a webhook was told of, and whose label changes, is queued as relabelled.
- Nothing is queued while an event of the click waits that nobody tried to send: what is sent says what
  the click is by then. From the first attempt on, the webhook may know.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tracker.outbox.subscriptions import Label, Subscription, Subscriptions
from tracker.sql.db import Db
from tracker.store import queries
from tracker.store.keys import MessageKey
from tracker.store.rows import named_rows

_IDS = "SELECT name, id FROM webhooks WHERE name IN (:values)"
_TELL = """
    INSERT INTO told_clicks (sent_s, message_id, event_id, webhook_id) VALUES (?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_QUEUE = """
    INSERT INTO outbox
        (sent_s, message_id, event_id, webhook_id, number, changed_s, due_s)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_TOLD = """
    SELECT relabelled, EXISTS (
        SELECT 1 FROM outbox WHERE outbox.sent_s = told_clicks.sent_s
        AND outbox.message_id = told_clicks.message_id AND outbox.event_id = told_clicks.event_id
        AND outbox.webhook_id = told_clicks.webhook_id AND attempts = 0
    ) FROM told_clicks WHERE sent_s = ? AND message_id = ? AND event_id = ? AND webhook_id = ?
"""
_RELABELLED = """
    UPDATE told_clicks SET relabelled = ?
    WHERE sent_s = ? AND message_id = ? AND event_id = ? AND webhook_id = ?
"""


class Judged(NamedTuple):
    """A click of a message: what it is now, and what it was before; None: it is new."""

    message: MessageKey
    event_id: bytes
    now: Label
    before: Label | None = None


def fill(db: Db, subscriptions: Subscriptions, judged: Collection[Judged]) -> None:
    """Queue what webhooks are to be told of clicks that are new, or changed; in the open transaction."""
    if not (subscriptions and judged):
        return
    ids = webhook_ids(db, [each.name for each in subscriptions.webhooks])
    now_s = subscriptions.clock()
    for webhook in subscriptions.webhooks:
        named = named_rows.find(db, "campaigns", webhook.campaigns)
        queue = _Queue(db, webhook, ids[webhook.name], frozenset(named.values()), now_s)
        queue.add(judged)


def webhook_ids(db: Db, names: Sequence[str]) -> dict[str, int]:
    """Return the rows of webhooks by name; those that are new get one."""
    found = dict(queries.rows_in(db, _IDS, names))
    for name in names:
        if name not in found:
            made = db.execute("INSERT INTO webhooks (name) VALUES (?) RETURNING id", [name])
            found[name] = int(made.fetchone()[0])
    return found


class _Queue(NamedTuple):
    """What is queued for one webhook; `campaigns` are the rows of those that it names."""

    db: Db
    webhook: Subscription
    id: int
    campaigns: frozenset[int]
    now_s: float

    def add(self, judged: Iterable[Judged]) -> None:
        """Queue what it is to be told."""
        new: list[Judged] = []
        for each in judged:
            if each.before is None:
                if self._wants(each.now):
                    new.append(each)
            elif self._is_new(each, each.before):
                new.append(each)
        keys = [(*each.message, each.event_id, self.id) for each in new]
        self.db.executemany(_TELL, keys)
        due_s = self.now_s + self.webhook.settle_s
        self.db.executemany(_QUEUE, [(*key, 0, None, due_s) for key in keys])

    def _wants(self, label: Label) -> bool:
        return self.webhook.wants(label, self.campaigns)

    def _is_new(self, changed: Judged, before: Label) -> bool:
        """Return whether a click that changed is one to be told of; queue it where its label is."""
        if before == changed.now:
            return False
        told = self.db.execute(_TOLD, [*changed.message, changed.event_id, self.id]).fetchone()
        if told is None:
            return self._wants(changed.now) and not self._wants(before)
        relabelled, waits = told
        if before.judged != changed.now.judged and not waits:
            self._relabel(changed, relabelled + 1)
        return False

    def _relabel(self, changed: Judged, number: int) -> None:
        key = *changed.message, changed.event_id, self.id
        self.db.execute(_RELABELLED, [number, *key])
        due_s = self.now_s + self.webhook.settle_s
        self.db.execute(_QUEUE, [*key, number, self.now_s, due_s])
