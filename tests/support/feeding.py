"""What tests of the spool and the store share: clicks, and an ingester in its thread."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from config.schema import Config
from config.telemetry.observe import REGISTRY
from tests.support.waiting import until
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.ingest.chunk import Chunk
from tracker.ingest.ingester import Ingester
from tracker.reports import summary
from tracker.spool import segments
from tracker.spool.link_sets import LinkSets
from tracker.spool.writer import Spool
from tracker.sql.sqlite import SQLite
from tracker.store import database
from tracker.store.keys import address_text, event_octets, message_text, moment_s

_CLICKS = """
    SELECT event_id, clicks.sent_s, clicks.message_id, recipient, clicks.number, destinations.url AS destination,
        method, signals, human, doubtful, score, reasons, ip, user_agents.name AS user_agent,
        campaigns.name AS campaign, links.name AS link, persons.name AS person
    FROM arrivals JOIN clicks USING (sent_s, message_id, arrival)
    JOIN messages USING (sent_s, message_id)
    JOIN campaigns ON campaigns.id = campaign_id
    JOIN links ON links.id = link_id
    JOIN destinations ON destinations.id = destination_id
    JOIN user_agents ON user_agents.id = user_agent_id
    JOIN signal_sets ON signal_sets.id = signal_set_id
    JOIN verdicts ON verdicts.id = verdict_id
    LEFT JOIN deliveries ON shared = 0 AND deliveries.sent_s = clicks.sent_s
        AND deliveries.message_id = clicks.message_id AND deliveries.number = recipient
    LEFT JOIN persons ON persons.id = person_id
    ORDER BY arrival
"""
_MESSAGES = """
    SELECT sent_s, message_id, domains.name AS sender_domain, campaigns.name AS campaign,
        link_set_id, shared, counted, unknown
    FROM messages JOIN campaigns ON campaigns.id = campaign_id
    LEFT JOIN domains ON domains.id = domain_id
    ORDER BY sent_s, message_id
"""
SENT_S = int(time.time())


def click(number: int) -> Clicked:
    """Return a click on a message that nobody knows."""
    return Clicked(
        event_id=f"e{number}",
        at_s=SENT_S + 0.5,
        message_id=f"{number % 7:016x}",
        recipient=1,
        link=1,
        sent_at_s=SENT_S,
        destination="https://example.net/",
        method="GET",
        human=True,
        reasons=(),
        ip=None,
        user_agent="Browser/1",
    )


def spooled(directory: Path) -> list[Event]:
    """Return the events of all segments, messages with their links; nothing may be damaged."""
    found: list[Event] = []
    for path in segments.listing(directory):
        descriptor = segments.open_to_read(path)
        records = segments.read(descriptor, 0, segments.MAX_RECORD_OCTETS, finished=True)
        chunk = Chunk.read(records, LinkSets(), descriptor)
        assert not list(chunk.damaged())
        found.extend(chunk.events())
        os.close(descriptor)
    return found


def put(spool: Spool, *numbers: int) -> None:
    """Append clicks durably."""
    for future in [spool.append(click(number)) for number in numbers]:
        future.result(5)


def spool_message(config: Config, campaign: str, number: int, *, at_s: float | None = None) -> None:
    """Put a message to one recipient, which the relay took, into the spool."""
    spool = Spool.open(config.store.spool_dir, "proxy")
    at_s = time.time() if at_s is None else at_s
    pending = MessagePending(
        f"{number:016x}", at_s, "example.com", campaign, shared=False,
        recipients=(Recipient(1, "reader@example.net"),),
        links=(SentLink(1, "https://example.com/", None, "<b>text</b>"),),
    )  # fmt: skip
    spool.append(pending)
    spool.append(MessageAccepted(pending.message_id, at_s, (1,)))
    spool.close()


@contextlib.contextmanager
def running(ingester: Ingester) -> Iterator[None]:
    """Run the ingester in its thread."""
    stop = threading.Event()
    thread = threading.Thread(target=ingester.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        ingester.wake()
        thread.join(10)
        assert not thread.is_alive()


def click_count(config: Config) -> int:
    """Count the clicks in the store, which must be sound."""
    with database.reading(config.store) as db:
        if db.engine == "sqlite":
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counted = summary.report(db).totals.clicks_all
        assert db.execute("SELECT count(*) FROM clicks").fetchone() == (counted,)
    return counted


def rows(config: Config, table: str) -> int:
    """Count the rows of a table."""
    with database.reading(config.store) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does to a store, which need not be there yet."""

    def holds() -> bool:
        with contextlib.suppress(database.StoreError):
            return condition()
        return False

    until(holds)


def click_rows(db: SQLite) -> list[dict[str, Any]]:
    """Return every click of a store in the order in which they came, in words instead of numbers.

    With the moment, and with the campaign, link and person for which it counts.
    """
    return [
        {
            **row,
            "event_id": row["event_id"].hex(),
            "at_s": moment_s(row["event_id"]),
            "message_id": message_text(row["message_id"]),
            "ip": address_text(row["ip"]),
        }
        for row in db.query(_CLICKS)
    ]


def message_rows(db: SQLite) -> list[dict[str, Any]]:
    """Return every message of a store by the time of sending, in words instead of numbers."""
    return [{**row, "message_id": message_text(row["message_id"])} for row in db.query(_MESSAGES)]


def stored_id(event_id: str, at_s: float) -> str:
    """Return how the store writes the id of a click of this moment."""
    return event_octets(event_id, at_s).hex()


def metric(name: str, **labels: str) -> float:
    """Return what a metric says now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
