"""The report, counted by brute force from messages, deliveries and clicks: what sums and sets must equal."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tracker.reports import names
from tracker.reports.figures import CampaignFigures, DayFigures, Figures, LinkFigures, Report
from tracker.reports.names import Name
from tracker.reports.summary import UNKNOWN_AFTER_S
from tracker.sql.sqlite import SQLite
from tracker.store.keys import moment_s
from tracker.store.reserved import PURGED, Kind, day_of

Row = dict[str, Any]
ALL = 0


@dataclass
class _Counted:
    """What adds up, and who clicked, by the best of their clicks."""

    figures: Figures = field(default_factory=Figures)
    people: dict[int, Kind] = field(default_factory=dict)

    def add(self, **counts: int) -> None:
        self.figures += Figures(**counts)

    def click(self, click: Row) -> None:
        self.add(
            clicks_all=1,
            clicks_human=click["human"],
            clicks_doubtful=click["doubtful"],
            clicks_shared=int(click["recipient"] == 0),
        )
        if click["person"] is not None:
            kind = Kind.of(human=bool(click["human"]), doubtful=bool(click["doubtful"]))
            self.people[click["person"]] = max(kind, self.people.get(click["person"], kind))

    def told(self) -> Figures:
        kinds = list(self.people.values())
        uniques = {
            "unique_human": sum(kind > Kind.MACHINE for kind in kinds),
            "unique_doubtful": kinds.count(Kind.DOUBTFUL),
            "unique_all": len(kinds),
        }
        return self.figures + Figures(**uniques)


def recount(
    db: SQLite, *, first: int = 0, last: int = 10**6, campaign: str | None = None
) -> Report:
    """Return the report of what was sent from day `first` to `last`, of all campaigns or of one."""
    messages = [
        row for row in db.query("SELECT * FROM messages") if first <= day_of(row["sent_s"]) <= last
    ]
    clicks = [_click(db, row, message) for message in messages for row in _clicks(db, message)]
    wanted, scope = names.campaigns(db, campaign), names.scope(db, campaign)
    counted: defaultdict[int, _Counted] = defaultdict(_Counted)
    links: defaultdict[int, _Counted] = defaultdict(_Counted)
    for message in messages:
        for each in (ALL, message["campaign_id"]):
            counted[each].add(**_sent(db, message))
    for click in clicks:
        for each in (ALL, click["campaign_id"]):
            counted[each].click(click)
        if scope in (ALL, click["campaign_id"]):
            links[click["link_id"]].click(click)
    told = {each: found.told() for each, found in counted.items()}
    found_links = _links(db, {each: found.told() for each, found in links.items()}, told, scope)
    return Report(
        told.get(scope, Figures()),
        tuple(_campaigns(told, wanted)),
        tuple(found_links[:100]),
        len(found_links),
        tuple(_days(db, scope, first, last)),
        sum(_is_unknown(row) and row["campaign_id"] in wanted for row in messages),
    )


def judged_sums(db: SQLite) -> set[tuple[int, int, int]]:
    """Return the sums that are kept of clicks: day of sending, row of the verdict, how many."""
    return set(db.execute("SELECT day, verdict_id, clicks FROM judged_days").fetchall())


def recount_judged(db: SQLite) -> set[tuple[int, int, int]]:
    """Return the same, counted click by click."""
    counted: Counter[tuple[int, int]] = Counter()
    for sent_s, verdict in db.execute("SELECT sent_s, verdict_id FROM clicks"):
        counted[day_of(sent_s), verdict] += 1
    return {(*key, count) for key, count in counted.items()}


def _clicks(db: SQLite, message: Row) -> Iterable[Row]:
    return db.query(
        """SELECT clicks.*, human, doubtful FROM clicks JOIN verdicts ON verdicts.id = verdict_id
           WHERE sent_s = :sent_s AND message_id = :message_id""",
        message,
    )


def _click(db: SQLite, click: Row, message: Row) -> Row:
    """Return a click with its campaign and person."""
    theirs = [each for each in _deliveries(db, message) if each["number"] == click["recipient"]]
    person = theirs[0]["person_id"] if theirs and not message["shared"] else None
    return {**click, "campaign_id": message["campaign_id"], "person": person}


def _deliveries(db: SQLite, message: Row) -> list[Row]:
    sql = "SELECT * FROM deliveries WHERE sent_s = :sent_s AND message_id = :message_id"
    return list(db.query(sql, message))


def _sent(db: SQLite, message: Row) -> dict[str, int]:
    """Return what a message counts for."""
    if not message["counted"] or message["campaign_id"] == PURGED:
        return {}
    copies = _deliveries(db, message)
    own = [each for each in copies if each["number"] != 0]
    if message["shared"]:
        everyone = any(
            each["number"] == 0 and (each["accepted"] or each["clicks"]) for each in copies
        )
        recipients = sum(bool(everyone or each["accepted"] or each["clicks"]) for each in own)
        return {"messages": 1, "shared_messages": 1, "shared_recipients": recipients}
    known = message["link_set_id"] is not None
    got_it = [each for each in own if each["clicks"] or (each["accepted"] and known)]
    clicked = sum(each["clicks_human"] > 0 for each in own)
    return {"messages": 1, "deliveries": len(got_it), "clicked": clicked}


def _campaigns(told: dict[int, Figures], wanted: dict[int, Name]) -> list[CampaignFigures]:
    found = [
        CampaignFigures(wanted[each].text, figures, wanted[each].purged)
        for each, figures in told.items()
        if each in wanted and (figures.messages or figures.clicks_all)
    ]
    return sorted(
        found,
        key=lambda row: (-row.figures.clicks_all, -row.figures.messages, row.campaign or ""),
    )


def _links(
    db: SQLite, clicked: dict[int, Figures], told: dict[int, Figures], scope: int
) -> list[LinkFigures]:
    """Return the links that were clicked, then those that campaigns list."""
    listed = {
        row["link_id"]
        for row in db.query(
            """SELECT link_id, campaign_id FROM campaign_links WHERE NOT EXISTS (
                SELECT 1 FROM slots WHERE slots.campaign_id = campaign_links.campaign_id
                AND slots.hash = campaign_links.slot AND slots.text IS NOT NULL
            )"""
        )
        if scope in (ALL, row["campaign_id"])
        and told.get(row["campaign_id"], Figures()).messages > 0
    }
    found = []
    for row in db.query("SELECT id, name, url, text FROM links"):
        if row["id"] in clicked or row["id"] in listed:
            name = Name.of(row["name"])
            link = name.text or ""
            figures = clicked.get(row["id"], Figures())
            about = (link, row["url"] or link, row["text"] or "")
            found.append((-figures.clicks_all, row["name"], about, figures, name.purged))
    found.sort(key=lambda each: each[:2])
    return [LinkFigures(*about, figures, purged) for _, _, about, figures, purged in found]


def _days(db: SQLite, scope: int, first: int, last: int) -> list[DayFigures]:
    """Return the clicks by the day on which they were made, whenever their message was sent."""
    days: defaultdict[int, _Counted] = defaultdict(_Counted)
    for message in db.query("SELECT * FROM messages"):
        if scope in (ALL, message["campaign_id"]):
            for click in _clicks(db, message):
                about = {**click, "recipient": 1, "person": None}
                days[day_of(moment_s(click["event_id"]))].click(about)
    return [
        DayFigures(day, found.figures)
        for day, found in sorted(days.items())
        if first <= day <= last
    ]


def _is_unknown(message: Row) -> bool:
    return bool(message["unknown"]) and message["sent_s"] < time.time() - UNKNOWN_AFTER_S
