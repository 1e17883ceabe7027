"""Finding messages by what people know of them, and reading what became of them.

Owns: the questions, and their queries.
Does not own: the rows (`rows`), what was clicked in a message (`tracker.reports`), or how answers are
printed (`tracker.cli`).
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tracker.details.rows import QUEUE_ID, TEXTS, message_id_of, name_hash
from tracker.persons import written_alike
from tracker.sql.db import Db
from tracker.sql.spelling import unindexed
from tracker.store import queries
from tracker.store.keys import MessageKey, is_message_id, message_number

MOST_FOUND = 100
"""Messages that a question finds, the latest of them."""

_BY_ID = """
    WITH RECURSIVE days (day) AS (
        SELECT max(sent_s) / 86400 FROM messages
        UNION ALL
        SELECT (SELECT max(sent_s) / 86400 FROM messages WHERE sent_s < day * 86400)
        FROM days WHERE day IS NOT NULL
    )
    SELECT sent_s, message_id FROM days
    CROSS JOIN messages ON sent_s / 86400 = day AND message_id = :message_id
"""
"""Ids are found day by day, some microseconds each (`tracker.store.file.schema.message_ids_by_day`)."""
_BY_NAME = "SELECT DISTINCT sent_s, message_id FROM detail_names WHERE hash IN (:values)"
_TO = f"""
    SELECT sent_s, message_id FROM deliveries WHERE person_id IN (:values)
    GROUP BY sent_s, message_id ORDER BY {{moment}} DESC LIMIT {MOST_FOUND}
"""  # noqa: S608 - a constant
_TO_ADDRESS = f"""
    SELECT sent_s, message_id FROM deliveries INDEXED BY deliveries_address
    WHERE address = :address COLLATE NOCASE AND address IS NOT NULL AND address != ''
    ORDER BY {{moment}} DESC LIMIT {MOST_FOUND}
"""  # noqa: S608 - a constant
_COPIES = f"""
    SELECT number, {", ".join(f"{name}.text AS {name}" for name in TEXTS)}, header_message_id, queue_id
    FROM details {" ".join(f"LEFT JOIN detail_texts AS {name} ON {name}.id = {name}_id" for name in TEXTS)}
    WHERE sent_s = :sent_s AND message_id = :message_id ORDER BY number
"""  # noqa: S608 - constants
_RECIPIENTS = """
    SELECT number, address FROM detail_recipients WHERE sent_s = :sent_s AND message_id = :message_id ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Details:
    """What became of a message, or of one recipient's copy, as `tracker.events.MessageHandled` says it.

    `number` is that of its first recipient.
    """

    number: int
    outcome: str
    sender: str
    subject: str
    reply: str
    relay: str | None
    client: str | None
    account: str | None
    untouched: str | None
    header_message_id: str | None
    queue_id: str | None


def find(db: Db, name: str, persons: Iterable[int] = ()) -> list[MessageKey]:
    """Return the messages that a name leads to, the latest first: `MOST_FOUND` at most.

    A name is a message's id (16 hexadecimal digits), a Message-ID with or without its angle brackets, the
    relay's queue id, or an address; `persons` are the rows of those who are called so.
    """
    found = set(_named(db, name))
    if is_message_id(name):
        found |= {
            MessageKey(*row) for row in db.execute(_BY_ID, {"message_id": message_number(name)})
        }
    to, to_address = (
        each.format(moment=unindexed(db.engine, "sent_s")) for each in (_TO, _TO_ADDRESS)
    )
    found |= {MessageKey(*row) for row in queries.rows_in(db, to, persons)}
    for address in {name, written_alike(name)}:
        found |= {MessageKey(*row) for row in db.execute(to_address, {"address": address})}
    return sorted(found, reverse=True)[:MOST_FOUND]


def _named(db: Db, name: str) -> Iterator[MessageKey]:
    bare = name.strip("<>")
    hashes = [
        name_hash("id", name.lower()),
        name_hash("queue-id", name),
        name_hash("to", name),
        *(name_hash("message-id", each) for each in (name, bare, f"<{bare}>")),
    ]
    return itertools.starmap(MessageKey, queries.rows_in(db, _BY_NAME, hashes))


def copies(db: Db, message: MessageKey) -> list[Details]:
    """Return what became of a message: of each copy, or of the one that all of its recipients had."""
    found = []
    for row in db.query(_COPIES, message._asdict()):
        row["reply"] = row["reply"].replace(QUEUE_ID, row["queue_id"] or "")
        domain = row.pop("header_domain")
        row["header_message_id"] = message_id_of(row["header_message_id"], domain)
        found.append(Details(**row))
    return found


def recipients(db: Db, message: MessageKey) -> dict[int, str]:
    """Return the recipients, by their numbers, of a message that is in no other table."""
    return dict(db.execute(_RECIPIENTS, message._asdict()).fetchall())
