"""Why clicks were judged as they were, in words: what a rule saw is in the other clicks on the copy.

Owns: which of these are read for it.
Does not own: the words (`tracker.judging.words`), or the verdicts.
"""

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from tracker.judging.click import Click, Message, network_of
from tracker.judging.rules import FLOOD
from tracker.judging.words import in_words
from tracker.sql.db import Db
from tracker.sql.spelling import listed
from tracker.store.keys import MessageKey, address_text, event_text, first_of, moment_s

SPAN_S = 900.0
"""Rules look no further around a click."""

_TOGETHER = f"""
    WITH copies AS MATERIALIZED (
        SELECT at_s, of_message, of_recipient, begins, coalesce((
            SELECT event_id FROM clicks WHERE sent_s = at_s AND message_id = of_message
                AND event_id >= begins AND event_id < ends AND recipient = of_recipient
            ORDER BY event_id LIMIT 1 OFFSET {FLOOD}
        ), ends) AS ends
        FROM {{copies}} AS asked
    )
    SELECT sent_s, message_id, recipient, event_id, clicks.number, signals, ip, user_agents.name, reasons
    FROM copies CROSS JOIN clicks ON sent_s = at_s AND message_id = of_message
        AND event_id >= begins AND event_id < ends AND recipient = of_recipient
    CROSS JOIN verdicts ON verdicts.id = verdict_id
    CROSS JOIN user_agents ON user_agents.id = user_agent_id
    CROSS JOIN signal_sets ON signal_sets.id = signal_set_id
    ORDER BY event_id
"""  # noqa: S608 - a constant
_LINKS = """
    SELECT messages.sent_s, messages.message_id, links
    FROM {asked} AS asked CROSS JOIN messages ON messages.sent_s = asked.sent_s
        AND messages.message_id = asked.message_id
    CROSS JOIN link_sets ON link_sets.id = link_set_id
"""
_COPIES = ("at_s", "of_message", "of_recipient", "begins", "ends")
_BOUNDS = ("begins", "ends")
_Copy = tuple[MessageKey, int]


class Which(NamedTuple):
    """A click, on a copy of a message; its id is text."""

    message: MessageKey
    recipient: int
    event_id: str


class _Row(NamedTuple):
    """A click, as it is in the store."""

    event_id: bytes
    number: int
    signals: str
    ip: bytes | None
    agent: str
    reasons: str

    @property
    def click(self) -> Click:
        """The same, as the rules know it."""
        network = network_of(address_text(self.ip))
        at_s, signals = moment_s(self.event_id), tuple(self.signals.split())
        return Click(at_s, self.number, network, self.agent, signals)


def in_words_of(db: Db, clicks: Iterable[Which]) -> Mapping[str, str]:
    """Return the reasons for the verdicts on some clicks, in words, by the ids of these.

    By as many questions for clicks on many copies as on one.
    """
    copies: defaultdict[_Copy, list[bytes]] = defaultdict(list)
    for click in clicks:
        copies[click.message, click.recipient].append(bytes.fromhex(click.event_id))
    if not copies:
        return {}
    links = _links(db, {message for message, _ in copies})
    wanted = {event for events in copies.values() for event in events}
    found: dict[str, str] = {}
    for (message, _), rows in _together(db, copies).items():
        found |= _in_words(rows, wanted, Message(message.sent_s, links.get(message)))
    return found


def _links(db: Db, messages: Iterable[MessageKey]) -> dict[MessageKey, int]:
    """Return how many links messages have, of those of which that is known."""
    sql = _LINKS.replace("{asked}", listed(db.engine, "keys", "sent_s", "message_id"))
    rows = db.execute(sql, {"keys": json.dumps(sorted(messages))})
    return {MessageKey(*key): links for *key, links in rows}


def _together(db: Db, copies: Mapping[_Copy, list[bytes]]) -> Mapping[_Copy, list[_Row]]:
    """Return the clicks on copies around some of these, in order of time."""
    asked = [
        (
            *(*message, recipient),
            first_of(moment_s(min(events)) - SPAN_S).hex(),
            first_of(moment_s(max(events)) + SPAN_S).hex(),
        )
        for (message, recipient), events in copies.items()
    ]
    sql = _TOGETHER.replace("{copies}", listed(db.engine, "copies", *_COPIES, octets=_BOUNDS))
    found: defaultdict[_Copy, list[_Row]] = defaultdict(list)
    for sent_s, message_id, recipient, *row in db.execute(sql, {"copies": json.dumps(asked)}):
        found[MessageKey(sent_s, message_id), recipient].append(_Row(*row))
    return found


def _in_words(rows: Sequence[_Row], wanted: Container[bytes], message: Message) -> dict[str, str]:
    """Return the reasons for the verdicts on those clicks of a copy that are wanted."""
    together = [row.click for row in rows]
    return {
        event_text(row.event_id): "; ".join(
            in_words(each, click, together, message) for each in row.reasons.split()
        )
        for row, click in zip(rows, together, strict=True)
        if row.event_id in wanted
    }
