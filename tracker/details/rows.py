"""Rows of details: what became of messages, and by which names they are found.

Owns: the SQL that writes, replaces and deletes them, within the caller's transaction; texts that many
messages have in common stand once, and go with the last of them.
Does not own: which of several events holds (`feed`), questions (`lookup`), or when rows go
(`expiry`).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from tracker.events import MessageHandled
from tracker.persons import written_alike
from tracker.sql.db import Db
from tracker.store import queries
from tracker.store.keys import MessageKey, message_text

TEXTS = (
    *("outcome", "sender", "subject", "reply", "relay", "client", "account", "untouched"),
    "header_domain",
)
"""What of details many messages have in common; the last is the domain of their Message-IDs."""
QUEUE_ID = "{queue_id}"
"""Stands for the queue id in the text of a reply, so that replies are alike."""

_MESSAGE_ID = re.compile(r"<([^<>@]+)@([^<>@]+)>")

_PUT = f"""
    INSERT INTO details (sent_s, message_id, number, {", ".join(f"{name}_id" for name in TEXTS)},
        header_message_id, queue_id)
    VALUES (?, ?, ?, {", ".join("?" * len(TEXTS))}, ?, ?)
"""  # noqa: S608 - constants
_PUT_NAME = "INSERT INTO detail_names VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_PUT_RECIPIENT = "INSERT INTO detail_recipients VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_RECIPIENTS = "SELECT number, address FROM detail_recipients WHERE sent_s = ? AND message_id = ?"
_ROW = f"""
    SELECT header_message_id, queue_id, text, {", ".join(f"{name}_id" for name in TEXTS)}
    FROM details LEFT JOIN detail_texts ON detail_texts.id = header_domain_id
    WHERE sent_s = ? AND message_id = ? AND number = ?
"""  # noqa: S608 - constants
_DROP = "DELETE FROM details WHERE sent_s = ? AND message_id = ? AND number = ?"
_DROP_NAME = """
    DELETE FROM detail_names WHERE hash = ? AND sent_s = ? AND message_id = ? AND number = ?
"""
_DROP_RECIPIENT = """
    DELETE FROM detail_recipients WHERE sent_s = ? AND message_id = ? AND number = ?
"""
_USE = "UPDATE detail_texts SET uses = uses + ? WHERE id = ?"
_DROP_UNUSED = "DELETE FROM detail_texts WHERE id IN (:values) AND uses <= 0"


class CopyKey(NamedTuple):
    """A row of details: its message, and the number of the first recipient of the copy."""

    sent_s: int
    message_id: int
    number: int

    @property
    def message(self) -> MessageKey:
        """Return the key of its message."""
        return MessageKey(self.sent_s, self.message_id)


def name_hash(kind: str, name: str) -> int:
    """Return the number by which a name of a kind is looked for: "id", "message-id", "queue-id", "to".

    48 bits, which SQLite keeps in six octets.
    """
    return _hash(f"{kind} {written_alike(name) if kind == 'to' else name}", 6)


def text_hash(text: str) -> int:
    """Return the number by which a text is found; those of one number are taken for one text."""
    return _hash(text, 8)


def message_id_of(local: str | None, domain: str | None) -> str | None:
    """Return a Message-ID as it stood in the header; what is none by its form has no domain."""
    return local if domain is None else f"<{local}@{domain}>"


def put(db: Db, told: Mapping[CopyKey, MessageHandled]) -> None:
    """Insert rows, which must not be there."""
    of_events = [[*_texts(event)] for event in told.values()]
    ids = _text_ids(db, {text for texts in of_events for text in texts if text is not None})
    uses: Counter[int] = Counter()
    rows, names, recipients = [], [], []
    for (key, event), texts in zip(told.items(), of_events, strict=True):
        row = [None if text is None else ids[text] for text in texts]
        uses.update([each for each in row if each is not None])
        rows.append((*key, *row, _parted(event.header_message_id)[0], event.queue_id))
        to = [(each.number, each.address) for each in event.recipients if each.address]
        names += [(name, *key) for name in _names(key, event.header_message_id, event.queue_id, to)]
        recipients += [(*key.message, *each) for each in to]
    db.executemany(_PUT, rows)
    db.executemany(_PUT_NAME, names)
    db.executemany(_PUT_RECIPIENT, recipients)
    db.executemany(_USE, [(more, row) for row, more in uses.items()])


def drop(db: Db, keys: Iterable[CopyKey]) -> int:
    """Delete rows, and all that only they needed; return how many there were."""
    uses: Counter[int] = Counter()
    dropped = 0
    for key in keys:
        found = db.execute(_ROW, list(key)).fetchone()
        if found is None:
            continue
        local, queue_id, domain, *ids = found
        header_message_id = message_id_of(local, domain)
        uses.update(row for row in ids if row is not None)
        to = db.execute(_RECIPIENTS, list(key.message)).fetchall()
        names = _names(key, header_message_id, queue_id, to)
        db.executemany(_DROP_NAME, [(name, *key) for name in names])
        db.executemany(_DROP_RECIPIENT, [(*key.message, number) for number, _ in to])
        db.execute(_DROP, list(key))
        dropped += 1
    db.executemany(_USE, [(-fewer, row) for row, fewer in uses.items()])
    queries.change_in(db, _DROP_UNUSED, uses)
    return dropped


def _names(
    key: CopyKey,
    header_message_id: str | None,
    queue_id: str | None,
    recipients: Collection[tuple[int, str]],
) -> Iterator[int]:
    """Yield by what a row is found; by its own id and recipients only where no other table has them."""
    if header_message_id:
        yield name_hash("message-id", header_message_id)
    if queue_id:
        yield name_hash("queue-id", queue_id)
    if recipients:
        yield name_hash("id", message_text(key.message_id))
    for _, address in recipients:
        yield name_hash("to", address)


def _texts(event: MessageHandled) -> Iterator[str | None]:
    for name in TEXTS[:-1]:
        text: str | None = getattr(event, name)
        if name == "reply" and text and event.queue_id:
            text = text.replace(event.queue_id, QUEUE_ID)
        yield text
    yield _parted(event.header_message_id)[1]


def _parted(header_message_id: str | None) -> tuple[str | None, str | None]:
    """Return a Message-ID less its brackets and domain, and its domain (RFC 5322 §3.6.4)."""
    found = _MESSAGE_ID.fullmatch(header_message_id or "")
    return (found[1], found[2]) if found else (header_message_id, None)


def _hash(text: str, octets: int) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=octets).digest()
    return int.from_bytes(digest, "big", signed=True)


def _text_ids(db: Db, texts: Collection[str]) -> dict[str, int]:
    """Return the rows of texts, making those that are new. Those of one hash are one text."""
    hashes = {text: text_hash(text) for text in texts}
    known: dict[int, int] = dict(
        queries.rows_in(
            db, "SELECT hash, id FROM detail_texts WHERE hash IN (:values)", hashes.values()
        )
    )
    new = {value: text for text, value in hashes.items() if value not in known}
    made = {value: row for row, value in enumerate(new, queries.next_id(db, "detail_texts"))}
    db.executemany(
        "INSERT INTO detail_texts (id, hash, text) VALUES (?, ?, ?)",
        [(row, value, new[value]) for value, row in made.items()],
    )
    known |= made
    return {text: known[value] for text, value in hashes.items()}
