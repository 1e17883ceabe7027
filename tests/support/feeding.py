"""What tests of the spool and the store share: clicks, and an ingester in its thread."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from config.schema import Config
from config.telemetry.observe import REGISTRY
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.ingest.chunk import Chunk
from tracker.ingest.ingester import Ingester
from tracker.reports import summary
from tracker.spool import segments
from tracker.spool.link_sets import LinkSets
from tracker.spool.writer import Spool
from tracker.store import database

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
        thread.join(10)


def click_count(config: Config) -> int:
    """Count the clicks in the store, which must be sound."""
    with database.reading(config.store.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counted = summary.report(db).totals.clicks_all
        assert counted == db["clicks"].count
    return counted


def rows(config: Config, table: str) -> int:
    """Count the rows of a table."""
    with database.reading(config.store.path) as db:
        return int(db[table].count)


def eventually(condition: Callable[[], bool], within_s: float = 15) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with contextlib.suppress(database.StoreError):
            if condition():
                return
        time.sleep(0.02)
    raise AssertionError("it did not come about in time")


def metric(name: str, **labels: str) -> float:
    """Return what a metric says now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
