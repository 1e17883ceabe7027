"""Why clicks were judged as they were, in words: what a rule saw is in the other clicks on the copy.

Owns: which of these are read for it.
Does not own: the words (`tracker.judging.words`), or the verdicts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tracker.judging.click import Click, Message, network_of
from tracker.judging.rules import FLOOD
from tracker.judging.words import in_words
from tracker.sql.db import Db
from tracker.store.keys import MessageKey, address_text, event_text, first_of, moment_s

SPAN_S = 900.0
"""Rules look no further around a click."""

_TOGETHER = f"""
    SELECT event_id, clicks.number, signals, ip, user_agents.name, reasons
    FROM clicks CROSS JOIN verdicts ON verdicts.id = verdict_id
    CROSS JOIN user_agents ON user_agents.id = user_agent_id
    CROSS JOIN signal_sets ON signal_sets.id = signal_set_id
    WHERE sent_s = :sent_s AND message_id = :message_id
        AND event_id >= :first AND event_id < :last AND recipient = :recipient
    ORDER BY event_id LIMIT {FLOOD}
"""  # noqa: S608 - a constant
_LINKS = """
    SELECT links FROM messages CROSS JOIN link_sets ON link_sets.id = link_set_id
    WHERE sent_s = :sent_s AND message_id = :message_id
"""


class Which(NamedTuple):
    """A click, on a copy of a message; its id is text."""

    message: MessageKey
    recipient: int
    event_id: str


def in_words_of(db: Db, clicks: Iterable[Which]) -> Mapping[str, str]:
    """Return the reasons for the verdicts on some clicks, in words, by the ids of these."""
    copies: defaultdict[tuple[MessageKey, int], list[bytes]] = defaultdict(list)
    for click in clicks:
        copies[click.message, click.recipient].append(bytes.fromhex(click.event_id))
    found: dict[str, str] = {}
    for (message, recipient), events in copies.items():
        found |= _of_copy(db, message, recipient, events)
    return found


def _of_copy(db: Db, message: MessageKey, recipient: int, events: list[bytes]) -> dict[str, str]:
    bounds = {
        "first": first_of(moment_s(min(events)) - SPAN_S),
        "last": first_of(moment_s(max(events)) + SPAN_S),
    }
    rows = db.execute(_TOGETHER, {**message._asdict(), "recipient": recipient, **bounds}).fetchall()
    together = [_click(*row[:5]) for row in rows]
    (links,) = db.execute(_LINKS, message._asdict()).fetchone() or (None,)
    about = Message(message.sent_s, links)
    wanted = set(events)
    return {
        event_text(row[0]): "; ".join(
            in_words(each, click, together, about) for each in row[5].split()
        )
        for row, click in zip(rows, together, strict=True)
        if row[0] in wanted
    }


def _click(event_id: bytes, number: int, signals: str, ip: bytes | None, agent: str) -> Click:
    network = network_of(address_text(ip))
    return Click(moment_s(event_id), number, network, agent, tuple(signals.split()))
