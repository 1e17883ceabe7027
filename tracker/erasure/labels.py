"""Names, URLs and texts of campaigns and links, without a person.

Owns: which names, URLs and texts are the person's alone, and rewriting them in place.
Does not own: what gives a person away in them (`patterns`), or other rows (`rows`).

A row keeps its number, and with it all sums. One whose new name is taken gets a mark of its own, so
that sums of different rows never become one. Whose a campaign or link is, the sums tell: nobody
else's, where nobody but the person adds to them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from tracker.erasure.patterns import PersonPatterns
from tracker.sql.db import Db
from tracker.store import named_rows, queries
from tracker.store.chunks import Changeable, Pace, db_of
from tracker.store.reserved import NO_CAMPAIGN, PURGED

CHUNK_LABELS = 2000
"""Names that are rewritten in one transaction, at most."""
CHUNK_READ = 10_000
"""Links that are looked at at once."""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """How many links were rewritten, and what campaigns were called before and are called now."""

    links: int
    campaigns: dict[str, str]


_RECEIVED = """
    SELECT campaign_id, sum(CASE WHEN number != 0 AND (accepted = 1 OR clicks > 0 OR EXISTS (
        SELECT 1 FROM deliveries AS everyones WHERE everyones.sent_s = deliveries.sent_s
        AND everyones.message_id = deliveries.message_id AND everyones.number = 0
        AND (everyones.accepted = 1 OR everyones.clicks > 0)
    )) THEN 1 ELSE 0 END)
    FROM deliveries JOIN messages USING (sent_s, message_id)
    WHERE person_id IN (:values) GROUP BY campaign_id
"""
_RECIPIENTS = """
    SELECT campaign_id, deliveries + shared_recipients FROM counters
    WHERE day = 0 AND link_id = 0 AND campaign_id IN (:values)
"""
_CLICKED = """
    SELECT link_id, count(*) FROM deliveries
    CROSS JOIN clicks ON clicks.sent_s = deliveries.sent_s
        AND clicks.message_id = deliveries.message_id AND recipient = deliveries.number
    WHERE person_id IN (:values) AND deliveries.clicks > 0 GROUP BY link_id
"""
_CLICKS = """
    SELECT link_id, clicks_all FROM counters
    WHERE day = 0 AND campaign_id = 0 AND link_id IN (:values)
"""
_UNNAMED_SETS = """
    UPDATE link_sets SET hash = randomblob(16)
    WHERE id IN (SELECT link_set_id FROM link_set_links WHERE link_id IN (:values))
"""
_LINKS = "SELECT id, name, url, text FROM links WHERE id > ? ORDER BY id LIMIT ?"
_PUT_LABELS = "UPDATE links SET name = ?, url = ?, text = ? WHERE id = ?"
_CAMPAIGNS = "SELECT id, name FROM campaigns WHERE id NOT IN (?, ?)"
_LISTED = "SELECT link_id, 0 FROM campaign_links WHERE campaign_id IN (:values)"
_LISTING = "SELECT link_id, campaign_id FROM campaign_links WHERE link_id IN (:values)"


def clean(opened: Changeable, persons: Collection[int], patterns: PersonPatterns) -> Relabelled:
    """Rewrite what tells of these persons, before their rows go, in transactions of its own."""
    db = db_of(opened)
    campaigns = _campaigns_of_nobody_else(db, persons)
    links = _links_of_nobody_else(db, persons, campaigns)
    return Relabelled(
        _clean_links(opened, links, patterns),
        _clean_campaigns(opened, campaigns, patterns),
    )


def _campaigns_of_nobody_else(db: Db, persons: Collection[int]) -> set[int]:
    theirs = _summed(db, _RECEIVED, persons)
    everyones = _summed(db, _RECIPIENTS, theirs)
    return {row for row in theirs if everyones[row] <= theirs[row]} - {NO_CAMPAIGN, PURGED}


def _links_of_nobody_else(db: Db, persons: Collection[int], campaigns: Collection[int]) -> set[int]:
    theirs = _summed(db, _CLICKED, persons)
    theirs.update(_summed(db, _LISTED, campaigns))
    everyones = _summed(db, _CLICKS, theirs)
    elsewhere = {
        link
        for link, campaign in queries.rows_in(db, _LISTING, theirs)
        if campaign not in campaigns
    }
    return {row for row in theirs if everyones[row] <= theirs[row]} - elsewhere


def _summed(db: Db, sql: str, values: Iterable[int]) -> Counter[int]:
    """Add up the rows of a query that asks for some values at a time."""
    found: Counter[int] = Counter()
    for row, count in queries.rows_in(db, sql, values):
        found[row] += count
    return found


_Label = tuple[str | None, ...]
"""The name of a link, its URL and its text."""


def _clean_links(opened: Changeable, theirs: Collection[int], patterns: PersonPatterns) -> int:
    changed, pace = 0, Pace(CHUNK_LABELS)
    for found in _telling_links(opened, theirs, patterns):
        todo = found
        while todo:
            chunk, todo = todo[: pace.size], todo[pace.size :]
            with pace.writing(opened) as db:
                _relabel(db, chunk)
        changed += len(found)
    return changed


def _telling_links(
    opened: Changeable, theirs: Collection[int], patterns: PersonPatterns
) -> Iterator[list[tuple[int, _Label, _Label]]]:
    """Yield links that tell of the person: their rows, as they are, and without it."""
    after = 0
    while links := db_of(opened).execute(_LINKS, [after, CHUNK_READ]).fetchall():
        after = links[-1][0]
        clean = (
            (
                row,
                tuple(before),
                tuple(each and patterns.without(each, theirs=row in theirs) for each in before),
            )
            for row, *before in links
        )
        yield [each for each in clean if each[1] != each[2]]


def _relabel(db: Db, links: Iterable[tuple[int, _Label, _Label]]) -> None:
    renamed = []
    for row, before, after in links:
        name, *others = after
        if name != before[0]:
            name = _free(db, "links", name or "", row)
            renamed.append(row)
        db.execute(_PUT_LABELS, [name, *others, row])
    # Who knows the name could make the hash of the sets that it is in.
    queries.change_in(db, _UNNAMED_SETS, renamed)


def _clean_campaigns(
    opened: Changeable, theirs: Collection[int], patterns: PersonPatterns
) -> dict[str, str]:
    found = [
        (row, before, after)
        for row, before in db_of(opened).execute(_CAMPAIGNS, [NO_CAMPAIGN, PURGED]).fetchall()
        if (after := patterns.without(before, theirs=row in theirs)) != before
    ]
    todo, pace = found, Pace(CHUNK_LABELS)
    while todo:
        chunk, todo = todo[: pace.size], todo[pace.size :]
        with pace.writing(opened) as db:
            for row, _, after in chunk:
                free = _free(db, "campaigns", after, row)
                db.execute("UPDATE campaigns SET name = ? WHERE id = ?", [free, row])
    return {before: after for _, before, after in found}


def _free(db: Db, table: named_rows.Table, name: str, row: int) -> str:
    return f"{name}#{row}" if named_rows.find(db, table, [name]) else name
