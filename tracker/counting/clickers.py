"""Who enters the sets of those who clicked, who leaves them, and by how much unique clickers change.

Owns: applying collected changes to `clicked_by`, once the rows of clicks are written.
Does not own: the sets and their rows (`tracker.store.clicked_by`), or the sums (`sums`).

Whoever makes a click is in its sets at once. Where a click is withdrawn, or judged otherwise, the person's
clicks in messages of that day say what is left; in the sets of all days is who is in one of a day. What
was purged stays counted, so nobody leaves a set of a day that was purged, even in part.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from tracker.counting.model import Clicker, Sums
from tracker.retention.retention import purged_before_s
from tracker.sql.db import Db
from tracker.store import clicked_by
from tracker.store.clicked_by import ALL, Counts, Persons, Place, Scope, ScopeKey
from tracker.store.reserved import DAY_S, Kind

Kinds = dict[int, Kind]
"""Persons of a part, and the best of their clicks."""

_LEFT = """
    SELECT campaign_id, link_id, human, doubtful FROM deliveries
    CROSS JOIN messages ON messages.sent_s = deliveries.sent_s
        AND messages.message_id = deliveries.message_id
    CROSS JOIN clicks ON clicks.sent_s = deliveries.sent_s
        AND clicks.message_id = deliveries.message_id AND recipient = deliveries.number
    CROSS JOIN verdicts ON verdicts.id = verdict_id
    WHERE person_id = :person AND deliveries.sent_s >= :since_s AND deliveries.sent_s < :until_s
        AND deliveries.clicks > 0 AND shared = 0
"""
"""The clicks of a person on what was sent on one day."""
_DAYS = """
    SELECT certain, doubtful, machines FROM clicked_by
    WHERE link_id = :link AND campaign_id = :campaign AND day > 0 AND part = :part
    ORDER BY day DESC
"""
_DAYS_OF_LINK = """
    SELECT certain, doubtful, machines FROM clicked_by
    WHERE link_id = :link AND campaign_id > 0 AND day > 0 AND part = :part
"""


def apply(db: Db, sums: Sums) -> Mapping[tuple[int, int], Counts]:
    """Apply changes of who clicked, within the open transaction.

    Return by how many persons the sums of all days changed, by campaign and link.
    """
    sets = _Sets(db)
    sets.enter(_entering(sums.clickers))
    if sums.withdrawn:
        _lower(db, sets, sums.withdrawn)
    clicked_by.save(db, sets.changed())
    return sets.differences()


def _entering(clickers: Mapping[Clicker, Kind]) -> dict[Place, Kinds]:
    """Return who is to be in which set, at least by which kind."""
    found: dict[Place, Kinds] = {}
    for (day, campaign, link, person), kind in clickers.items():
        part, number = divmod(person, clicked_by.PART)
        found.setdefault(((link, campaign, day), part), {})[number] = kind
    of_links, of_campaigns = dict(found), _rolled_up(found, _over_links)
    all_days = _rolled_up(of_links, _over_days)
    found |= all_days | _rolled_up(all_days, _over_campaigns)
    days = of_campaigns | _rolled_up(of_campaigns, _over_campaigns)
    return found | days | _rolled_up(days, _over_days)


def _over_links(scope: ScopeKey) -> ScopeKey:
    return ALL, scope[1], scope[2]


def _over_campaigns(scope: ScopeKey) -> ScopeKey:
    return scope[0], ALL, scope[2]


def _over_days(scope: ScopeKey) -> ScopeKey:
    return scope[0], scope[1], ALL


def _rolled_up(
    sets: Mapping[Place, Kinds], wider: Callable[[ScopeKey], ScopeKey]
) -> dict[Place, Kinds]:
    """Return what sets are in those that are over more."""
    found: dict[Place, Kinds] = {}
    for (scope, part), persons in sets.items():
        place = wider(scope), part
        into = found.get(place)
        if into is None:
            found[place] = dict(persons)
            continue
        for number, kind in persons.items():
            known = into.get(number)
            if known is None or known < kind:
                into[number] = kind
    return found


def _of_day(clicker: Clicker) -> tuple[Scope, ...]:
    day, campaign, link, _ = clicker
    return Scope(link, campaign, day), Scope(ALL, campaign, day), Scope(ALL, ALL, day)


def _of_all_days(campaign: int, link: int) -> tuple[Scope, ...]:
    return (
        Scope(link, campaign, ALL),
        Scope(link, ALL, ALL),
        Scope(ALL, campaign, ALL),
        Scope(ALL, ALL, ALL),
    )


@dataclass(slots=True)
class _Sets:
    """The parts of sets that a transaction touches, and by how much those of all days changed."""

    db: Db
    known: dict[Place, Persons] = field(default_factory=dict)
    touched: set[Place] = field(default_factory=set)
    more: defaultdict[tuple[int, int], Counts] = field(default_factory=partial(defaultdict, Counts))

    def at(self, place: Place) -> Persons:
        """Return a part of a set."""
        found = self.known.get(place)
        if found is None:
            found = self.known[place] = clicked_by.load(self.db, *place)
        return found

    def enter(self, entering: Mapping[Place, Kinds]) -> None:
        """Have persons in sets, by these kinds or by better ones."""
        self.known |= clicked_by.load_all(self.db, entering)
        for place, kinds in entering.items():
            known = self.known.get(place)
            if known is None:
                self.known[place] = known = Persons.of(kinds)
                self._changed(place, known, Counts())
                continue
            before = known.counts()
            if known.raise_to(kinds):
                self._changed(place, known, before)

    def put(self, place: Place, number: int, kind: Kind) -> None:
        """Have a person in a set that is known by this kind."""
        known = self.known[place]
        before = known.counts()
        known.put(number, kind)
        self._changed(place, known, before)

    def _changed(self, place: Place, now: Persons, before: Counts) -> None:
        """Note that a part of a set is another now, and how many were in it before."""
        self.touched.add(place)
        (link, campaign, day), _ = place
        if day == ALL:
            self.more[campaign, link] = self.more[campaign, link].plus(now.counts().less(before))

    def changed(self) -> dict[Place, Persons]:
        """Return the parts that are to be written."""
        return {place: self.known[place] for place in self.touched}

    def differences(self) -> dict[tuple[int, int], Counts]:
        """Return by how many persons the sets of all days changed, by campaign and link."""
        return self.more


def _lower(db: Db, sets: _Sets, withdrawn: Iterable[Clicker]) -> None:
    """Have in sets by what is left those of whom a click was withdrawn."""
    purged_s = purged_before_s(db)
    left: dict[tuple[int, int], Mapping[tuple[int, int], Kind]] = {}
    lowered: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for clicker in withdrawn:
        day, campaign, link, person = clicker
        if day * DAY_S < purged_s:
            continue
        if (person, day) not in left:
            left[person, day] = _left(db, person, day)
        for scope in _of_day(clicker):
            kind = left[person, day].get((scope.campaign_id, scope.link_id), Kind.NOBODY)
            part, number = divmod(person, clicked_by.PART)
            if sets.at((scope, part)).kind(number) > kind:
                sets.put((scope, part), number, kind)
                lowered[campaign, link].add(person)
    _lower_in_all_days(db, sets, lowered)


def _left(db: Db, person: int, day: int) -> Mapping[tuple[int, int], Kind]:
    """Return the best of a person's clicks on what was sent on a day, by campaign and link."""
    values = {"person": person, "since_s": day * DAY_S, "until_s": (day + 1) * DAY_S}
    best: defaultdict[tuple[int, int], Kind] = defaultdict(lambda: Kind.NOBODY)
    for campaign, link, human, doubtful in db.execute(_LEFT, values):
        kind = Kind.of(human=bool(human), doubtful=bool(doubtful))
        for key in ((campaign, link), (campaign, ALL), (ALL, ALL)):
            best[key] = max(best[key], kind)
    return best


def _lower_in_all_days(db: Db, sets: _Sets, lowered: Mapping[tuple[int, int], set[int]]) -> None:
    """Have persons in the sets of all days by the best that sets of single days have."""
    wanted: defaultdict[Place, set[int]] = defaultdict(set)
    for (campaign, link), persons in lowered.items():
        for scope in _of_all_days(campaign, link):
            for person in persons:
                part, number = divmod(person, clicked_by.PART)
                wanted[scope, part].add(number)
    clicked_by.save(db, sets.changed())  # which are asked now
    for place, numbers in wanted.items():
        known = sets.at(place)
        open_ = {number: known.kind(number) for number in numbers}
        for number, kind in _best(db, place, open_).items():
            if kind < open_[number]:
                sets.put(place, number, kind)


def _best(db: Db, place: Place, known: Mapping[int, Kind]) -> dict[int, Kind]:
    """Return the best kinds by which persons are in sets of single days; none is better than `known`."""
    best = dict.fromkeys(known, Kind.NOBODY)
    missing = set(known)
    for persons in _days(db, place):
        for number in tuple(missing):
            best[number] = max(best[number], persons.kind(number))
            if best[number] >= known[number]:
                missing.discard(number)
        if not missing:
            break
    return best


def _days(db: Db, place: Place) -> Iterator[Persons]:
    (link, campaign, _), part = place
    sql = _DAYS_OF_LINK if link and not campaign else _DAYS
    values = {"link": link, "campaign": campaign, "part": part}
    return (Persons.read(row) for row in db.execute(sql, values))
