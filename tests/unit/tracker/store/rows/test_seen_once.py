"""Rows of slots of which one message told: nothing shows that they are kept otherwise than others."""

from collections.abc import Iterator, Mapping
from random import Random

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, put
from tests.support.checks.people import erased
from tests.support.checks.personal import SITE, known_of_slots, mail
from tests.support.engines import engine, gives_back
from tracker.events import Event
from tracker.reports import summary
from tracker.retention import retention
from tracker.sql.sqlite import SQLite
from tracker.store.rows import seen_once, slots

__all__ = ["engine", "gives_back"]

IN_SETS = "SELECT id FROM link_sets"
DAY_S = 86400


@pytest.mark.parametrize("seed", range(12))
def test_all_is_as_if_there_were_no_such_rows(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After mail, clicks, purges, and somebody who was forgotten; also on a server that a file was moved to."""
    chance = Random(seed)
    one, other, most = empty(), empty(), 0
    for step in range(12):
        at_s = SENT_S + step * DAY_S
        events = [event for n in range(chance.randrange(1, 6)) for event in sent(chance, step, n)]
        chance.shuffle(events)
        purges, forgets = chance.random() < 0.2, chance.random() < 0.2
        reader = f"r{chance.randrange(1, 7)}@example.net"
        for db in (one, other):
            with monkeypatch.context() as patched:
                patched.setattr(seen_once, "are_kept", {one: True, other: False}.get)
                put(db, *events)
                if purges:
                    retention.purge(db, at_s - 4 * DAY_S)
                if forgets:
                    erased(db, reader)
        assert shown(one) == shown(other)
        most = max(most, one["slots_seen_once"].count)
    assert most > 1
    assert other["slots_seen_once"].count == 0
    one.close()
    other.close()


def sent(chance: Random, step: int, number: int) -> Iterator[Event]:
    """Yield a message, its acceptance, and maybe a click; many of its links are alike others'."""
    message_id = f"m{step}-{number}"
    pages = [chance.randrange(4) for _ in range(chance.randrange(1, 4))]
    urls = [f"{SITE}{page}/{chance.randrange(4)}?u={chance.choice('ab')}" for page in pages]
    at_s = SENT_S + step * DAY_S
    yield mail(
        chance.randrange(1, 7),
        urls,
        chance.choice(("Sale", "More", f"For {message_id}")),
        message_id=message_id,
        campaign=chance.choice(("spring", "autumn", f"of {message_id}")),
        at_s=at_s,
    )
    yield accepted(message_id, 1, sent_s=at_s)
    if chance.random() < 0.3:
        about = {"destination": urls[0], "sent_at_s": at_s, "at_s": at_s + 60}
        yield clicked(f"c{message_id}", message_id, **about)


def shown(db: SQLite) -> Mapping[str, object]:
    """Return all that is known of slots, where links stand, and what reports say."""
    sets = [row for (row,) in db.execute(IN_SETS)]
    figures = summary.report(db)
    return {
        "slots": known_of_slots(db),
        "numbers": {key: bytes(slot) for key, slot in slots.numbers(db, sets).items()},
        "report": (figures.links, figures.campaigns, figures.totals),
        "moves": db["slot_moves"].count,
    }


def test_a_message_of_its_own_takes_a_row_of_each_slot(db: SQLite) -> None:
    """And none elsewhere, in a file; on a server, where others may count beside, it is as ever."""
    put(db, mail(1, [f"{SITE}1", f"{SITE}a/b?c=d"], "Sale"))
    counts = {table: db[table].count for table in ("slots_seen_once", "slots", "slot_values")}
    in_a_file = db.engine == "sqlite"
    assert counts == dict(zip(counts, (2, 0, 0) if in_a_file else (0, 2, 4), strict=True))


def test_a_slot_that_is_seen_again_has_a_row_no_more(db: SQLite) -> None:
    """It stands among the others then, with both values; that nobody else saw stays."""
    put(db, mail(1, [f"{SITE}1", f"{SITE}own/1"], "Sale"))
    put(db, mail(2, [f"{SITE}2"], "Sale"))
    assert {row[-1] for row in known_of_slots(db)} == {"r1@example.net", "r2@example.net"}
    if db.engine == "sqlite":
        assert (db["slots_seen_once"].count, db["slots"].count) == (1, 1)


def test_values_are_read_as_they_were_written() -> None:
    """Also of a place without one."""
    held = seen_once.held(["a", "", "b"])
    once = seen_once.SeenOnce(1, b"h", 2, 3, 4, "1 7", held)
    assert len(held) == 24
    first, none, last = once.values
    assert (none, first != last, isinstance(first, int)) == (None, True, True)
    assert once.numbered == [(2, 1, b"h"), (2, 7, b"h")]
