"""A report's figures broken down: by link, group, day, hour, sender or domain of recipients.

Owns: these questions, their columns, and their queries.
Does not own: the report (`summary`), or how an answer is printed (`tracker.cli.printing`).

Days and hours go by when a click was made, in UTC. All else is of what was sent within a period, with
all clicks on it. Domains of fewer than FEWEST persons are one, `other`: they would tell of single people.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from sqlite_utils import Database

from tracker.reports import names, summary
from tracker.reports.figures import Json
from tracker.reports.period import Period
from tracker.urls.naming import is_url

By = Literal["link", "group", "day", "hour", "sender", "recipient-domain"]
BY: tuple[By, ...] = get_args(By)
FEWEST = 5
OTHER = "other"
HOUR_S = 3600

_CLICKS = (
    *("clicks_human", "clicks_doubtful", "clicks_all"),
    *("unique_clickers_human", "unique_clickers_doubtful", "unique_clickers_all"),
)
_MADE = ("clicks_human", "clicks_doubtful", "clicks_all")
_SENT = ("deliveries", "clicked_deliveries", "click_rate", "clicks_human", "clicks_all")
COLUMNS: Mapping[By, tuple[str, ...]] = {
    "link": ("link", "url", "text", *_CLICKS),
    "group": ("group", "url", "text", *_CLICKS),
    "day": ("day", *_MADE),
    "hour": ("hour", *_MADE),
    "sender": ("sender", *_SENT),
    "recipient-domain": ("domain", *_SENT),
}

_HOURS = """
    SELECT CAST(at_s / 3600 AS INTEGER) AS hour, sum(human) AS clicks_human,
        sum(doubtful) AS clicks_doubtful, count(*) AS clicks_all
    FROM clicks WHERE at_s >= :since_s AND at_s < :until_s AND :campaign IN (0, campaign_id)
    GROUP BY hour ORDER BY hour
"""
_DELIVERIES = """
    SELECT {key} AS name, persons.id AS person, count(*) AS deliveries,
        sum(deliveries.clicks_human > 0) AS clicked,
        sum(deliveries.clicks_human) AS human, sum(deliveries.clicks) AS total
    FROM messages CROSS JOIN deliveries ON deliveries.message = messages.id
    LEFT JOIN persons ON persons.id = person_id
    WHERE sent_at_s >= :since_s AND sent_at_s < :until_s AND :campaign IN (0, campaign_id)
        AND campaign_id != :purged AND NOT shared AND number != 0
        AND (deliveries.clicks > 0 OR (accepted AND link_set_id IS NOT NULL))
    GROUP BY {group}
"""
_BY_SENDER = _DELIVERIES.format(key="ifnull(sender_domain, '')", group="1")
_BY_ADDRESS = _DELIVERIES.format(key="ifnull(address, persons.name)", group="1, 2")


@dataclass(frozen=True, slots=True)
class _Sent:
    """What was delivered to some, and clicked by them; `persons` is how many they are."""

    persons: int = 0
    deliveries: int = 0
    clicked: int = 0
    human: int = 0
    total: int = 0

    @classmethod
    def of(cls, row: Json) -> "_Sent":
        return cls(1, row["deliveries"], row["clicked"], row["human"], row["total"])

    def __add__(self, other: "_Sent") -> "_Sent":
        return _Sent(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def columns(self) -> Json:
        return {
            "deliveries": self.deliveries,
            "clicked_deliveries": self.clicked,
            "click_rate": self.clicked / self.deliveries,
            "clicks_human": self.human,
            "clicks_all": self.total,
        }


def breakdown(
    db: Database,
    by: By,
    *,
    campaign: str | None = None,
    since_s: float | None = None,
    until_s: float | None = None,
) -> Iterator[Json]:
    """Return rows of COLUMNS: of everything, or of one campaign, or of a period."""
    values = {"campaign": names.scope(db, campaign), **Period.of(since_s, until_s).values()}
    if by in ("link", "group", "day"):
        report = summary.report(
            db, campaign=campaign, since_s=since_s, until_s=until_s, limit=-1
        ).json()
        return _OF_A_REPORT[by](report)
    return _OF_ROWS[by](db, values)


def _links(report: Json) -> Iterator[Json]:
    for link in report["links"]:
        named = {name: link[name] for name in ("link", "url", "text")}
        yield {**named, **_of_clicks(link, "clicks"), **_of_clicks(link, "unique_clickers")}


def _groups(report: Json) -> Iterator[Json]:
    for link in _links(report):
        if not is_url(link["link"]):
            yield {"group": link.pop("link"), **link}


def _days(report: Json) -> Iterator[Json]:
    for day in report["days"]:
        yield {"day": day["day"], **_of_clicks(day, "clicks")}


def _of_clicks(row: Json, kind: str) -> Json:
    return {f"{kind}_{name}": count for name, count in row[kind].items()}


def _hours(db: Database, values: Mapping[str, float]) -> Iterator[Json]:
    for row in db.query(_HOURS, dict(values)):
        begun = datetime.fromtimestamp(row.pop("hour") * HOUR_S, UTC)
        yield {"hour": begun.isoformat(timespec="minutes"), **row}


def _senders(db: Database, values: Mapping[str, float]) -> Iterator[Json]:
    found = {row["name"]: _Sent.of(row) for row in db.query(_BY_SENDER, dict(values))}
    yield from _rows("sender", found)


def _domains(db: Database, values: Mapping[str, float]) -> Iterator[Json]:
    """Yield domains of recipients; an erased recipient has none, nor has one known by an id alone."""
    found: defaultdict[str, _Sent] = defaultdict(_Sent)
    for row in db.query(_BY_ADDRESS, dict(values)):
        address = row["name"] or ""
        domain = address.rpartition("@")[2].lower() if "@" in address else ""
        found[domain] += _Sent.of(row)
    few = [name for name, sent in found.items() if sent.persons < FEWEST or not name]
    other = sum((found.pop(name) for name in few), _Sent())
    yield from _rows("domain", {**found, OTHER: other} if few else found)


def _rows(name: str, found: Mapping[str, _Sent]) -> Iterator[Json]:
    for key, sent in sorted(found.items(), key=lambda each: (-each[1].deliveries, each[0])):
        yield {name: key, **sent.columns()}


_OF_A_REPORT: Mapping[By, Callable[[Json], Iterator[Json]]] = {
    "link": _links,
    "group": _groups,
    "day": _days,
}
_OF_ROWS: Mapping[By, Callable[[Database, Mapping[str, float]], Iterator[Json]]] = {
    "hour": _hours,
    "sender": _senders,
    "recipient-domain": _domains,
}
