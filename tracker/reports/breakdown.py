"""A report's figures broken down: by link, group, day, hour, sender or domain of recipients.

Owns: these questions, their columns, and their queries.
Does not own: the report (`summary`), or how an answer is printed (`tracker.cli.printing`).

Days and hours go by when a click was made, in UTC. All else is of what was sent within a period, with
all clicks on it. By link and group, by day and by hour they are read from sums; by sender and by domain
they are counted from rows, which takes time by how much was sent. Domains of fewer than FEWEST persons are one, `other`: they would tell of single people.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from tracker.reports import names, summary
from tracker.reports.figures import Json
from tracker.reports.links import Links
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import PURGED
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
    SELECT hour, clicks_human, clicks_doubtful, clicks_all FROM hours
    WHERE hour >= :since_s / 3600 AND hour < :until_s / 3600 AND campaign_id = :campaign
    ORDER BY hour
"""
_DELIVERIES = """
    SELECT {key} AS name, count(*) AS deliveries,
        count(*) FILTER (WHERE deliveries.clicks_human > 0) AS clicked,
        sum(deliveries.clicks_human) AS human, sum(deliveries.clicks) AS total
    FROM messages CROSS JOIN deliveries ON deliveries.sent_s = messages.sent_s
        AND deliveries.message_id = messages.message_id
    LEFT JOIN {names}
    WHERE messages.sent_s >= :since_s AND messages.sent_s < :until_s
        AND :campaign IN (0, campaign_id) AND campaign_id != :purged AND shared = 0 AND number != 0
        AND (deliveries.clicks > 0 OR (accepted = 1 AND link_set_id IS NOT NULL))
    GROUP BY {group}
"""
_BY_SENDER = _DELIVERIES.format(
    key="max(domains.name)", names="domains ON domains.id = domain_id", group="domain_id"
)
_BY_ADDRESS = _DELIVERIES.format(
    key="coalesce(address, max(persons.name))",
    names="persons ON persons.id = person_id",
    group="person_id, address",
)


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of what: all campaigns (0) or one, and of which period; None: of all there ever was."""

    db: Db
    campaign: int
    period: Period | None

    def values(self) -> dict[str, int]:
        """Return what queries are asked with."""
        about = {"campaign": self.campaign, "purged": PURGED}
        return {**about, **(self.period or Period()).values()}


def breakdown(
    db: Db,
    by: By,
    *,
    campaign: str | None = None,
    since_s: float | None = None,
    until_s: float | None = None,
) -> Iterator[Json]:
    """Return rows of COLUMNS: of everything, or of one campaign, or of a period."""
    period = None if since_s is None and until_s is None else Period.of_days(since_s, until_s)
    asked = _Asked(db, names.scope(db, campaign), period)
    return _ROWS[by](asked)


def _links(asked: _Asked) -> Iterator[Json]:
    for link in Links(asked.db, asked.campaign, asked.period).every():
        named = {"link": link.link, "url": link.url, "text": link.text}
        yield {**named, **link.figures.click_columns()}


def _groups(asked: _Asked) -> Iterator[Json]:
    for link in _links(asked):
        if not is_url(link["link"]):
            yield {"group": link.pop("link"), **link}


def _days(asked: _Asked) -> Iterator[Json]:
    for day in summary.days(asked.db, asked.period or Period(), asked.campaign):
        yield {"day": day.date, **{name: getattr(day.figures, name) for name in _MADE}}


def _hours(asked: _Asked) -> Iterator[Json]:
    for row in asked.db.query(_HOURS, asked.values()):
        begun = datetime.fromtimestamp(row.pop("hour") * HOUR_S, UTC)
        yield {"hour": begun.isoformat(timespec="minutes"), **row}


def _senders(asked: _Asked) -> Iterator[Json]:
    rows = asked.db.query(_BY_SENDER, asked.values())
    found = {row["name"] or "": _Sent.of(row) for row in rows}
    yield from _rows("sender", found)


def _domains(asked: _Asked) -> Iterator[Json]:
    """Yield domains of recipients; an erased recipient has none, nor has one known by an id alone."""
    found: defaultdict[str, _Sent] = defaultdict(_Sent)
    for row in asked.db.query(_BY_ADDRESS, asked.values()):
        address = row["name"] or ""
        domain = address.rpartition("@")[2].lower() if "@" in address else ""
        found[domain] += _Sent.of(row)
    few = [name for name, sent in found.items() if sent.persons < FEWEST or not name]
    other = sum((found.pop(name) for name in few), _Sent())
    yield from _rows("domain", {**found, OTHER: other} if few else found)


def _rows(name: str, found: Mapping[str, _Sent]) -> Iterator[Json]:
    for key, sent in sorted(found.items(), key=lambda each: (-each[1].deliveries, each[0])):
        yield {name: key, **sent.columns()}


_ROWS: Mapping[By, Callable[[_Asked], Iterator[Json]]] = {
    "link": _links,
    "group": _groups,
    "day": _days,
    "hour": _hours,
    "sender": _senders,
    "recipient-domain": _domains,
}
