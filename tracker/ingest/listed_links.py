"""Which links a report lists though nobody has clicked them.

Owns: telling links that a campaign's messages share from those that are made for one reader.
Does not own: links that were clicked; those have rows of their own accord (`batch`).

A URL is worth a row once two messages of the campaign had it. Until then only its hash is kept, and
of those only the latest, so that a million personal URLs take no more room than `KEPT`. Groups are
listed at once: somebody named them. With a listed link goes the day of the latest message that had
it, so that it can go when those messages do (`tracker.store.unused_links`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlite_utils import Database

from tracker.events import SentLink
from tracker.ingest.counting import Message
from tracker.store import named_rows
from tracker.store.reserved import day_of
from tracker.urls.naming import is_url

KEPT = 200_000
"""URLs remembered of single messages: about 20 MB."""


class ListedLink(NamedTuple):
    """A link of a message, by their rows, and the message's day; `name` is what reports call it."""

    campaign_id: int
    message: int
    day: int
    name: str


_Key = tuple[int, str]
"""The row of a campaign, and the name of a link."""

_LISTED = """
    SELECT campaign_id, name, day FROM campaign_links JOIN links ON links.id = link_id
    WHERE name IN (:values)
"""
_LIST = """
    INSERT INTO campaign_links (campaign_id, link_id, day) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET day = max(day, excluded.day)
"""
_SEEN = """
    SELECT hash, message, sent_at_s FROM sightings LEFT JOIN messages ON messages.id = message
    WHERE hash IN (:values)
"""


def of(message: Message, links: Iterable[SentLink]) -> list[ListedLink]:
    """Give what a message shows."""
    about = (message.campaign_id, message.id, day_of(message.sent_at_s))
    return [ListedLink(*about, link.group or link.url) for link in links]


def record(db: Database, seen: Sequence[ListedLink]) -> None:
    """Have reports list the links that a campaign's messages share."""
    days: dict[_Key, dict[int, int]] = {}
    for each in seen:
        days.setdefault((each.campaign_id, each.name), {})[each.message] = each.day
    listed = {(row[0], row[1]): row[2] for row in named_rows.rows_in(db, _LISTED, _names(days))}
    single = _single(db, days, {key for key in days if key not in listed and is_url(key[1])})
    latest = {key: max(each.values()) for key, each in days.items() if key not in single}
    _list(db, {key: day for key, day in latest.items() if day > listed.get(key, 0)})
    _remember(db, {digest: min(days[key]) for key, digest in single.items()})


def _single(
    db: Database, days: dict[_Key, dict[int, int]], new: Iterable[_Key]
) -> dict[_Key, bytes]:
    """Give those of the `new` URLs that no second message had, and their hashes.

    To `days` the messages are added that are remembered.
    """
    keys = {_hash(key): key for key in new}
    for digest, message, sent_at_s in named_rows.rows_in(db, _SEEN, keys):
        days[keys[digest]].setdefault(message, day_of(sent_at_s or 0))
    return {key: digest for digest, key in keys.items() if len(days[key]) == 1}


def _names(keys: Iterable[_Key]) -> set[str]:
    return {name for _, name in keys}


def _list(db: Database, days: Mapping[_Key, int]) -> None:
    """List links, each with the day of the latest message that has it."""
    rows = named_rows.ids(db, "links", _names(days))
    db.conn.executemany(_LIST, [(key[0], rows[key[1]], day) for key, day in days.items()])


def _remember(db: Database, once: Mapping[bytes, int]) -> None:
    """Remember links of single messages by their hashes."""
    if not once:
        return
    db.conn.executemany(
        "INSERT OR IGNORE INTO sightings (hash, message) VALUES (?, ?)", list(once.items())
    )
    db.execute("DELETE FROM sightings WHERE id <= (SELECT max(id) FROM sightings) - ?", [KEPT])


def _hash(key: _Key) -> bytes:
    campaign, name = key
    return hashlib.blake2b(f"{campaign} {name}".encode(), digest_size=12).digest()
