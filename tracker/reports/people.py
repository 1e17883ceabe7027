"""How many people clicked, each once: of a period, by campaign or link.

Owns: which sets of persons are united for which question.
Does not own: the sets (`tracker.store.rows.clicked_by`), or sums (`period`, `summary`).

A set is of one day of sending; those of a period are united part by part, so that who clicked on many
days is one person, and 90 days take some milliseconds.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from tracker.sql.db import Db
from tracker.store.rows.clicked_by import Counts, Persons, united

_BY_CAMPAIGN = """
    SELECT campaign_id, part, certain, doubtful, machines
    FROM clicked_by
    WHERE link_id = 0 AND campaign_id IN (:ids) AND day BETWEEN :first AND :last
"""
_BY_LINK = """
    SELECT link_id, part, certain, doubtful, machines FROM clicked_by
    WHERE link_id IN (:ids) AND campaign_id = :campaign AND day BETWEEN :first AND :last
"""
_BY_LINK_OF_ALL = """
    SELECT clicked_by.link_id, part, certain, doubtful, machines
    FROM counters INDEXED BY counters_link CROSS JOIN clicked_by
        ON clicked_by.link_id = counters.link_id AND clicked_by.campaign_id = counters.campaign_id
        AND clicked_by.day BETWEEN :first AND :last
    WHERE counters.link_id IN (:ids) AND counters.link_id > 0
        AND counters.day = 0 AND counters.campaign_id > 0
"""
"""A link has no sets of single days over all campaigns: those of its campaigns are united."""


def by_campaign(db: Db, campaigns: Collection[int], days: Mapping[str, int]) -> dict[int, Counts]:
    """Return how many clicked in messages of each of these campaigns (0: all of them together)."""
    return _counts(db, _BY_CAMPAIGN, {"ids": list(campaigns), **days})


def by_link(
    db: Db, links: Collection[int], campaign: int, days: Mapping[str, int]
) -> dict[int, Counts]:
    """Return how many clicked each of these links, in messages of a campaign (0: all)."""
    sql = _BY_LINK if campaign else _BY_LINK_OF_ALL
    return _counts(db, sql, {"ids": list(links), "campaign": campaign, **days})


def _counts(db: Db, sql: str, values: Mapping[str, object]) -> dict[int, Counts]:
    """Unite the sets of each key, part by part."""
    rows: defaultdict[tuple[int, int], list[Persons]] = defaultdict(list)
    for key, part, *columns in db.execute(sql, dict(values)):
        rows[key, part].append(Persons.read(columns))
    found: defaultdict[int, Counts] = defaultdict(Counts)
    for (key, _), persons in rows.items():
        found[key] = found[key].plus(united(persons).counts())
    return dict(found)
