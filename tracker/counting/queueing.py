"""Telling webhooks of clicks that were counted, and of labels that changed.

Owns: what of a click makes its label.
Does not own: what is queued then (`tracker.outbox.filling`), or which clicks these are (`batch`,
`reclassify`).
"""

from collections.abc import Iterable

from tracker.counting.model import Click
from tracker.counting.sittings import Change, Pair
from tracker.outbox.filling import Judged, fill
from tracker.outbox.subscriptions import Label, Subscriptions
from tracker.sql.db import Db


def queue(
    db: Db, subscriptions: Subscriptions, new: Iterable[Pair], changes: Iterable[Change]
) -> None:
    """Queue what webhooks are to be told, in the open transaction; where there are none, do nothing."""
    if not subscriptions:
        return
    judged = [Judged(message.key, click.id, _label(click)) for message, click in new]
    judged += [
        Judged(each.message.key, each.after.id, _label(each.after), _label(each.before))
        for each in changes
    ]
    fill(db, subscriptions, judged)


def _label(click: Click) -> Label:
    verdict = click.verdict
    return Label(click.counted.campaign_id, verdict.human, verdict.doubtful)
