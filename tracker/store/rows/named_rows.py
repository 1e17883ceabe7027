"""Rows of the store that are known by a name, as campaigns, and by what many clicks tell alike.

Owns: finding such rows, making those that are new, and how sets of links are told apart.
Does not own: messages and clicks, which point at them (`tracker.counting.batch`), or which links a
report lists though nobody clicked them (`tracker.counting.links.listed_links`).

A set says which numbers of a message stand for links that are not called by the URL that a click
tells: for some it holds their group, for others which parameters of that URL are no part of the
name. It is known by the hash of these, and of how many links there are, so that a million messages with the same forty links share
one set, also where their URLs are each reader's own.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Self

from tracker.events import SentLink
from tracker.judging.judge import Verdict
from tracker.judging.signals import Signals
from tracker.sql.db import Db, Given, Value
from tracker.store import queries
from tracker.store.keys import destination_hash
from tracker.urls.naming import is_url
from tracker.urls.slots import Placed, placed

_PUT_OWN = """
    UPDATE links SET own = 1, text = CASE
        WHEN :text = '' OR text < :text THEN text ELSE :text END
    WHERE id = :link
"""
_PUT_TEXT = "UPDATE links SET text = :text WHERE id = :link AND (text IS NULL OR text > :text)"
_PUT_EXAMPLE = "UPDATE links SET url = :url WHERE id = :link AND (url IS NULL OR url > :url)"
Table = Literal["campaigns", "persons", "domains", "user_agents", "links"]
_SHARED = """
    SELECT name FROM links WHERE name IN (:values)
    AND (own = 1 OR EXISTS (SELECT 1 FROM campaign_links WHERE link_id = links.id))
"""
_OF_CLICKS = "UPDATE {} SET clicks = clicks + ? WHERE id = ?"
_MESSAGES_OF_SET = "UPDATE link_sets SET messages = messages + ? WHERE id = ?"
_VERDICTS = Given(
    "wanted_verdicts",
    {"human": "INTEGER", "doubtful": "INTEGER", "score": "INTEGER", "reasons": "TEXT"},
)
_FIND_VERDICTS = """
    SELECT human, doubtful, score, reasons, id
    FROM wanted_verdicts CROSS JOIN verdicts USING (human, doubtful, score, reasons)
"""
_PUT_VERDICT = (
    "INSERT INTO verdicts (human, doubtful, score, reasons) VALUES (?, ?, ?, ?) RETURNING id"
)
_SIGNALS = Given("wanted_signals", {"method": "TEXT", "signals": "TEXT"})
_FIND_SIGNALS = """
    SELECT method, signals, id FROM wanted_signals CROSS JOIN signal_sets USING (method, signals)
"""
_PUT_SIGNALS = "INSERT INTO signal_sets (method, signals) VALUES (?, ?) RETURNING id"
_PUT_SET = "INSERT INTO link_sets (id, hash, links) VALUES (?, ?, ?)"
_PUT_SET_LINK = """
    INSERT INTO link_set_links (link_set_id, number, link_id) VALUES (?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_PUT_SET_IGNORED = """
    INSERT INTO link_set_ignored (link_set_id, number, params) VALUES (?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_PUT_DESTINATION = "INSERT INTO destinations (id, hash, url) VALUES (?, ?, ?)"


class MessageLinks(NamedTuple):
    """The links of a message, those that nobody named placed; the hash of their set, and how many there are."""

    links: tuple[SentLink, ...]
    placed: Sequence[Placed]
    hash: bytes
    number: int

    @classmethod
    def of(cls, links: tuple[SentLink, ...]) -> Self:
        """Return what the links of a message come to."""
        in_slots, number = placed(links), number_of_links(links)
        return cls(links, in_slots, _set_hash(links, in_slots, number), number)


def _set_hash(links: Collection[SentLink], in_slots: Sequence[Placed], number: int) -> bytes:
    """Return the hash of a set: the same for messages whose numbers stand for the same links.

    `in_slots` are the same links, placed; `number` is how many there are.
    """
    told = [(link.number, name) for link in links if (name := link.group or link.ignored)]
    named = json.dumps([number, *told])
    numbered: dict[int, bytes] = {}
    for link in in_slots:
        numbered.setdefault(link.number, link.slot)
    told_of = (named.encode("ascii"), str(list(numbered)).encode("ascii"), *numbered.values())
    return hashlib.blake2b(b"".join(told_of), digest_size=16).digest()


def number_of_links(links: Iterable[SentLink]) -> int:
    """Return how many links a message has; those of one number are one."""
    return len({link.number for link in links})


def find(db: Db, table: Table, names: Iterable[str]) -> dict[str, int]:
    """Return the rows of those `names` that are known."""
    sql = f"SELECT name, id FROM {table} WHERE name IN (:values)"  # noqa: S608 - names of our own
    return dict(queries.rows_in(db, sql, names))


def shared(db: Db, names: Iterable[str]) -> set[str]:
    """Return which of these names are of links that no single reader has: listed ones, and what all have in common."""
    return {name for (name,) in queries.rows_in(db, _SHARED, names)}


def ids(db: Db, table: Table, names: Collection[str]) -> dict[str, int]:
    """Return the rows of `names`, making those that are new, in alphabetical order."""
    known, made = found_and_made(db, table, names)
    return known | made


def found_and_made(
    db: Db, table: Table, names: Collection[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the rows of those `names` that are known, and of those that are new."""
    known = find(db, table, names)
    new = sorted({name for name in names if name not in known})
    if not new:
        return known, {}
    made = {name: row for row, name in enumerate(new, _first_id(db, table, len(new)))}
    sql = f"INSERT INTO {table} (id, name) VALUES (?, ?)"  # noqa: S608 - names of our own
    db.executemany(sql, [(row, name) for name, row in made.items()])
    return known, made


def _first_id(db: Db, table: Table, count: int) -> int:
    """Return the first of as many free row numbers.

    That of a link which leads to another is not free, and that of a person never is again.
    """
    if table == "persons":
        return db.reserve(table, count)
    free = queries.next_id(db, table)
    if table == "links":
        taken = db.execute("SELECT coalesce(max(link_id), 0) + 1 FROM link_aliases").fetchone()[0]
        free = max(free, int(taken))
    return free


def destination_ids(db: Db, urls: Collection[str]) -> dict[str, int]:
    """Return the rows of destinations, making those that are new."""
    hashes = {destination_hash(url): url for url in urls}
    sql = "SELECT hash, id FROM destinations WHERE hash IN (:values)"
    known = {hashes[key]: row for key, row in queries.rows_in(db, sql, hashes)}
    new = [(key, url) for key, url in hashes.items() if url not in known]
    if new:
        rows = list(enumerate(new, queries.next_id(db, "destinations")))
        db.executemany(_PUT_DESTINATION, [(row, *each) for row, each in rows])
        known |= {url: row for row, (_, url) in rows}
    return known


def verdict_ids(db: Db, verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """Return the rows of verdicts, making those that are new; there are not many."""
    wanted = {
        each: (int(each.human), int(each.doubtful), each.score, " ".join(each.reasons))
        for each in verdicts
    }
    found = _ids_of(db, _VERDICTS, (_FIND_VERDICTS, _PUT_VERDICT), {*wanted.values()})
    return {each: found[row] for each, row in wanted.items()}


SignalSet = tuple[str, Signals]
"""The method of a request, and its signals."""


def signal_set_ids(db: Db, sets: Iterable[SignalSet]) -> dict[SignalSet, int]:
    """Return the rows of what requests showed, making those that are new; there are not many."""
    wanted = {(method, signals): (method, " ".join(signals)) for method, signals in sets}
    found = _ids_of(db, _SIGNALS, (_FIND_SIGNALS, _PUT_SIGNALS), {*wanted.values()})
    return {each: found[row] for each, row in wanted.items()}


def _ids_of(
    db: Db, table: Given, statements: tuple[str, str], wanted: set[tuple[Value, ...]]
) -> dict[tuple[Value, ...], int]:
    """Return the rows that hold these values, making those that are new."""
    if not wanted:
        return {}
    find, put = statements
    found = {tuple(row[:-1]): int(row[-1]) for row in db.execute_given(find, table, wanted)}
    for values in wanted - found.keys():
        found[values] = int(db.execute(put, values).fetchone()[0])
    return found


def count_clicks(db: Db, table: str, more: Mapping[int, int]) -> None:
    """Note by how many more clicks each of these rows is named, of destinations or user agents."""
    db.executemany(_OF_CLICKS.format(table), [(n, row) for row, n in more.items()])


def change_agents(db: Db, changed: Iterable[tuple[int, int]]) -> None:
    """Note that clicks name other agents than before, by the rows of both; who is named by none goes."""
    more: Counter[int] = Counter()
    for before, now in changed:
        more[before] -= 1
        more[now] += 1
    count_clicks(db, "user_agents", more)
    drop_unnamed(db, "user_agents", more)


def count_messages(db: Db, more: Mapping[int, int]) -> None:
    """Note how many more messages have each of these sets of links."""
    db.executemany(_MESSAGES_OF_SET, [(n, row) for row, n in more.items()])


def put_own(db: Db, texts: Mapping[int, str]) -> None:
    """Write down that links are each reader's own, and what people see of them."""
    db.executemany(_PUT_OWN, [{"text": text, "link": row} for row, text in texts.items()])


class LinkSets(NamedTuple):
    """The rows of sets of links, by their hashes; those that were made, by their rows."""

    rows: dict[bytes, int]
    made: dict[int, MessageLinks]


def link_set_ids(db: Db, sets: Iterable[MessageLinks]) -> LinkSets:
    """Return the rows of sets of links, making those that are new.

    Of these it is yet to be written in which slots their links stand (`tracker.counting.links.personal_links`).
    """
    wanted = {each.hash: each for each in sets}
    known: dict[bytes, int] = dict(
        queries.rows_in(db, "SELECT hash, id FROM link_sets WHERE hash IN (:values)", wanted)
    )
    new = [each for key, each in wanted.items() if key not in known]
    if not new:
        return LinkSets(known, {})
    rows = {each.hash: row for row, each in enumerate(new, queries.next_id(db, "link_sets"))}
    db.executemany(_PUT_SET, [(rows[each.hash], each.hash, each.number) for each in new])
    _put_groups(db, [(rows[each.hash], link) for each in new for link in each.links if link.group])
    db.executemany(
        _PUT_SET_IGNORED,
        [
            (rows[each.hash], link.number, "&".join(link.ignored))
            for each in new
            for link in each.links
            if link.ignored and not link.group
        ],
    )
    return LinkSets(known | rows, {rows[each.hash]: each for each in new})


def _put_groups(db: Db, named: Sequence[tuple[int, SentLink]]) -> None:
    """Write down which links of sets somebody named, with the rows of the sets."""
    links = _group_ids(db, [link for _, link in named])
    rows = [(row, link.number, links[link.group]) for row, link in named if link.group]
    db.executemany(_PUT_SET_LINK, rows)


def numbered_links(db: Db, sets: Iterable[int]) -> dict[tuple[int | None, int], int]:
    """Return the link behind each number of each set that has a group."""
    sql = """SELECT link_set_id, number, link_id FROM link_set_links
             WHERE link_set_id IN (:values)"""
    return {(link_set, number): link for link_set, number, link in queries.rows_in(db, sql, sets)}


def ignored_params(db: Db, sets: Iterable[int]) -> dict[tuple[int | None, int], frozenset[str]]:
    """Return the parameters, by their names as written, that are no part of a link's name."""
    sql = """SELECT link_set_id, number, params FROM link_set_ignored
             WHERE link_set_id IN (:values)"""
    return {
        (row[0], row[1]): frozenset(row[2].split("&")) for row in queries.rows_in(db, sql, sets)
    }


def _group_ids(db: Db, links: Iterable[SentLink]) -> dict[str, int]:
    """Return the rows of the groups of links. A group keeps the least of its URLs and of its texts."""
    named = {link.group: link for link in links if link.group}
    rows = ids(db, "links", named)
    db.executemany(
        _PUT_TEXT,
        [{"text": link.text, "link": rows[name]} for name, link in named.items() if link.text],
    )
    db.executemany(
        _PUT_EXAMPLE,
        # A URL is its own example.
        [{"url": link.url, "link": rows[name]} for name, link in named.items() if not is_url(name)],
    )
    return rows


def drop_unnamed(
    db: Db, table: Literal["destinations", "user_agents"], touched: Iterable[int]
) -> None:
    """Delete those of these rows that no click names any more."""
    sql = f"DELETE FROM {table} WHERE id IN (:values) AND clicks <= 0"  # noqa: S608 - names of our own
    queries.change_in(db, sql, touched)
