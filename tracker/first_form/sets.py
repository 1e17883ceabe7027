"""Who clicked, as sets of persons, made from the rows of the first form.

Owns: reading who clicked of a chunk, and adding them to the sets.
Does not own: the sets (`tracker.store.rows.clicked_by`), or what a chunk is (`copy`).

Sets of days are of the clicks there are; those of all days, as the first form had them, also of clicks that
were purged.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping

from pyroaring import BitMap

from tracker.sql.sqlite import SQLite
from tracker.store.reserved import DAY_S, Kind
from tracker.store.rows import clicked_by
from tracker.store.rows.clicked_by import ALL, PART, Persons, Place, Scope

_OF_DAYS = f"""
    SELECT link_id, campaign_id, max(1, sent_s / {DAY_S}) AS day, person_id,
        max(CASE WHEN NOT human THEN {Kind.MACHINE:d} WHEN doubtful THEN {Kind.DOUBTFUL:d}
            ELSE {Kind.CERTAIN:d} END)
    FROM clicked WHERE person_id IS NOT NULL GROUP BY link_id, campaign_id, day, person_id
"""  # noqa: S608 - constants
_OF_ALL_DAYS = f"""
    SELECT link_id, campaign_id, {ALL}, person_id,
        CASE WHEN clicks_human = 0 THEN {Kind.MACHINE:d}
            WHEN clicks_human = clicks_doubtful THEN {Kind.DOUBTFUL:d} ELSE {Kind.CERTAIN:d} END
    FROM first.clickers WHERE campaign_id > :after AND campaign_id <= :upto AND clicks_all > 0
"""  # noqa: S608 - constants

_Numbers = defaultdict[tuple[Scope, int, int], "array[int]"]
"""Persons by set, part and kind; in the better of two kinds as well."""


def _numbers() -> "array[int]":
    """Return no numbers yet, of which millions take few octets each."""
    return array("I")


def add_days(db: SQLite, _values: Mapping[str, int]) -> int:
    """Add who clicked in the messages of a chunk; their clicks are counted already, so return 0."""
    found: _Numbers = defaultdict(_numbers)
    for link, campaign, day, person, kind in db.execute(_OF_DAYS):
        part, number = divmod(person, PART)
        found[Scope(link, campaign, day), part, kind].append(number)
        found[Scope(ALL, campaign, day), part, kind].append(number)
        found[Scope(ALL, ALL, day), part, kind].append(number)
    _add(db, found)
    return 0


def add_all_days(db: SQLite, values: Mapping[str, int]) -> int:
    """Add who ever clicked in the campaigns of a chunk; return how many rows said so.

    Those of campaign and link 0, which are all of them, are sets as well.
    """
    found: _Numbers = defaultdict(_numbers)
    rows = 0
    for link, campaign, day, person, kind in db.execute(_OF_ALL_DAYS, dict(values)):
        rows += 1
        part, number = divmod(person, PART)
        found[Scope(link, campaign, day), part, kind].append(number)
    _add(db, found)
    return rows


def _add(db: SQLite, found: _Numbers) -> None:
    changed: dict[Place, Persons] = {}
    for scope, part in dict.fromkeys((scope, part) for scope, part, _ in found):
        persons = clicked_by.load(db, scope, part)
        persons.raise_by(_persons(found.get((scope, part, kind), ()) for kind in _KINDS))
        changed[scope, part] = persons
    clicked_by.save(db, changed)


_KINDS = (Kind.CERTAIN, Kind.DOUBTFUL, Kind.MACHINE)


def _persons(numbers: Iterable[Iterable[int]]) -> Persons:
    return Persons(*(BitMap(each) for each in numbers))
