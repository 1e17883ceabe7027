"""What each rule caught: how many clicks it gave points, and what they were judged to be.

Owns: the question, its query, and its figures.
Does not own: the rules (`tracker.judging.rules`), the sums that are asked (`tracker.counting.sums`), or
examples (`sample`).

A period selects clicks by the day on which their message was sent, as it does in all figures.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tracker.judging.rules import BY_NAME
from tracker.reports.log.filters import rules_of
from tracker.reports.period import Period
from tracker.sql.db import Db

_JUDGED = """
    SELECT human, doubtful, reasons, clicks FROM (
        SELECT verdict_id, sum(clicks) AS clicks FROM judged_days
        WHERE day BETWEEN :first AND :last GROUP BY verdict_id
    ) AS judged CROSS JOIN verdicts ON verdicts.id = verdict_id
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """How many clicks, and what they were judged to be: a person's may be doubtful."""

    clicks: int = 0
    human: int = 0
    doubtful: int = 0

    @property
    def machines(self) -> int:
        """Those of machines."""
        return self.clicks - self.human

    @property
    def machine_share(self) -> float | None:
        """Machines' clicks among all, 0 to 1; None where there are none."""
        return self.machines / self.clicks if self.clicks else None

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(
            self.clicks + other.clicks, self.human + other.human, self.doubtful + other.doubtful
        )


@dataclass(frozen=True, slots=True)
class Caught:
    """The clicks to which a rule gave points; `alone` are machines' to which no other did."""

    rule: str
    judged: Judged
    alone: int = 0

    @property
    def sees(self) -> str:
        """What the rule looks for, in words; empty for one that this version does not have."""
        return BY_NAME[self.rule].sees if self.rule in BY_NAME else ""


@dataclass(frozen=True, slots=True)
class ByRule:
    """All clicks of a period, and the rules that gave points, the one with the most machines first."""

    total: Judged
    rules: tuple[Caught, ...]


def by_rule(db: Db, period: Period) -> ByRule:
    """Return what each rule caught of the clicks on what was sent within a period."""
    total = Judged()
    judged: defaultdict[str, Judged] = defaultdict(Judged)
    alone: defaultdict[str, int] = defaultdict(int)
    for human, doubtful, reasons, clicks in db.execute(_JUDGED, period.days()):
        one = Judged(clicks, clicks * human, clicks * (human and doubtful))
        total += one
        rules = rules_of(reasons)
        for rule in rules:
            judged[rule] += one
            alone[rule] += one.machines if len(rules) == 1 else 0
    return ByRule(total, _sorted(judged, alone))


def _sorted(judged: Mapping[str, Judged], alone: Mapping[str, int]) -> tuple[Caught, ...]:
    found = [Caught(rule, each, alone[rule]) for rule, each in judged.items()]
    return tuple(sorted(found, key=lambda each: (-each.judged.machines, each.rule)))
