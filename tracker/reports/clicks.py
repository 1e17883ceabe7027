"""Single clicks: who clicked a link, and every click there is.

Owns: these questions, and their queries.
Does not own: one person's clicks (`activity`), sums (`summary`), how answers are printed (`tracker.cli.printing`), or that the spool was
fed before (`tracker.ingest.catch_up`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlite_utils import Database

from tracker.reports import names
from tracker.reports.figures import Json
from tracker.reports.period import Period
from tracker.store.reserved import PURGED_NAME, RESERVED_NAME

_LINKS = """
    WITH named AS (SELECT id FROM links WHERE name = :link OR url = :link)
    SELECT id FROM named UNION
    SELECT leads_to FROM named CROSS JOIN link_aliases ON link_id = named.id WHERE NOT EXISTS (
        SELECT 1 FROM counters WHERE day = 0 AND campaign_id = 0 AND counters.link_id = named.id
    )
"""
_CLICKERS = """
    SELECT persons.id AS person_id, persons.name AS person, sum(clicks_human) AS human,
        sum(clicks_doubtful) AS doubtful, sum(clicks_all) AS "all"
    FROM clickers JOIN persons ON persons.id = person_id
    WHERE campaign_id = :campaign AND link_id IN (:values)
    GROUP BY persons.id HAVING sum(clicks_human) > 0 OR :machines
    ORDER BY human DESC, "all" DESC, person
"""
_ADDRESSES = """
    SELECT DISTINCT ifnull(address, :person) AS address FROM deliveries
    WHERE person_id = :person_id ORDER BY address
"""
_FIRST_AND_LAST = """
    SELECT min(at_s) AS first, max(at_s) AS last
    FROM deliveries CROSS JOIN clicks
        ON clicks.message = deliveries.message AND clicks.recipient = deliveries.number
    WHERE deliveries.person_id = :person_id AND clicks.person_id = :person_id
        AND (human OR :machines) AND :campaign IN (0, campaign_id) AND (link_id IN (:values) OR :any)
"""
_SHOWN = f"CASE {{0}}.name WHEN '{RESERVED_NAME}' THEN '{PURGED_NAME}' ELSE {{0}}.name END"
_CLICKS = f"""
    SELECT clicks.id AS cursor, event_id, at_s, messages.message_id, recipient, number AS link_number,
        {_SHOWN.format("campaigns")} AS campaign, {_SHOWN.format("links")} AS link, destination, persons.name AS person,
        method, human, doubtful, score, reasons, ip, user_agents.name AS user_agent
    FROM clicks JOIN messages ON messages.id = clicks.message
    JOIN campaigns ON campaigns.id = clicks.campaign_id
    JOIN links ON links.id = link_id
    JOIN user_agents ON user_agents.id = user_agent_id
    LEFT JOIN persons ON persons.id = person_id
    WHERE clicks.id > :after AND sent_at_s >= :since_s AND sent_at_s < :until_s
        AND :campaign IN (0, clicks.campaign_id)
    ORDER BY clicks.id
"""  # noqa: S608 - a constant

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
    db: Database, link: str | None = None, *, campaign: str | None = None, machines: bool = False
) -> Iterator[Json]:
    """Yield the persons who clicked, how often, and when first and last; who clicked most comes first.

    Of a link (its name or URL, as reports say) and of a campaign, or of all. With `machines`, also those
    of whom no click is a human's, and their machines' clicks with the first and last.
    """
    links = [0] if link is None else [row for (row,) in db.execute(_LINKS, {"link": link})]
    marks = ",".join(map(str, links)) or "-1"
    asked = {"campaign": names.scope(db, campaign), "machines": machines, "any": link is None}
    for row in db.query(_CLICKERS.replace(":values", marks), asked):
        about = {"person": row["person"], "person_id": row.pop("person_id")}
        addresses = [each["address"] for each in db.query(_ADDRESSES, about)]
        (span,) = db.query(_FIRST_AND_LAST.replace(":values", marks), {**asked, **about})
        moments = {name: None if at_s is None else moment(at_s) for name, at_s in span.items()}
        yield {"person": row.pop("person"), "addresses": addresses, **row, **moments}


def clicks(
    db: Database,
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
    asked = {"campaign": names.scope(db, campaign), "after": after}
    rows = db.query(_CLICKS, {**asked, **Period.of(since_s, until_s).values()})
    return (shown(row) for row in rows)


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
