"""Which links a report lists though nobody has clicked them.

Owns: telling links that a campaign's messages share from those that are made for one reader.
Does not own: links that were clicked, which have rows anyway (`batch`), or when a listed link goes
(`tracker.retention.unused_links`).

A URL is worth a row once two messages of the campaign had it, or one that went to several: all of them
have it. Until then only its hash is kept, and of those only the latest, so that a million personal URLs
take no more room than `KEPT`. Groups are listed at once: somebody named them. With a listed link goes the day of the latest message that had
it, so that it can go when those messages do; and its slot, as reports leave out what turns out to
be the reader's own (`personal_links`): a reader may get it twice.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from config.value_objects import value
from tracker.counting.links.personal_links import Slots, Told
from tracker.sql.db import Db
from tracker.store import queries
from tracker.store.keys import MessageKey
from tracker.store.reserved import day_of
from tracker.store.rows import named_rows
from tracker.urls.naming import is_url

KEPT = 200_000
"""URLs remembered of single messages: about 20 MB."""


@value
class Shown:
    """A link of a message: what reports call it, and what people see of it.

    `slot` is what it is compared with; None where somebody named it.
    """

    name: str
    text: str = ""
    slot: bytes | None = None


class Listing(NamedTuple):
    """The links of a message, its key and its campaign's row, its day, and whether several have it."""

    campaign_id: int
    message: MessageKey
    day: int
    several: bool
    links: tuple[Shown, ...]


_Key = tuple[int, str]
"""The row of a campaign, and the name of a link."""
_Days = dict[MessageKey, int]
"""The day of each message, by the message's key."""

_LISTED = """
    SELECT campaign_id, name, day FROM campaign_links JOIN links ON links.id = link_id
    WHERE name IN (:values)
"""
_LIST = """
    INSERT INTO campaign_links (campaign_id, link_id, day, slot) VALUES (?, ?, ?, ?)
    ON CONFLICT (campaign_id, link_id) DO UPDATE SET day = excluded.day
    WHERE excluded.day > campaign_links.day
"""
_PUT_TEXT = """
    UPDATE links SET text = :text WHERE name = :name AND (text IS NULL OR text > :text)
"""
_REMEMBERED = """
    SELECT hash, sent_s, message_id FROM sightings WHERE hash IN (:values)
"""
_REMEMBER = """
    INSERT INTO sightings (hash, sent_s, message_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
"""
_FORGET = "DELETE FROM sightings WHERE id <= (SELECT max(id) FROM sightings) - ?"


def of(messages: Sequence[Told], known: Slots) -> list[Listing]:
    """Return the links of messages as reports call them, but for those always the reader's own."""
    found: dict[tuple[int, int], tuple[Shown, ...]] = {}
    listings = []
    for told in messages:
        message = told.message
        # Most messages of a campaign have the very same links: these are looked at once.
        same = message.campaign_id, id(told.links)
        if (links := found.get(same)) is None:
            links = found[same] = _shown(told, known)
        day, several = day_of(message.key.sent_s), len(told.persons) > 1
        listings.append(Listing(message.campaign_id, message.key, day, several, links))
    return listings


def _shown(told: Told, known: Slots) -> tuple[Shown, ...]:
    own = known.own_numbers(told)
    slots = {link.number: link.slot for link in told.placed}
    return tuple(
        Shown(link.group or link.url, link.text, slots.get(link.number))
        for link in told.links
        if link.number not in own
    )


def record(
    db: Db, listings: Sequence[Listing], new_campaigns: Collection[int] = frozenset()
) -> None:
    """Have reports list the links that a campaign's messages share.

    Of `new_campaigns` none is listed yet, or remembered.
    """
    days, shown = _by_name(listings)
    several = {(each.campaign_id, id(each.links)): each for each in listings if each.several}
    shared = {(each.campaign_id, link.name) for each in several.values() for link in each.links}
    old = [key for key in days if key[0] not in new_campaigns]
    listed = {
        (campaign, name): day for campaign, name, day in queries.rows_in(db, _LISTED, _names(old))
    }
    hashes = {_hash(key): key for key in days if key not in listed and is_url(key[1])}
    _recall(db, days, {each: key for each, key in hashes.items() if key[0] not in new_campaigns})
    once = {key: digest for digest, key in hashes.items() if len(days[key]) == 1}
    single = {key: digest for key, digest in once.items() if key not in shared}
    latest = {key: max(each.values()) for key, each in days.items() if key not in single}
    _list(db, {key: day for key, day in latest.items() if day > listed.get(key, 0)}, shown)
    _put_texts(db, {key: shown[key].text for key in latest.keys() - listed.keys()})
    _remember(db, {digest: min(days[key]) for key, digest in single.items()})


def _by_name(listings: Iterable[Listing]) -> tuple[dict[_Key, _Days], dict[_Key, Shown]]:
    """Return which messages have each link, and one of the ways in which it is shown."""
    alike: dict[tuple[int, int], _Days] = {}
    lists = {(each.campaign_id, id(each.links)): each.links for each in listings}
    for each in listings:
        alike.setdefault((each.campaign_id, id(each.links)), {})[each.message] = each.day
    days: dict[_Key, _Days] = {}
    shown: dict[_Key, Shown] = {}
    for same, found in alike.items():
        for link in lists[same]:
            key = same[0], link.name
            days[key] = {**days[key], **found} if key in days else found
            before = shown.get(key)
            if before is None or (link.text and link.text < (before.text or link.text + " ")):
                shown[key] = link
    return days, shown


def _recall(db: Db, days: dict[_Key, _Days], urls: Mapping[bytes, _Key]) -> None:
    """Add to `days` the messages that were remembered of URLs, by the hashes of these."""
    for digest, *message in queries.rows_in(db, _REMEMBERED, urls):
        key = MessageKey(*message)
        days[urls[digest]] = {key: day_of(key.sent_s), **days[urls[digest]]}


def _names(keys: Iterable[_Key]) -> set[str]:
    return {name for _, name in keys}


def _list(db: Db, days: Mapping[_Key, int], shown: Mapping[_Key, Shown]) -> None:
    """List links, each with the day of the latest message that has it, and with its slot."""
    rows = named_rows.ids(db, "links", _names(days))
    db.executemany(
        _LIST,
        [(key[0], rows[key[1]], day, shown[key].slot) for key, day in days.items()],
    )


def _put_texts(db: Db, texts: Mapping[_Key, str]) -> None:
    """Keep what people see of links that are listed from now on; of several texts, the least."""
    db.executemany(
        _PUT_TEXT, [{"text": text, "name": name} for (_, name), text in texts.items() if text]
    )


def _remember(db: Db, once: Mapping[bytes, MessageKey]) -> None:
    """Remember links of single messages by their hashes."""
    if once:
        # In the order of their index, so that neighbours there are written one after the other.
        db.executemany(_REMEMBER, sorted([(digest, *key) for digest, key in once.items()]))
        db.execute(_FORGET, [KEPT])


def _hash(key: _Key) -> bytes:
    return hashlib.blake2b(f"{key[0]} {key[1]}".encode(), digest_size=12).digest()
