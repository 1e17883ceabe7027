"""Domains of a campaign's recipients: deliveries, clicks, and how many of these are a machine's.

Owns: this question, and how many messages are looked at for it.
Does not own: the same of a whole period, however long that takes (`tracker.reports.breakdown`).

Nothing is summed by domain, so deliveries are counted: those of the latest messages, as many as can be
looked at while somebody waits. Domains of fewer persons than `breakdown.FEWEST` are one, `other`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from tracker.reports.breakdown import FEWEST, OTHER
from tracker.reports.campaigns.listing import day_date
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

MOST_MESSAGES = 5_000
"""That are looked at, of this campaign or sent between its messages."""
MOST_DAYS = 200

_DAYS = """
    SELECT day FROM counters INDEXED BY counters_days
    WHERE link_id = 0 AND campaign_id = :campaign AND day BETWEEN :first AND :last AND messages > 0
    ORDER BY day DESC LIMIT :most
"""
_ON_DAY = """
    SELECT sent_s, message_id, campaign_id, link_set_id, shared FROM messages
    WHERE sent_s >= :since_s AND sent_s < :until_s ORDER BY sent_s DESC, message_id DESC LIMIT :most
"""
_DELIVERIES = f"""
    SELECT coalesce(address, persons.name), person_id, clicks, clicks_human
    FROM ({_ON_DAY}) AS latest CROSS JOIN deliveries ON deliveries.sent_s = latest.sent_s
        AND deliveries.message_id = latest.message_id
    LEFT JOIN persons ON persons.id = person_id
    WHERE campaign_id = :campaign AND shared = 0 AND number != 0
        AND (clicks > 0 OR (accepted = 1 AND link_set_id IS NOT NULL))
"""  # noqa: S608 - a constant
_HOW_MANY = f"SELECT count(*) FROM ({_ON_DAY}) AS latest"  # noqa: S608 - a constant


@dataclass(slots=True)
class Domain:
    """What went to one domain, or to all small ones, and was clicked there."""

    name: str
    deliveries: int = 0
    clicked: int = 0
    people: int = 0
    machines: int = 0
    persons: set[int | None] = field(default_factory=set)

    def add(self, person: int | None, clicks: int, human: int) -> None:
        """Count a delivery with its clicks."""
        self.deliveries += 1
        self.clicked += human > 0
        self.people += human
        self.machines += clicks - human
        self.persons.add(person)

    def merge(self, other: "Domain") -> None:
        """Count what another one has."""
        self.deliveries += other.deliveries
        self.clicked += other.clicked
        self.people += other.people
        self.machines += other.machines

    @property
    def machine_share(self) -> float | None:
        """Machines' clicks among all, 0 to 1; None where there are none."""
        clicks = self.people + self.machines
        return self.machines / clicks if clicks else None


@dataclass(frozen=True, slots=True)
class Domains:
    """Domains, those with the most deliveries first; `since` is the first day that was looked at.

    `is_all`: nothing of the period was left out.
    """

    rows: tuple[Domain, ...]
    since: date | None
    is_all: bool


def domains(db: Db, campaign: int, period: Period | None = None) -> Domains:
    """Return domains of a campaign's recipients, of a period or of all times."""
    days = _days(db, campaign, period or Period())
    found: dict[str, Domain] = {}
    left, since, is_all = MOST_MESSAGES, None, True
    for day in days:
        if left <= 0:
            is_all = False
            break
        since = day
        for address, person, clicks, human in _deliveries(db, campaign, day, left):
            name = _domain(address or "")
            found.setdefault(name, Domain(name)).add(person, clicks, human)
        left -= db.execute(_HOW_MANY, _asked(day, left + 1)).fetchone()[0]
    is_all = is_all and left >= 0 and len(days) < MOST_DAYS
    return Domains(tuple(_told(found)), day_date(since) if since else None, is_all)


def _domain(address: str) -> str:
    """Return the domain of an address; "" where there is none, as of who is known by an id alone."""
    return address.rpartition("@")[2].lower() if "@" in address else ""


def _days(db: Db, campaign: int, period: Period) -> list[int]:
    asked = {"campaign": campaign, "most": MOST_DAYS, **period.days()}
    return [day for (day,) in db.execute(_DAYS, asked)]


def _deliveries(
    db: Db, campaign: int, day: int, most: int
) -> Iterator[tuple[str | None, int | None, int, int]]:
    return iter(db.execute(_DELIVERIES, {"campaign": campaign, **_asked(day, most)}))


def _asked(day: int, most: int) -> dict[str, int]:
    since_s = 0 if day == 1 else day * DAY_S
    return {"since_s": since_s, "until_s": (day + 1) * DAY_S, "most": most}


def _told(found: dict[str, Domain]) -> list[Domain]:
    """Return the domains, the small ones as one."""
    other = Domain(OTHER)
    told: defaultdict[bool, list[Domain]] = defaultdict(list)
    for each in found.values():
        told[len(each.persons) < FEWEST or not each.name].append(each)
    for each in told[True]:
        other.merge(each)
    rows = told[False] + ([other] if told[True] else [])
    return sorted(rows, key=lambda each: (-each.deliveries, each.name))
