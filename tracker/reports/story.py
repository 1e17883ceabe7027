"""All that is known of one message: from the client that handed it in to the last click.

Owns: these questions, and their queries.
Does not own: finding a message by a name (`tracker.details.lookup`), what is kept of how it was handed over
(`tracker.details`), or how the answer is printed (`tracker.cli.reports.message`).
"""

from collections.abc import Iterator
from dataclasses import asdict

from tracker.details import lookup
from tracker.reports import clicks
from tracker.reports.figures import Json
from tracker.reports.known import Unknown
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.store.keys import MessageKey, moment_s
from tracker.store.rows import named_rows, persons
from tracker.tokens import SHARED

_MESSAGE = """
    SELECT campaigns.name AS campaign, shared, counted, unknown, domains.name AS domain
    FROM messages CROSS JOIN campaigns ON campaigns.id = campaign_id
    LEFT JOIN domains ON domains.id = domain_id
    WHERE sent_s = :sent_s AND message_id = :message_id
"""
_RECIPIENTS = """
    SELECT number, coalesce(address, persons.name) AS address, persons.name AS person,
        accepted, refused, clicks, clicks_human
    FROM deliveries LEFT JOIN persons ON persons.id = person_id
    WHERE sent_s = :sent_s AND message_id = :message_id AND (number != 0 OR clicks > 0)
    ORDER BY number
"""
_RECIPIENT = """
    SELECT coalesce(address, persons.name) AS address, persons.name AS person
    FROM deliveries CROSS JOIN persons ON persons.id = person_id
    WHERE sent_s = :sent_s AND message_id = :message_id AND number = :number
"""
_OPENS = """
    SELECT event_id, number, human FROM opens WHERE sent_s = :sent_s AND message_id = :message_id
"""

EVENTS = ("at", "event", "recipient", "link", "destination", "human", "reasons")
"""Columns of what happened to a message after it was sent."""
RECIPIENTS = ("number", "address", "person", "outcome", "clicks", "clicks_human")
"""Columns of whom it went to."""


def find(db: Db, name: str) -> list[MessageKey]:
    """Return the messages that a name leads to, the latest first; raises Unknown where there are none.

    A name is a message's id, a Message-ID, the relay's queue id, an address or a person's own id.
    """
    names = persons.written_alike(db, name)
    found = lookup.find(db, name, named_rows.find(db, "persons", names).values())
    if not found:
        raise Unknown("message", name, ())
    return found


def story(db: Db, key: MessageKey) -> Json:
    """Return all that is known of a message, ready for JSON.

    `copies` is how it, or each recipient's copy, was handed over, while that is kept (`[privacy]
    details`); `campaign` and clicks are known of what was tracked.
    """
    counted = next(db.query(_MESSAGE, key._asdict()), None)
    copies, recipients = handed_over(db, key)
    return {
        "message": key.text,
        "sent_at": clicks.moment(key.sent_s),
        "tracked": counted is not None,
        "campaign": Name.of(counted["campaign"]).text if counted else None,
        "shared": bool(counted["shared"]) if counted else None,
        "copies": copies,
        "recipients": recipients,
        "events": sorted((*_clicks(db, key), *_opens(db, key)), key=lambda row: row["at"]),
    }


def handed_over(db: Db, key: MessageKey) -> tuple[list[Json], list[Json]]:
    """Return how each copy of a message was handed over, while that is kept, and its RECIPIENTS."""
    copies = [asdict(each) for each in lookup.copies(db, key)]
    return copies, list(_recipients(db, key, copies))


def recipient(db: Db, key: MessageKey, number: int) -> tuple[str | None, str | None, str | None]:
    """Return the campaign of a message, and address and person of one of its recipients.

    Each is None where it is unknown; nobody knows whose a click on a shared copy is.
    """
    counted = next(db.query(_MESSAGE, key._asdict()), None)
    campaign = Name.of(counted["campaign"]).text if counted else None
    found = (
        None
        if number == SHARED
        else db.execute(_RECIPIENT, {**key._asdict(), "number": number}).fetchone()
    )
    return (campaign, *(found or (None, None)))


def _recipients(db: Db, key: MessageKey, copies: list[Json]) -> Iterator[Json]:
    known = list(db.query(_RECIPIENTS, key._asdict()))
    for row in known:
        outcome = _outcome(row)
        named = {name: row[name] for name in ("number", "address", "person")}
        yield {
            **named,
            "outcome": outcome,
            "clicks": row["clicks"],
            "clicks_human": row["clicks_human"],
        }
    if known:
        return
    outcomes = {copy["number"]: copy["outcome"] for copy in copies}
    for number, address in lookup.recipients(db, key).items():
        outcome = outcomes.get(number) or next(iter(outcomes.values()), None)
        about = {"number": number, "address": address, "person": None, "outcome": outcome}
        yield {**about, "clicks": 0, "clicks_human": 0}


def _outcome(row: Json) -> str | None:
    if row["accepted"]:
        return "delivered"
    return "refused" if row["refused"] else None


def _clicks(db: Db, key: MessageKey) -> Iterator[Json]:
    for row in clicks.of_message(db, key):
        yield {"event": "clicked", **{name: row[name] for name in EVENTS if name != "event"}}


def _opens(db: Db, key: MessageKey) -> Iterator[Json]:
    for row in db.query(_OPENS, key._asdict()):
        opened = {"event": "opened", "recipient": row["number"], "human": bool(row["human"])}
        at = clicks.moment(moment_s(row["event_id"]))
        yield {**dict.fromkeys(EVENTS), **opened, "at": at}
