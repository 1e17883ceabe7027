"""The latest clicks of a period: by recipient domain, and examples of what each rule caught.

Owns: which clicks are looked at, and what is said of them.
Does not own: figures of all clicks by rule (`rules`), or figures of all mail by domain, which take as long
as there is mail (`tracker.reports.breakdown`).

Recipients' domains stand in no sum. So the clicks on what was sent last in a period are looked at, a bounded
number of them, and how many these were is part of the answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tracker.reports.breakdown import FEWEST, OTHER
from tracker.reports.clicks import CLICK, shown, told
from tracker.reports.figures import Json
from tracker.reports.log.filters import rules_of
from tracker.reports.machines.rules import Judged
from tracker.reports.period import Period
from tracker.sql.db import Db

LOOKED_AT = 10_000
"""Clicks: some 8 µs each."""
EXAMPLES = 2
"""Of each rule."""

_CLICKS = """
    SELECT latest.arrival, human, doubtful, reasons, person_id, coalesce(address, persons.name) AS address
    FROM (
        SELECT sent_s, message_id, recipient, arrival, verdict_id FROM clicks
        WHERE sent_s >= :since_s AND sent_s < :until_s
        ORDER BY sent_s DESC, message_id DESC, event_id DESC LIMIT :most
    ) AS latest
    CROSS JOIN verdicts ON verdicts.id = verdict_id
    LEFT JOIN deliveries ON deliveries.sent_s = latest.sent_s
        AND deliveries.message_id = latest.message_id AND deliveries.number = recipient
    LEFT JOIN persons ON persons.id = person_id
"""
_EXAMPLES = CLICK.format(
    """(SELECT arrival, sent_s, message_id FROM arrivals WHERE arrival IN (:arrivals)) AS wanted
    CROSS JOIN clicks ON clicks.sent_s = wanted.sent_s
        AND clicks.message_id = wanted.message_id AND clicks.arrival = wanted.arrival""",
    more="",
)


@dataclass(frozen=True, slots=True)
class OfDomain:
    """The clicks of recipients at a domain; `other` stands for domains of few persons, and none."""

    domain: str
    judged: Judged


@dataclass(slots=True)
class Sample:
    """How many clicks were looked at, and whether these were all; by domain, the most clicks first.

    `examples` are clicks as the log has them, by the rule that gave points.
    """

    looked_at: int = 0
    is_all: bool = True
    domains: tuple[OfDomain, ...] = ()
    examples: dict[str, list[Json]] = field(default_factory=dict)


@dataclass(slots=True)
class _Domain:
    judged: Judged = field(default_factory=Judged)
    persons: set[int] = field(default_factory=set)


def sample(db: Db, period: Period, *, examples: bool = True) -> Sample:
    """Return what the latest clicks of a period tell; `examples` are of single persons."""
    asked = {**period.values(), "most": LOOKED_AT}
    rows = db.execute(_CLICKS, asked).fetchall()
    domains: defaultdict[str, _Domain] = defaultdict(_Domain)
    picked: defaultdict[str, list[int]] = defaultdict(list)
    for arrival, human, doubtful, reasons, person, address in rows:
        found = domains[_domain(address)]
        found.judged += Judged(1, human, human and doubtful)
        if person is not None:
            found.persons.add(person)
        for rule in rules_of(reasons):
            if len(picked[rule]) < EXAMPLES:
                picked[rule].append(arrival)
    told_of = _examples(db, picked) if examples else {}
    return Sample(len(rows), len(rows) < LOOKED_AT, _domains(domains), told_of)


def _domain(address: str | None) -> str:
    return address.rpartition("@")[2].lower() if address and "@" in address else ""


def _domains(found: Mapping[str, _Domain]) -> tuple[OfDomain, ...]:
    """Put domains of few persons, which would tell of single people, into one."""
    named: defaultdict[str, Judged] = defaultdict(Judged)
    for domain, each in found.items():
        named[domain if domain and len(each.persons) >= FEWEST else OTHER] += each.judged
    rows = [OfDomain(domain, judged) for domain, judged in named.items()]
    return tuple(sorted(rows, key=lambda row: (-row.judged.clicks, row.domain)))


def _examples(db: Db, picked: Mapping[str, Iterable[int]]) -> dict[str, list[Json]]:
    wanted = sorted({arrival for arrivals in picked.values() for arrival in arrivals})
    rows = db.query(_EXAMPLES, {"arrivals": wanted, "campaign": 0})
    known = {row["cursor"]: shown(told(row)) for row in rows}
    return {
        rule: [known[each] for each in arrivals if each in known]
        for rule, arrivals in picked.items()
    }
