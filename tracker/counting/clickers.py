"""Who enters the sets of those who clicked, who leaves them, and by how much unique clickers change.

Owns: applying collected changes to `clicked_by`, once the rows of clicks are written.
Does not own: the sets and their rows (`tracker.store.rows.clicked_by`), or the sums (`sums`).

Whoever makes a click is in its sets at once. Where a click is withdrawn, or judged otherwise, the person's
clicks in messages of that day say what is left; in the sets of all days is who is in one of a day. What
was purged stays counted, so nobody leaves a set of a day that was purged, even in part.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from tracker.counting.model import Clicker, Sums
from tracker.retention.retention import purged_before_s
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S, Kind
from tracker.store.rows import clicked_by
from tracker.store.rows.clicked_by import ALL, Counts, Persons, Place, Scope, ScopeKey

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
    SELECT link_id, campaign_id, day, certain, doubtful, machines FROM clicked_by
    WHERE link_id = :link AND campaign_id = :campaign AND day > 0 AND part = :part
    ORDER BY day DESC
"""
_DAYS_OF_LINK = """
    SELECT link_id, campaign_id, day, certain, doubtful, machines FROM clicked_by
    WHERE link_id = :link AND campaign_id > 0 AND day > 0 AND part = :part
"""


def apply(db: Db, sums: Sums) -> Mapping[tuple[int, int], Counts]:
    """Apply changes of who clicked, within the open transaction.

    Return by how many persons the sums of all days changed, by campaign and link.
    """
    sets = _Sets(db)
    entering = _entering(sums.clickers)
    while entering:
        entering = _over_more(sets.enter(entering))
    if sums.withdrawn:
        _lower(sets, sums.withdrawn)
    clicked_by.save(db, sets.changed())
    return sets.differences()


def _entering(clickers: Mapping[Clicker, Kind]) -> dict[Place, Persons]:
    """Return who is to be in which set of a link of a campaign and day, at least by which kind."""
    found: defaultdict[Place, dict[int, Kind]] = defaultdict(dict)
    for (day, campaign, link, person), kind in clickers.items():
        part, number = divmod(person, clicked_by.PART)
        found[(link, campaign, day), part][number] = kind
    return {place: Persons.of(kinds) for place, kinds in found.items()}


def _over_more(raised: Mapping[Place, Persons]) -> dict[Place, Persons]:
    """Return who is to be in sets over more, as they were raised in some.

    Whoever is in a set is in all that are over more already, by the same kind or a better one.
    """
    found: dict[Place, Persons] = {}
    for (scope, part), persons in raised.items():
        for wider in _wider(scope):
            found.setdefault((wider, part), Persons()).raise_by(persons)
    return found


def _wider(scope: ScopeKey) -> tuple[ScopeKey, ...]:
    """Return the next sets that are over more; each of all is reached on one way from those of a link and day."""
    link, campaign, day = scope
    if link and day:
        return (link, campaign, ALL), (ALL, campaign, day)
    if link and campaign:
        return ((link, ALL, ALL),)
    if campaign and day:
        return (ALL, campaign, ALL), (ALL, ALL, day)
    return ((ALL, ALL, ALL),) if day else ()


def _of_day(clicker: Clicker) -> tuple[Scope, ...]:
    day, campaign, link, _ = clicker
    return Scope(link, campaign, day), Scope(ALL, campaign, day), Scope(ALL, ALL, day)


def _over_days(scope: ScopeKey) -> tuple[ScopeKey, ...]:
    """Return the sets of all days in which is who is in a set of one."""
    link, campaign, _ = scope
    of_campaign = link, campaign, ALL
    return (of_campaign, (link, ALL, ALL)) if link else (of_campaign,)


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

    def enter(self, entering: Mapping[Place, Persons]) -> dict[Place, Persons]:
        """Have persons in sets, by their kinds or by better ones; return who was not, by set."""
        self.known |= clicked_by.load_all(self.db, entering)
        raised = {}
        for place, persons in entering.items():
            known = self.known.get(place)
            if known is None:
                known = self.known[place] = Persons()
            before = known.counts()
            if raised_here := known.raise_to(persons):
                raised[place] = raised_here
                self._changed(place, known, before)
        return raised

    def put(self, place: Place, number: int, kind: Kind) -> None:
        """Have a person in a set that is known by this kind."""
        known = self.known[place]
        before = known.counts()
        known.put(number, kind)
        self._changed(place, known, before)

    def of_single_days(self, place: Place) -> Iterator[Persons]:
        """Yield the sets of single days whose persons are those of a set of all days: first the latest rows."""
        (link, campaign, _), part = place
        sql = _DAYS_OF_LINK if link and not campaign else _DAYS
        values = {"link": link, "campaign": campaign, "part": part}
        read = set()
        for *scope, certain, doubtful, machines in self.db.execute(sql, values):
            of_day = Scope(*scope), part
            read.add(of_day)
            known = self.known.get(of_day)
            yield Persons.read((certain, doubtful, machines)) if known is None else known
        for (scope, its_part), persons in self.known.items():
            new = its_part == part and (scope, part) not in read
            if new and scope[2] and place[0] in _over_days(scope):
                yield persons

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


def _lower(sets: _Sets, withdrawn: Iterable[Clicker]) -> None:
    """Have in sets by what is left those of whom a click was withdrawn."""
    purged_s = purged_before_s(sets.db)
    left: dict[tuple[int, int], Mapping[tuple[int, int], Kind]] = {}
    lowered: defaultdict[Place, set[int]] = defaultdict(set)
    for clicker in withdrawn:
        day, _, _, person = clicker
        if day * DAY_S < purged_s:
            continue
        if (person, day) not in left:
            left[person, day] = _left(sets.db, person, day)
        part, number = divmod(person, clicked_by.PART)
        for scope in _of_day(clicker):
            kind = left[person, day].get((scope.campaign_id, scope.link_id), Kind.NOBODY)
            if sets.at((scope, part)).kind(number) > kind:
                sets.put((scope, part), number, kind)
                for wider in _over_days(scope):
                    lowered[wider, part].add(number)
    for place, numbers in lowered.items():
        _lower_to_days(sets, place, numbers)


def _left(db: Db, person: int, day: int) -> Mapping[tuple[int, int], Kind]:
    """Return the best of a person's clicks on what was sent on a day, by campaign and link."""
    values = {"person": person, "since_s": day * DAY_S, "until_s": (day + 1) * DAY_S}
    best: defaultdict[tuple[int, int], Kind] = defaultdict(lambda: Kind.NOBODY)
    for campaign, link, human, doubtful in db.execute(_LEFT, values):
        kind = Kind.of(human=bool(human), doubtful=bool(doubtful))
        for key in ((campaign, link), (campaign, ALL), (ALL, ALL)):
            best[key] = max(best[key], kind)
    return best


def _lower_to_days(sets: _Sets, place: Place, numbers: Iterable[int]) -> None:
    """Have persons in a set of all days by the best that sets of single days have."""
    known = sets.at(place)
    open_ = {number: known.kind(number) for number in numbers}
    for number, kind in _best(sets.of_single_days(place), open_).items():
        if kind < open_[number]:
            sets.put(place, number, kind)


def _best(days: Iterable[Persons], known: Mapping[int, Kind]) -> dict[int, Kind]:
    """Return the best kinds by which persons are in sets of single days; none is better than `known`."""
    best = dict.fromkeys(known, Kind.NOBODY)
    missing = set(known)
    for persons in days:
        for number in tuple(missing):
            best[number] = max(best[number], persons.kind(number))
            if best[number] >= known[number]:
                missing.discard(number)
        if not missing:
            break
    return best
