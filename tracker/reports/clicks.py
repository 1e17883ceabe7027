"""Single clicks: who clicked a link, and every click there is.

Owns: these questions, and their queries.
Does not own: one person's clicks (`activity`), sums (`summary`), how answers are printed (`tracker.cli.printing`), or that the spool was
fed before (`tracker.ingest.catch_up`).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from tracker.reports import names
from tracker.reports.figures import Json
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.sql.spelling import IN_ORDER_OF, LEAST_OCTETS, MOST_OCTETS
from tracker.store.keys import MessageKey, address_text, event_text, message_text, moment_s
from tracker.store.reserved import DAY_S, PURGED_NAME, RESERVED_NAME
from tracker.store.rows.clicked_by import PART, Persons

_LINKS = """
    WITH named AS (SELECT id FROM links WHERE name = :link OR url = :link)
    SELECT id FROM named UNION
    SELECT leads_to FROM named CROSS JOIN link_aliases ON link_id = named.id WHERE NOT EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND campaign_id = 0 AND counters.link_id = named.id
    )
"""
_WHO = """
    SELECT part, certain, doubtful, machines FROM clicked_by
    WHERE link_id = :link AND campaign_id = :campaign AND day = 0
"""
_WHEN = """
    SELECT min(day) AS first, max(day) AS last FROM clicked_by
    WHERE link_id = :link AND campaign_id = :campaign AND day > 0
"""
_WHEN_OF_ALL = """
    SELECT min(clicked_by.day) AS first, max(clicked_by.day) AS last
    FROM counters INDEXED BY counters_link CROSS JOIN clicked_by
        ON clicked_by.link_id = counters.link_id AND clicked_by.campaign_id = counters.campaign_id
        AND clicked_by.day > 0
    WHERE counters.link_id = :link AND counters.link_id > 0
        AND counters.day = 0 AND counters.campaign_id > 0
"""
_LATEST = """
    SELECT part, certain, doubtful, machines FROM clicked_by
    WHERE link_id = :link AND campaign_id = :campaign AND day > 0 ORDER BY day DESC
"""
_LATEST_OF_ALL = """
    SELECT part, certain, doubtful, machines
    FROM counters INDEXED BY counters_link CROSS JOIN clicked_by
        ON clicked_by.link_id = counters.link_id AND clicked_by.campaign_id = counters.campaign_id
        AND clicked_by.day > 0
    WHERE counters.link_id = :link AND counters.link_id > 0
        AND counters.day = 0 AND counters.campaign_id > 0
    ORDER BY clicked_by.day DESC
"""
_EVENT = "CASE WHEN human = 1 OR :machines = 1 THEN event_id END"
_CLICKERS = """
    SELECT person_id, sum(human) AS human, sum(doubtful) AS doubtful, count(*) AS "all",
        {first} AS first, {last} AS last
    FROM deliveries INDEXED BY deliveries_person
    CROSS JOIN messages ON messages.sent_s = deliveries.sent_s
        AND messages.message_id = deliveries.message_id
        AND shared = 0 AND :campaign IN (0, campaign_id)
    CROSS JOIN clicks ON clicks.sent_s = deliveries.sent_s
        AND clicks.message_id = deliveries.message_id AND recipient = deliveries.number
    CROSS JOIN verdicts ON verdicts.id = verdict_id
    WHERE person_id IN (:persons) AND deliveries.clicks > 0
        AND deliveries.sent_s >= :since_s AND deliveries.sent_s < :until_s
        AND (:any = 1 OR link_id IN (:links))
    GROUP BY person_id HAVING sum(human) > 0 OR :machines = 1
"""
_NAMES = "SELECT id, name FROM persons WHERE id IN (:persons)"
_ADDRESSES = """
    SELECT DISTINCT person_id, address FROM deliveries WHERE person_id IN (:persons)
"""
_SHOWN = f"CASE {{0}}.name WHEN '{RESERVED_NAME}' THEN '{PURGED_NAME}' ELSE {{0}}.name END"
CLICK = f"""
    SELECT clicks.arrival AS cursor, clicks.event_id, clicks.message_id, recipient,
        number AS link_number, {_SHOWN.format("campaigns")} AS campaign,
        {_SHOWN.format("links")} AS link, destinations.url AS destination,
        CASE WHEN shared = 0 THEN (
            SELECT name FROM deliveries CROSS JOIN persons ON persons.id = person_id
            WHERE deliveries.sent_s = clicks.sent_s AND deliveries.message_id = clicks.message_id
            AND deliveries.number = recipient
        ) END AS person,
        nullif(method, '') AS method, human, doubtful, score, reasons, ip, user_agents.name AS user_agent{{more}}
    FROM {{}}
    CROSS JOIN messages ON messages.sent_s = clicks.sent_s
        AND messages.message_id = clicks.message_id AND :campaign IN (0, campaign_id)
    CROSS JOIN campaigns ON campaigns.id = campaign_id
    CROSS JOIN links ON links.id = link_id
    CROSS JOIN destinations ON destinations.id = destination_id
    CROSS JOIN user_agents ON user_agents.id = user_agent_id
    CROSS JOIN verdicts ON verdicts.id = verdict_id
    CROSS JOIN signal_sets ON signal_sets.id = signal_set_id
"""  # noqa: S608 - a constant
"""All that is kept of clicks, and `more` columns; what is put in is where rows of `clicks` come from."""
_ARRIVED = """
    (SELECT arrival AS arrived, sent_s AS at, message_id AS of_message FROM arrivals
        WHERE arrival > :after AND sent_s >= :since_s AND sent_s < :until_s
    ) AS counted CROSS JOIN clicks
        ON clicks.sent_s = at AND clicks.message_id = of_message AND arrival = arrived
"""
_SENT = """
    (SELECT sent_s AS at, message_id AS of_message, event_id AS event, arrival AS arrived FROM clicks
        WHERE sent_s >= :since_s AND sent_s < :until_s AND arrival > :after
        ORDER BY arrival LIMIT :every
    ) AS sent CROSS JOIN clicks
        ON clicks.sent_s = at AND clicks.message_id = of_message AND event_id = event
"""
"""The same clicks in the same order: this way where they are few among all that arrived.

Without a limit, SQLite takes the order for one that nobody needs.
"""
_BY_ARRIVAL = f"{CLICK.format(_ARRIVED, more='')} ORDER BY arrived"
_BY_SENDING = CLICK.format(_SENT, more="")
_DAYS = "SELECT min(day), max(day) FROM cohorts WHERE link_id = 0 AND campaign_id = :campaign"
_OF_MESSAGE = f"""
    {CLICK.format("clicks", more="")}
    WHERE clicks.sent_s = :sent_s AND clicks.message_id = :message_id ORDER BY clicks.event_id
"""
_EVERY = 2**63 - 1
_FEW_DAYS = 31
_CHUNK = 5000
_SHOWN_AT_ONCE = 500

CLICKERS = ("person", "addresses", "human", "doubtful", "all", "first", "last")
CLICKS = (
    *("at", "cursor", "event_id", "message_id", "recipient", "link_number", "campaign", "link"),
    *(
        "destination",
        "person",
        "method",
        "human",
        "doubtful",
        "score",
        "reasons",
        "ip",
        "user_agent",
    ),
)
"""Columns of each answer, which one of no rows has as well."""


def clickers(
    db: Db, link: str | None = None, *, campaign: str | None = None, machines: bool = False
) -> Iterator[Json]:
    """Yield the persons who clicked, how often, and when first and last; who clicked most comes first.

    Of a link (its name or URL, as reports say) and of a campaign, or of all. With `machines`, also those
    of whom no click is a human's, and their machines' clicks with the first and last.
    """
    links = None if link is None else [row for (row,) in db.execute(_LINKS, {"link": link})]
    yield from clickers_of(db, links, names.scope(db, campaign), machines=machines)


def clickers_of(
    db: Db,
    links: Sequence[int] | None,
    campaign: int,
    *,
    machines: bool = False,
    most: int | None = None,
) -> Iterator[Json]:
    """Yield the same by rows of links (None: of all) and of a campaign (0: of all).

    No more than about `most`, where it is given: those who clicked in the latest messages.
    """
    persons: set[int] = set()
    days: list[int] = []
    for link in [0] if links is None else links:
        values = {"link": link, "campaign": campaign}
        when = _WHEN if campaign or not link else _WHEN_OF_ALL
        days += [day for day in db.execute(when, values).fetchone() if day is not None]
        who = _who(db, values, machines=machines)
        is_many = most is not None and len(who) > most
        persons.update(_latest(db, values, most or 0, machines=machines) if is_many else who)
    if not days:
        return
    asked = {
        "campaign": campaign,
        "links": list(links or []),
        "any": links is None,
        "machines": machines,
        "since_s": min(days) * DAY_S if min(days) > 1 else 0,
        "until_s": (max(days) + 1) * DAY_S,
    }
    found = list(_clickers(db, sorted(persons), asked))
    found.sort(key=lambda row: (-row["human"], -row["all"], row["person"]))
    for start in range(0, len(found), _SHOWN_AT_ONCE):
        yield from _with_addresses(db, found[start : start + _SHOWN_AT_ONCE])


def _with_addresses(db: Db, found: list[Json]) -> Iterator[Json]:
    """Yield clickers as they are shown: where they got mail, at the address they are called by or others."""
    asked = {"persons": [row["person_id"] for row in found]}
    addresses: defaultdict[int, set[str | None]] = defaultdict(set)
    for person, address in db.execute(_ADDRESSES, asked):
        addresses[person].add(address)
    for row in found:
        theirs = sorted({each or row["person"] for each in addresses[row.pop("person_id")]})
        span = {name: moment(moment_s(row.pop(name))) for name in ("first", "last")}
        yield {"person": row.pop("person"), "addresses": theirs, **row, **span}


def _who(db: Db, values: Json, *, machines: bool) -> list[int]:
    """Return the persons who clicked a link of a campaign; 0 stands for all."""
    return [each for row in db.execute(_WHO, values) for each in _people(row, machines=machines)]


def _latest(db: Db, values: Json, most: int, *, machines: bool) -> set[int]:
    """Return so many of them, who clicked in the latest messages."""
    found: set[int] = set()
    sets = _LATEST if values["campaign"] or not values["link"] else _LATEST_OF_ALL
    for row in db.execute(sets, values):
        found.update(islice(_people(row, machines=machines), most - len(found)))
        if len(found) >= most:
            break
    return found


def _people(row: Sequence[Any], *, machines: bool) -> Iterator[int]:
    """Yield the persons of one part of a set."""
    part, *columns = row
    persons = Persons.read(columns)
    every = persons.certain | persons.doubtful
    if machines:
        every |= persons.machines
    return (part * PART + number for number in every)


def _clickers(db: Db, persons: list[int], asked: Json) -> Iterator[Json]:
    """Yield how often persons clicked, as far as clicks are kept."""
    sql = _CLICKERS.format(
        first=LEAST_OCTETS[db.engine].format(_EVENT), last=MOST_OCTETS[db.engine].format(_EVENT)
    )
    for start in range(0, len(persons), _CHUNK):
        chunk = {"persons": persons[start : start + _CHUNK]}
        called = dict(db.execute(_NAMES, chunk).fetchall())
        for row in db.query(sql, asked | chunk):
            yield {"person": called[row["person_id"]], **row}


def clicks(
    db: Db,
    *,
    campaign: str | None = None,
    since_s: float | None = None,
    until_s: float | None = None,
    after: int = 0,
) -> Iterator[Json]:
    """Return the clicks that are kept, in the order in which they were counted.

    All of them, those of a campaign, or those on what was sent within a period; from the one on that
    followed the `cursor` that `after` is.
    """
    scope = names.scope(db, campaign)
    asked = Period.of(since_s, until_s)
    if scope:
        asked = _clicked_days(db, scope, asked)
    values = {"campaign": scope, "after": after, "every": _EVERY, **asked.values()}
    few = asked.until_s - asked.since_s <= _FEW_DAYS * DAY_S
    in_order = IN_ORDER_OF[db.engine].format("arrived")
    rows = db.stream(f"{_BY_SENDING} {in_order}" if few else _BY_ARRIVAL, values)
    return (shown(told(row)) for row in rows)


def _clicked_days(db: Db, campaign: int, asked: Period) -> Period:
    """Return a period without what is before and after the messages of a campaign that were clicked."""
    first, last = db.execute(_DAYS, {"campaign": campaign}).fetchone()
    if first is None:
        return Period(until_s=0)
    begun_s = 0 if first == 1 else first * DAY_S
    return Period(max(asked.since_s, begun_s), min(asked.until_s, (last + 1) * DAY_S))


def of_message(db: Db, key: MessageKey) -> Iterator[Json]:
    """Return the clicks on one message that are kept, in order of time."""
    values = {"campaign": 0, "sent_s": key.sent_s, "message_id": key.message_id}
    return (shown(told(row)) for row in db.query(_OF_MESSAGE, values))


def told(row: Json) -> Json:
    """Return the row of a click with what is kept as octets in words."""
    event = row["event_id"]
    return {
        **row,
        "at_s": moment_s(event),
        "event_id": event_text(event),
        "message_id": message_text(row["message_id"]),
        "ip": address_text(row["ip"]),
    }


def moment(at_s: float) -> str:
    """Return a moment in UTC, as ISO 8601."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def shown(row: Json) -> Json:
    """Return a row with the types that SQLite lacks: moments in UTC, booleans, lists."""
    found = dict(row)
    at = moment(found.pop("at_s"))
    for name in ("human", "doubtful"):
        found[name] = None if found[name] is None else bool(found[name])
    found["reasons"] = None if found["reasons"] is None else found["reasons"].split()
    return {"at": at, **found}
