"""Names, URLs and texts of campaigns and links, without a person.

Owns: which names, URLs and texts are the person's alone, and rewriting them in place.
Does not own: what gives a person away in them (`patterns`), or other rows (`rows`).

A row keeps its number, and with it all sums. One whose new name is taken gets a mark of its own, so
that sums of different rows never become one. Whose a campaign or link is, the sums tell: nobody
else's, where nobody but the person adds to them.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from tracker.erasure.patterns import PersonPatterns
from tracker.store import named_rows, queries
from tracker.store.reserved import NO_CAMPAIGN, PURGED


@dataclass(frozen=True, slots=True)
class Relabelled:
    """How many links were rewritten, and what campaigns were called before and are called now."""

    links: int
    campaigns: dict[str, str]


_RECEIVED = """
    SELECT campaign_id, sum(number != 0 AND (accepted OR clicks OR EXISTS (
        SELECT 1 FROM deliveries AS everyones WHERE everyones.message = deliveries.message
        AND everyones.number = 0 AND (everyones.accepted OR everyones.clicks)
    )))
    FROM deliveries JOIN messages ON messages.id = message
    WHERE person_id IN (:values) GROUP BY campaign_id
"""
_RECIPIENTS = """
    SELECT campaign_id, deliveries + shared_recipients FROM counters
    WHERE day = 0 AND link_id = 0 AND campaign_id IN (:values)
"""
_CLICKED = """
    SELECT link_id, sum(clicks_all) FROM clickers
    WHERE campaign_id = 0 AND link_id > 0 AND person_id IN (:values) GROUP BY link_id
"""
_CLICKS = """
    SELECT link_id, clicks_all FROM counters
    WHERE day = 0 AND campaign_id = 0 AND link_id IN (:values)
"""
_UNNAMED_SETS = """
    UPDATE link_sets SET hash = randomblob(16)
    WHERE id IN (SELECT link_set_id FROM link_set_links WHERE link_id IN (:values))
"""
_LISTED = "SELECT link_id, 0 FROM campaign_links WHERE campaign_id IN (:values)"
_LISTING = "SELECT link_id, campaign_id FROM campaign_links WHERE link_id IN (:values)"


def clean(db: Database, persons: Collection[int], patterns: PersonPatterns) -> Relabelled:
    """Rewrite what tells of these persons, in the caller's transaction, before their rows go."""
    campaigns = _campaigns_of_nobody_else(db, persons)
    links = _links_of_nobody_else(db, persons, campaigns)
    return Relabelled(
        _clean_links(db, links, patterns),
        _clean_campaigns(db, campaigns, patterns),
    )


def _campaigns_of_nobody_else(db: Database, persons: Collection[int]) -> set[int]:
    theirs = _summed(db, _RECEIVED, persons)
    everyones = _summed(db, _RECIPIENTS, theirs)
    return {row for row in theirs if everyones[row] <= theirs[row]} - {NO_CAMPAIGN, PURGED}


def _links_of_nobody_else(
    db: Database, persons: Collection[int], campaigns: Collection[int]
) -> set[int]:
    theirs = _summed(db, _CLICKED, persons)
    theirs.update(_summed(db, _LISTED, campaigns))
    everyones = _summed(db, _CLICKS, theirs)
    elsewhere = {
        link
        for link, campaign in queries.rows_in(db, _LISTING, theirs)
        if campaign not in campaigns
    }
    return {row for row in theirs if everyones[row] <= theirs[row]} - elsewhere


def _summed(db: Database, sql: str, values: Iterable[int]) -> Counter[int]:
    """Add up the rows of a query that asks for some values at a time."""
    found: Counter[int] = Counter()
    for row, count in queries.rows_in(db, sql, values):
        found[row] += count
    return found


def _clean_links(db: Database, theirs: Collection[int], patterns: PersonPatterns) -> int:
    changed, renamed = 0, []
    for row, *before in db.execute("SELECT id, name, url, text FROM links").fetchall():
        after = [each and patterns.without(each, theirs=row in theirs) for each in before]
        if after == before:
            continue
        if after[0] != before[0]:
            after[0] = _free(db, "links", after[0], row)
            renamed.append(row)
        db.execute("UPDATE links SET name = ?, url = ?, text = ? WHERE id = ?", [*after, row])
        changed += 1
    # Who knows the name could make the hash of the sets that it is in.
    queries.change_in(db, _UNNAMED_SETS, renamed)
    return changed


def _clean_campaigns(
    db: Database, theirs: Collection[int], patterns: PersonPatterns
) -> dict[str, str]:
    changed = {}
    sql = "SELECT id, name FROM campaigns WHERE id NOT IN (?, ?)"
    for row, before in db.execute(sql, [NO_CAMPAIGN, PURGED]).fetchall():
        after = patterns.without(before, theirs=row in theirs)
        if after != before:
            changed[before] = after
            free = _free(db, "campaigns", after, row)
            db.execute("UPDATE campaigns SET name = ? WHERE id = ?", [free, row])
    return changed


def _free(db: Database, table: named_rows.Table, name: str, row: int) -> str:
    return f"{name}#{row}" if named_rows.find(db, table, [name]) else name
