"""What one person was sent and clicked.

Owns: the question, its queries, and telling in words why each click was judged as it was.
Does not own: the words (`tracker.judging.words`), or how an answer is printed (`tracker.cli.printing`).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tracker.judging.click import Click, Message, network_of
from tracker.judging.words import in_words
from tracker.reports.clicks import shown
from tracker.reports.figures import Json
from tracker.sql.db import Db
from tracker.sql.spelling import ascii_lower
from tracker.store.keys import address_text, message_text, moment_s

_PERSON = """
    WITH person AS (
        SELECT sent_s, message_id, number, person_id, accepted, clicks
        FROM deliveries WHERE person_id IN (SELECT id FROM persons WHERE name IN (:names))
        UNION
        SELECT sent_s, message_id, number, person_id, accepted, clicks FROM deliveries
        WHERE address COLLATE NOCASE IN (:in_lower_case) AND address IN (:names)
    )
"""
_SENT = f"""
    {_PERSON}
    SELECT person.sent_s AS at_s, 'sent' AS event, person.message_id,
        campaigns.name AS campaign, (
            SELECT text FROM details JOIN detail_texts ON detail_texts.id = subject_id
            WHERE details.sent_s = person.sent_s AND details.message_id = person.message_id
                AND details.number <= person.number ORDER BY details.number DESC LIMIT 1
        ) AS subject, NULL AS link, NULL AS url, NULL AS human, NULL AS doubtful, NULL AS score, NULL AS reasons
    FROM person CROSS JOIN messages ON messages.sent_s = person.sent_s
        AND messages.message_id = person.message_id
    CROSS JOIN campaigns ON campaigns.id = campaign_id
    WHERE accepted = 1 OR clicks > 0 OR (shared = 1 AND counted = 1)
"""  # noqa: S608 - a constant
_CLICKED = f"""
    {_PERSON}
    SELECT event_id, 'clicked' AS event, campaigns.name AS campaign, NULL AS subject, links.name AS link,
        nullif(destinations.url, links.name) AS url, human, doubtful, score, reasons,
        person.sent_s, person.message_id, recipient, clicks.number, signals, ip,
        user_agents.name AS agent, link_sets.links
    FROM person CROSS JOIN messages ON messages.sent_s = person.sent_s
        AND messages.message_id = person.message_id
    CROSS JOIN clicks ON clicks.sent_s = person.sent_s
        AND clicks.message_id = person.message_id AND recipient = person.number
    CROSS JOIN campaigns ON campaigns.id = campaign_id
    CROSS JOIN links ON links.id = link_id
    CROSS JOIN destinations ON destinations.id = destination_id
    CROSS JOIN user_agents ON user_agents.id = user_agent_id
    CROSS JOIN verdicts ON verdicts.id = verdict_id
    CROSS JOIN signal_sets ON signal_sets.id = signal_set_id
    LEFT JOIN link_sets ON link_sets.id = link_set_id
    WHERE person_id IS NOT NULL AND shared = 0
"""  # noqa: S608 - a constant

COLUMNS = (
    *("at", "event", "message_id", "campaign", "subject", "link", "url", "human", "doubtful"),
    *("score", "reasons", "why"),
)
"""Columns of the answer, which one of no rows has as well. `subject` is that of what was sent, as long as
details are kept; `why` has the reasons in words."""


FOR_PEOPLE = ("at", "event", "campaign", "subject", "link", "human", "why")
"""Those that a table has room for."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """The clicks on one copy, in order of time, and its message."""

    message: Message
    clicks: list[Click]


def activity(db: Db, *names: str) -> Iterator[Json]:
    """Yield what a person was sent and clicked, the latest first.

    By addresses, or ids of the application's; all are one person's, and written as they stand in the
    store (`tracker.store.rows.persons.written_alike`).
    """
    asked = {"names": list(names), "in_lower_case": [ascii_lower(each) for each in names]}
    told = [{**row, "why": None} for row in db.query(_SENT, asked)]
    clicked = [{**row, "at_s": moment_s(row["event_id"])} for row in db.query(_CLICKED, asked)]
    told += _clicked(clicked)
    for row in sorted(told, key=lambda each: each["at_s"], reverse=True):
        facts = shown({**row, "message_id": message_text(row["message_id"])})
        yield {name: facts[name] for name in COLUMNS}


def _clicked(rows: list[Json]) -> Iterator[Json]:
    """Yield clicks with the reasons for their verdicts in words."""
    clicks = [_click(row) for row in rows]
    copies: dict[tuple[int, int, int], _Copy] = {}
    together: dict[tuple[int, int, int], list[Click]] = defaultdict(list)
    for row, click in zip(rows, clicks, strict=True):
        together[_key(row)].append(click)
        copies[_key(row)] = _Copy(_message(row), together[_key(row)])
    for members in together.values():
        members.sort(key=lambda each: each.order)
    for row, click in zip(rows, clicks, strict=True):
        copy = copies[_key(row)]
        words = [
            in_words(each, click, copy.clicks, copy.message) for each in row["reasons"].split()
        ]
        yield {**row, "why": "; ".join(words)}


def _key(row: Json) -> tuple[int, int, int]:
    """Return which copy a click was on."""
    return row["sent_s"], row["message_id"], row["recipient"]


def _click(row: Json) -> Click:
    signals = tuple(row["signals"].split())
    return Click(
        row["at_s"], row["number"], network_of(address_text(row["ip"])), row["agent"], signals
    )


def _message(row: Json) -> Message:
    return Message(row["sent_s"], row["links"])
