"""Which links a report lists though nobody has clicked them.

Owns: telling links that a campaign's messages share from those that are made for one reader.
Does not own: links that were clicked; those have rows of their own accord (`feed`).

A URL is worth a row once two messages of the campaign had it. Until then only its hash is kept, and
of those only the latest, so that a million personal URLs take no more room than `KEPT`. Groups are
listed at once: somebody named them.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from tracker import names
from tracker.events import SentLink

KEPT = 200_000
"""URLs remembered of single messages: about 20 MB."""


class Sighting(NamedTuple):
    """A link of a message, by their rows; `name` is what reports call it."""

    campaign_id: int
    message: int
    name: str
    is_group: bool


def sightings(campaign_id: int, message: int, links: Iterable[SentLink]) -> list[Sighting]:
    """Give what a message shows."""
    return [
        Sighting(campaign_id, message, link.group or link.url, link.group is not None)
        for link in links
    ]


def record(db: Database, seen: Iterable[Sighting]) -> None:
    """Have reports list the links that a campaign's messages share."""
    by_link: dict[tuple[int, str], set[int]] = {}
    shared: set[tuple[int, str]] = set()
    for each in seen:
        key = (each.campaign_id, each.name)
        by_link.setdefault(key, set()).add(each.message)
        if each.is_group:
            shared.add(key)
    new = set(by_link) - _listed(db, by_link)
    shared &= new
    once = {_hash(key): key for key in new - shared}
    known = dict(
        names.rows_in(db, "SELECT hash, message FROM sightings WHERE hash IN (:values)", once)
    )
    for digest, key in once.items():
        if len(by_link[key] | ({known[digest]} if digest in known else set())) > 1:
            shared.add(key)
    _list(db, shared)
    _remember(db, {digest: by_link[key] for digest, key in once.items() if key not in shared})


def _listed(db: Database, wanted: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Give those that are listed already."""
    sql = """SELECT campaign_id, name FROM campaign_links JOIN links ON links.id = link_id
             WHERE name IN (:values)"""
    return set(names.rows_in(db, sql, {name for _, name in wanted}))


def _list(db: Database, shared: Iterable[tuple[int, str]]) -> None:
    keys = list(shared)
    rows = names.ids(db, "links", {name for _, name in keys})
    db.conn.executemany(
        "INSERT OR IGNORE INTO campaign_links VALUES (?, ?)",
        [(campaign, rows[name]) for campaign, name in keys],
    )


def _remember(db: Database, once: dict[bytes, set[int]]) -> None:
    if not once:
        return
    db.conn.executemany(
        "INSERT OR IGNORE INTO sightings (hash, message) VALUES (?, ?)",
        [(digest, min(messages)) for digest, messages in once.items()],
    )
    db.execute("DELETE FROM sightings WHERE id <= (SELECT max(id) FROM sightings) - ?", [KEPT])


def _hash(key: tuple[int, str]) -> bytes:
    campaign, name = key
    return hashlib.blake2b(f"{campaign} {name}".encode(), digest_size=12).digest()
