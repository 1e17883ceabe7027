"""The sums of the store, changed in the transaction that changes what they are sums of.

Owns: applying collected changes to `counters`, `cohorts`, `hours` and `judged_days`.
Does not own: what adds to which sum (`model`), or who clicked (`clickers`).
"""

from collections.abc import Iterator, Mapping

from tracker.counting import clickers
from tracker.counting.model import ClickSum, ClickSums, MessageSum, ScopeKey, Sums
from tracker.judging.judge import Verdict
from tracker.sql.db import Db
from tracker.store.rows import named_rows
from tracker.store.rows.clicked_by import Counts

_COUNT_CLICKS = """
    INSERT INTO counters (day, campaign_id, link_id,
        clicks_human, clicks_doubtful, clicks_all, clicks_shared)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (day, campaign_id, link_id) DO UPDATE SET
        clicks_human = counters.clicks_human + excluded.clicks_human,
        clicks_doubtful = counters.clicks_doubtful + excluded.clicks_doubtful,
        clicks_all = counters.clicks_all + excluded.clicks_all,
        clicks_shared = counters.clicks_shared + excluded.clicks_shared
"""
_COUNT_BY_SENDING = _COUNT_CLICKS.replace("counters", "cohorts")
_COUNT_HOURS = """
    INSERT INTO hours (hour, campaign_id, clicks_human, clicks_doubtful, clicks_all)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (hour, campaign_id) DO UPDATE SET
        clicks_human = hours.clicks_human + excluded.clicks_human,
        clicks_doubtful = hours.clicks_doubtful + excluded.clicks_doubtful,
        clicks_all = hours.clicks_all + excluded.clicks_all
"""
_COUNT_JUDGED = """
    INSERT INTO judged_days (day, verdict_id, clicks) VALUES (?, ?, ?)
    ON CONFLICT (day, verdict_id) DO UPDATE SET clicks = judged_days.clicks + excluded.clicks
"""
_COUNT_UNIQUES = """
    INSERT INTO counters (day, campaign_id, link_id, unique_human, unique_doubtful, unique_all)
    VALUES (0, :campaign_id, :link_id, :human, :doubtful, :all)
    ON CONFLICT (day, campaign_id, link_id) DO UPDATE SET
        unique_human = counters.unique_human + excluded.unique_human,
        unique_doubtful = counters.unique_doubtful + excluded.unique_doubtful,
        unique_all = counters.unique_all + excluded.unique_all
"""
_DROP_BY_SENDING = """
    DELETE FROM cohorts WHERE day = ? AND campaign_id = ? AND link_id = ? AND clicks_all = 0
"""
_DROP_HOURS = "DELETE FROM hours WHERE hour = ? AND campaign_id = ? AND clicks_all = 0"
_DROP_JUDGED = "DELETE FROM judged_days WHERE day = ? AND verdict_id = ? AND clicks = 0"
_COUNT_MESSAGES = """
    INSERT INTO counters (day, campaign_id, link_id,
        messages, deliveries, clicked, shared_messages, shared_recipients)
    VALUES (:day, :campaign_id, :link_id,
        :messages, :deliveries, :clicked, :shared_messages, :shared_recipients)
    ON CONFLICT (day, campaign_id, link_id) DO UPDATE SET
        messages = counters.messages + excluded.messages,
        deliveries = counters.deliveries + excluded.deliveries,
        clicked = counters.clicked + excluded.clicked,
        shared_messages = counters.shared_messages + excluded.shared_messages,
        shared_recipients = counters.shared_recipients + excluded.shared_recipients
"""


def apply(db: Db, sums: Sums) -> None:
    """Apply changes of sums, within the transaction that is open, once the rows are written."""
    clicks = sums.click_sums()
    db.executemany(_COUNT_CLICKS, list(_click_rows(clicks.made)))
    db.executemany(_COUNT_BY_SENDING, list(_click_rows(clicks.sent)))
    db.executemany(_COUNT_HOURS, list(_hour_rows(clicks.hours)))
    _count_judged(db, sums.judged)
    uniques = clickers.apply(db, sums)
    db.executemany(_COUNT_UNIQUES, list(_unique_rows(uniques)))
    db.executemany(_COUNT_MESSAGES, list(_message_rows(sums)))
    _drop_empty(db, clicks)


def _click_rows(sums: Mapping[ScopeKey, ClickSum]) -> Iterator[tuple[int, ...]]:
    """Yield the rows of sums of clicks that change."""
    for scope, count in sums.items():
        if count.human or count.doubtful or count.total or count.shared:
            yield (*scope, count.human, count.doubtful, count.total, count.shared)


def _hour_rows(hours: Mapping[tuple[int, int], ClickSum]) -> Iterator[tuple[int, ...]]:
    for hour, count in hours.items():
        if count.human or count.doubtful or count.total:
            yield (*hour, count.human, count.doubtful, count.total)


def _count_judged(db: Db, judged: Mapping[tuple[int, Verdict], int]) -> None:
    """Count clicks by what they were judged to be; sums of nothing go."""
    changed = {key: count for key, count in judged.items() if count}
    rows = named_rows.verdict_ids(db, {verdict for _, verdict in changed})
    keyed = [(day, rows[verdict], count) for (day, verdict), count in changed.items()]
    db.executemany(_COUNT_JUDGED, keyed)
    db.executemany(_DROP_JUDGED, [row[:2] for row in keyed if row[2] < 0])


def _unique_rows(uniques: Mapping[tuple[int, int], Counts]) -> Iterator[dict[str, int]]:
    for (campaign_id, link_id), count in uniques.items():
        if any(count):
            yield {"campaign_id": campaign_id, "link_id": link_id, **count._asdict()}


def _drop_empty(db: Db, clicks: ClickSums) -> None:
    """Delete sums by the day of sending, and hours, of which all clicks were withdrawn.

    Those of `counters` stay, as a link is listed by them (`tracker.retention.unused_links`).
    """
    sent = [scope for scope, count in clicks.sent.items() if count.total < 0]
    hours = [hour for hour, count in clicks.hours.items() if count.total < 0]
    db.executemany(_DROP_BY_SENDING, sent)
    db.executemany(_DROP_HOURS, hours)


def _message_rows(sums: Sums) -> Iterator[dict[str, int]]:
    """Yield the rows of sums of messages that change."""
    for scope, count in sums.messages.items():
        if count != MessageSum():
            yield {
                "day": scope.day,
                "campaign_id": scope.campaign_id,
                "link_id": scope.link_id,
                "messages": count.messages,
                "deliveries": count.deliveries,
                "clicked": count.clicked,
                "shared_messages": count.shared_messages,
                "shared_recipients": count.shared_recipients,
            }
