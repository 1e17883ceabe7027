"""Names, URLs and texts of campaigns and links, without a person.

Owns: which names, URLs and texts are the person's alone, and rewriting them in place.
Does not own: what gives a person away in them (`patterns`), or other rows (`rows`).

A row keeps its number, and with it all sums. One whose new name is taken gets a mark of its own, so
that sums of different rows never become one. Whose a campaign or link is, the sums tell: nobody
else's, where nobody but the person adds to them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tracker.erasure.patterns import PersonPatterns
from tracker.sql.db import Db
from tracker.store import queries
from tracker.store.chunks import Changeable, Pace, db_of, writing
from tracker.store.reserved import NO_CAMPAIGN, PURGED
from tracker.store.rows import named_rows

CHUNK_LABELS = 2000
"""Links that are rewritten in one transaction, at most."""
CHUNK_READ = 10_000
"""Links that are looked at at once."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """Campaigns and links that nobody but a person adds to, by their rows."""

    campaigns: Collection[int]
    links: Collection[int]


Renamed = Callable[[Db, Mapping[str, str]], None]
"""Called with what campaigns were called before and are called now, in the transaction that renames them."""


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
_PUT_NAME = "UPDATE campaigns SET name = ? WHERE id = ?"
_LISTED = "SELECT link_id, 0 FROM campaign_links WHERE campaign_id IN (:values)"
_LISTING = "SELECT link_id, campaign_id FROM campaign_links WHERE link_id IN (:values)"


def of_nobody_else(db: Db, persons: Collection[int]) -> Theirs:
    """Return what is these persons' alone, before anything of theirs goes."""
    campaigns = _campaigns_of_nobody_else(db, persons)
    return Theirs(campaigns, _links_of_nobody_else(db, persons, campaigns))


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


def clean_links(opened: Changeable, theirs: Theirs, patterns: PersonPatterns) -> int:
    """Rewrite what tells of these persons in links, in transactions of its own; return how many were."""
    changed, pace = 0, Pace(CHUNK_LABELS)
    for found in _telling_links(opened, theirs.links, patterns):
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
            name = _free(db, name or "", row)
            renamed.append(row)
        db.execute(_PUT_LABELS, [name, *others, row])
    # Who knows the name could make the hash of the sets that it is in.
    queries.change_in(db, _UNNAMED_SETS, renamed)


def clean_campaigns(
    opened: Changeable, theirs: Theirs, patterns: PersonPatterns, renamed: Renamed
) -> dict[str, str]:
    """Rename campaigns that tell of these persons; return what they were called before and are called now.

    All at once: mail of one that has its new name already may be counted as soon as others hear of it.
    """
    found = [
        (row, before, after)
        for row, before in db_of(opened).execute(_CAMPAIGNS, [NO_CAMPAIGN, PURGED]).fetchall()
        if (after := patterns.without(before, theirs=row in theirs.campaigns)) != before
    ]
    if not found:
        return {}
    with writing(opened) as db:
        names = _free_names(db, {row: after for row, _, after in found})
        now = {before: names[row] for row, before, _ in found}
        db.executemany(_PUT_NAME, [(name, row) for row, name in names.items()])
        renamed(db, now)
    return now


def _free_names(db: Db, wanted: Mapping[int, str]) -> dict[int, str]:
    """Return names of campaigns, by their rows, each of which nothing else has."""
    taken = set(named_rows.find(db, "campaigns", wanted.values()))
    names = {}
    for row, name in wanted.items():
        names[row] = f"{name}#{row}" if name in taken else name
        taken.add(name)
    return names


def _free(db: Db, name: str, row: int) -> str:
    return f"{name}#{row}" if named_rows.find(db, "links", [name]) else name
