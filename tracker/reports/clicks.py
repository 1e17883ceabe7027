"""The questions that people ask of the store.

Owns: what a report, a person's activity and a link's clickers consist of, and their queries.
Does not own: how they are printed (`tracker.cli.printing`), or that the spool was fed before
(`tracker.ingest.catch_up`).

A report of everything is read from the sums, and takes the same time however many clicks there are.
One since a day is counted from the rows of messages sent since then and of the clicks on them.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from tracker.persons import normal_address
from tracker.reports import names
from tracker.reports.names import Name
from tracker.store.reserved import PURGED, PURGED_NAME, RESERVED_NAME, day_of

Json = dict[str, Any]

COLUMNS = (
    *("of", "campaign", "link", "url", "messages", "recipients", "clicks_human", "clicks_all"),
    *("unique_clickers_human", "unique_clickers_all", "click_rate"),
    *("purged_campaign", "purged_link"),
)
"""Of a report as rows. The last two are true where the campaign or the link is called `(purged)` by
us; an author may call one so as well."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was sent and what was clicked, for everything, a campaign or a link.

    `personal` are recipients with a copy of their own: only their clicks are known to be theirs.
    """

    messages: int = 0
    recipients: int = 0
    personal: int = 0
    clicks_human: int = 0
    clicks_all: int = 0
    unique_human: int = 0
    unique_all: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def click_rate(self) -> float | None:
        """Unique human clickers among personal recipients, 0 to 1; None where there are none."""
        return self.unique_human / self.personal if self.personal else None

    def clicks_json(self) -> Json:
        """Return the figures that links have as well, as JSON."""
        return {
            "clicks": {"human": self.clicks_human, "all": self.clicks_all},
            "unique_clickers": {"human": self.unique_human, "all": self.unique_all},
        }

    def json(self) -> Json:
        """Return all figures as JSON."""
        return {
            "messages": self.messages,
            "recipients": self.recipients,
            **self.clicks_json(),
            "click_rate": self.click_rate,
        }

    def columns(self) -> Json:
        """Return all figures as columns of a row."""
        return {
            "messages": self.messages,
            "recipients": self.recipients,
            "clicks_human": self.clicks_human,
            "clicks_all": self.clicks_all,
            "unique_clickers_human": self.unique_human,
            "unique_clickers_all": self.unique_all,
            "click_rate": self.click_rate,
        }


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """A campaign, None for messages without one, and its figures.

    `purged_campaign`: it is ours, for clicks on purged messages, whatever authors call theirs.
    """

    campaign: str | None
    figures: Figures
    purged_campaign: bool = False

    @property
    def name(self) -> Name:
        """Its name."""
        return Name(self.campaign, self.purged_campaign)

    def names_json(self) -> Json:
        """Return what names it."""
        mark = {"purged_campaign": True} if self.purged_campaign else {}
        return {"campaign": self.campaign, **mark}


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """A link of a campaign: its name in reports (group, else URL), a URL, and its figures.

    `purged_link`: it is ours, for clicks on links that are purged; `purged_campaign`: its campaign is.
    """

    link: str
    url: str
    campaign: str | None
    figures: Figures
    purged_campaign: bool = False
    purged_link: bool = False

    @property
    def name(self) -> Name:
        """Its name."""
        return Name(self.link, self.purged_link)

    @property
    def of(self) -> Name:
        """The name of its campaign."""
        return Name(self.campaign, self.purged_campaign)

    def names_json(self) -> Json:
        """Return what names it."""
        named = {"link": self.link, "url": self.url, "campaign": self.campaign}
        marks = {"purged_campaign": self.purged_campaign, "purged_link": self.purged_link}
        return {**named, **{mark: True for mark, is_ours in marks.items() if is_ours}}


@dataclass(frozen=True, slots=True)
class Report:
    """Figures in total, by campaign and by link; the most clicked first.

    `unknown_messages` are in no figure: nobody knows whether the relay took them.
    """

    totals: Figures
    campaigns: tuple[CampaignFigures, ...]
    links: tuple[LinkFigures, ...]
    unknown_messages: int = 0

    def json(self) -> Json:
        """Return the report as `waypost report --json` prints it."""
        return {
            "totals": self.totals.json(),
            "campaigns": [{**each.names_json(), **each.figures.json()} for each in self.campaigns],
            "links": [{**each.names_json(), **each.figures.clicks_json()} for each in self.links],
            "unknown_messages": self.unknown_messages,
        }

    def rows(self) -> Iterator[Json]:
        """Return the report as rows of COLUMNS: the total, campaigns, links."""
        empty = dict.fromkeys(COLUMNS)
        yield {**empty, "of": "total", **self.totals.columns()}
        for campaign in self.campaigns:
            about = {"of": "campaign", **campaign.names_json()}
            yield {**empty, **about, **campaign.figures.columns()}
        for link in self.links:
            inapplicable = dict.fromkeys(("messages", "recipients", "click_rate"))
            about = {"of": "link", **link.names_json()}
            yield {**empty, **about, **link.figures.columns(), **inapplicable}


_SUMS = """
    SELECT campaign_id, link_id, messages, recipients, personal,
        clicks_human, clicks_all, unique_human, unique_all
    FROM counters WHERE day = 0
"""
_LISTED = """
    SELECT campaign_id, link_id FROM campaign_links WHERE campaign_id IN
        (SELECT campaign_id FROM counters WHERE day = 0 AND link_id = 0 AND messages > 0)
"""
_SENT_SINCE = """
    WITH sent AS (
        SELECT id, campaign_id, shared OR link_set_id IS NULL AS nobodys, EXISTS (
            SELECT 1 FROM deliveries
            WHERE message = id AND number = 0 AND (accepted OR clicked)
        ) AS everyone
        FROM messages WHERE counted AND campaign_id != :purged AND sent_at_s >= :since_s
    ), counted AS (
        SELECT campaign_id, nobodys, (
            SELECT count(*) FROM deliveries
            WHERE message = id AND number != 0 AND (everyone OR accepted OR clicked)
        ) AS recipients FROM sent
    )
    SELECT campaign_id, 0 AS link_id, count(*) AS messages, sum(recipients) AS recipients,
        sum(recipients * (NOT nobodys)) AS personal
    FROM counted GROUP BY campaign_id
    UNION ALL
    SELECT 0, 0, count(*), sum(recipients), sum(recipients * (NOT nobodys))
    FROM counted HAVING count(*)
"""
_CLICKED_SINCE = """
    WITH clicked AS (
        SELECT clicks.campaign_id, link_id, human, person_id,
            CASE WHEN human THEN person_id END AS human_id
        FROM clicks JOIN messages ON messages.id = message WHERE sent_at_s >= :since_s
    )
    SELECT campaign_id, link_id, sum(human) AS clicks_human, count(*) AS clicks_all,
        count(DISTINCT human_id) AS unique_human, count(DISTINCT person_id) AS unique_all
    FROM clicked GROUP BY campaign_id, link_id
    UNION ALL
    SELECT campaign_id, 0, sum(human), count(*),
        count(DISTINCT human_id), count(DISTINCT person_id)
    FROM clicked GROUP BY campaign_id
    UNION ALL
    SELECT 0, 0, sum(human), count(*), count(DISTINCT human_id), count(DISTINCT person_id)
    FROM clicked HAVING count(*)
"""
_LISTED_SINCE = """
    SELECT campaign_id, link_id FROM campaign_links WHERE campaign_id IN
        (SELECT campaign_id FROM messages
         WHERE counted AND campaign_id != :purged AND sent_at_s >= :since_s)
"""

_UNKNOWN = """
    SELECT campaign_id, count(*) FROM messages
    WHERE unknown = 1 AND sent_at_s >= :since_s AND sent_at_s < :before_s GROUP BY campaign_id
    UNION ALL
    SELECT campaign_id, sum(messages) FROM unknown_messages
    WHERE day >= :day GROUP BY campaign_id
"""
_LINKS = "SELECT id, name, url FROM links"

UNKNOWN_AFTER_S = 900.0
"""Until then the relay may still answer: it has ten minutes for that (RFC 5321 §4.5.3.2.6)."""

_Key = tuple[int, int]
"""Rows of a campaign and of a link; 0 is all of them."""


def utc_seconds(moment: datetime) -> float:
    """Return seconds since 1970; a moment without a time zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def report(db: Database, *, campaign: str | None = None, since_s: float | None = None) -> Report:
    """Return figures of everything, or of one campaign, or of what was sent since a moment."""
    if since_s is None:
        figures = _figures(db, (_SUMS,), {})
        listed = set(db.execute(_LISTED).fetchall())
    else:
        values = {"since_s": since_s, "purged": PURGED}
        figures = _figures(db, (_SENT_SINCE, _CLICKED_SINCE), values)
        listed = set(db.execute(_LISTED_SINCE, values).fetchall())
    wanted = names.campaigns(db, campaign)
    total = (0, 0) if campaign is None else (min(wanted, default=-1), 0)
    return Report(
        figures.get(total, Figures()),
        tuple(_campaigns(figures, wanted)),
        tuple(_links(db, figures, listed, wanted)),
        _unknown(db, wanted, since_s or 0.0),
    )


def _unknown(db: Database, campaigns: Collection[int], since_s: float) -> int:
    """Count the messages of which nobody knows whether the relay took them."""
    before_s = time.time() - UNKNOWN_AFTER_S
    values = {"since_s": since_s, "before_s": before_s, "day": day_of(since_s)}
    found = db.execute(_UNKNOWN, values).fetchall()
    return sum(count for campaign, count in found if campaign in campaigns)


def _figures(
    db: Database, queries: Iterable[str], values: Mapping[str, float]
) -> dict[_Key, Figures]:
    """Return figures by campaign and link; a query returns some of them, by their names."""
    figures: dict[_Key, Figures] = {}
    for query in queries:
        for row in db.query(query, dict(values)):
            key = row.pop("campaign_id"), row.pop("link_id")
            found = Figures(**row)
            figures[key] = figures[key] + found if key in figures else found
    return figures


def _order(figures: Figures, *names: str | None) -> tuple[Any, ...]:
    return (-figures.clicks_all, -figures.messages, *(name or "" for name in names))


def _campaigns(figures: dict[_Key, Figures], named: dict[int, Name]) -> list[CampaignFigures]:
    rows = [
        CampaignFigures(named[campaign].text, count, named[campaign].purged)
        for (campaign, link), count in figures.items()
        if campaign in named and not link and (count.messages or count.clicks_all)
    ]
    return sorted(rows, key=lambda row: _order(row.figures, row.campaign))


def _links(
    db: Database, figures: dict[_Key, Figures], listed: set[_Key], named: dict[int, Name]
) -> list[LinkFigures]:
    clicked = {key for key, count in figures.items() if key[1] and count.clicks_all}
    known = {row: (Name.of(stored), url) for row, stored, url in db.execute(_LINKS)}
    rows = [
        _link(*known[link], named[campaign], figures.get((campaign, link), Figures()))
        for campaign, link in listed | clicked
        if campaign in named
    ]
    return sorted(rows, key=lambda row: _order(row.figures, row.link, row.campaign))


def _link(name: Name, url: str | None, of: Name, figures: Figures) -> LinkFigures:
    link = name.text or ""
    return LinkFigures(link, url or link, of.text, figures, of.purged, name.purged)


_ACTIVITY = """
    WITH person AS (
        SELECT message, number, accepted OR clicked AS got_it FROM deliveries
        WHERE person_id = (SELECT id FROM persons WHERE name = :person)
        UNION
        SELECT message, number, accepted OR clicked FROM deliveries WHERE address = :person
    )
    SELECT sent_at_s AS at_s, 'sent' AS event, campaigns.name AS campaign,
        NULL AS link, NULL AS url, NULL AS human, NULL AS reasons
    FROM person JOIN messages ON messages.id = person.message
    JOIN campaigns ON campaigns.id = campaign_id
    WHERE got_it OR (shared AND counted)
    UNION ALL
    SELECT at_s, 'clicked', campaigns.name, links.name, nullif(destination, links.name),
        human, reasons
    FROM person JOIN clicks ON clicks.message = person.message AND clicks.recipient = person.number
    JOIN campaigns ON campaigns.id = campaign_id
    JOIN links ON links.id = link_id
    WHERE person_id IS NOT NULL
    ORDER BY at_s DESC
"""
_CLICKERS = """
    SELECT persons.name AS person,
        sum(clickers.clicks_human) AS human, sum(clickers.clicks_all) AS "all"
    FROM counters JOIN clickers USING (day, campaign_id, link_id)
    JOIN persons ON persons.id = person_id
    WHERE day = 0 AND link_id IN (SELECT id FROM links WHERE name = :link OR url = :link)
    GROUP BY person_id ORDER BY human DESC, "all" DESC, person
"""
_SHOWN = f"CASE {{0}}.name WHEN '{RESERVED_NAME}' THEN '{PURGED_NAME}' ELSE {{0}}.name END"
_CLICKS = f"""
    SELECT event_id, at_s, messages.message_id, recipient, number AS link_number,
        {_SHOWN.format("campaigns")} AS campaign, {_SHOWN.format("links")} AS link, destination, persons.name AS person,
        method, human, reasons, ip, user_agents.name AS user_agent
    FROM clicks JOIN messages ON messages.id = clicks.message
    JOIN campaigns ON campaigns.id = clicks.campaign_id
    JOIN links ON links.id = link_id
    JOIN user_agents ON user_agents.id = user_agent_id
    LEFT JOIN persons ON persons.id = person_id
    ORDER BY clicks.id
"""  # noqa: S608 - a constant

ACTIVITY = ("at", "event", "campaign", "link", "url", "human", "reasons")
CLICKERS = ("person", "human", "all")
CLICKS = (
    *("at", "event_id", "message_id", "recipient", "link_number", "campaign", "link"),
    *("destination", "person", "method", "human", "reasons", "ip", "user_agent"),
)
"""Columns of each answer, which one of no rows has as well."""


def activity(db: Database, address: str) -> Iterator[Json]:
    """Return what a person was sent and clicked: by an address, or an id of the application's."""
    rows = db.query(_ACTIVITY, {"person": normal_address(address)})
    return (_shown(row) for row in rows)


def clickers(db: Database, link: str) -> Iterator[Json]:
    """Return the persons who clicked a link (its name or URL, as reports say), and how often."""
    return db.query(_CLICKERS, {"link": link})


def clicks(db: Database) -> Iterator[Json]:
    """Return every click that is kept, in the order in which they were counted."""
    return (_shown(row) for row in db.query(_CLICKS))


def _shown(row: Json) -> Json:
    """Return a row with the types that SQLite lacks: moments in UTC, booleans, lists."""
    shown = dict(row)
    moment = datetime.fromtimestamp(shown.pop("at_s"), UTC)
    human, reasons = shown["human"], shown["reasons"]
    shown["human"] = None if human is None else bool(human)
    shown["reasons"] = None if reasons is None else reasons.split()
    return {"at": moment.isoformat(timespec="milliseconds"), **shown}
