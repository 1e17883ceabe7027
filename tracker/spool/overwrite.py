"""Records of the spool, overwritten in place.

Owns: that a record keeps its length, so that neither the writer, who appends, nor the ingester, who
reads on from where it was, notices.
Does not own: which records are rewritten, and how (`tracker.erasure.spool`,
`tracker.ingest.ingester`), or the form of a record (`segments`).
"""

import contextlib
import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from config.files.regular import opener_without_links
from tracker.events import BadEvent, Clicked, decode, encode, erased
from tracker.spool import segments
from tracker.spool.segments import Record


def erase_clicks(path: Path, records: Sequence[Record], event_ids: Collection[str]) -> None:
    """Rewrite those clicks among the records of a segment as clicks of nobody; raises OSError."""
    with open(path, "r+b", buffering=0, opener=opener_without_links) as file:
        for record in records:
            with contextlib.suppress(BadEvent):
                event = decode(record.payload or b"")
                if isinstance(event, Clicked) and event.event_id in event_ids:
                    overwrite(file.fileno(), record, encode(erased(event)))


def fields_of(payload: bytes) -> dict[str, Any] | None:
    """Return what the event in a payload says, as JSON holds it; None where there is no event."""
    try:
        decode(payload)
    except BadEvent:
        return None
    said: dict[str, Any] = json.loads(payload)
    return said


def overwrite(descriptor: int, record: Record, payload: bytes) -> bool:
    """Write a payload in the place of a record's own; return False where it is too long.

    Where it is shorter, blanks follow it. Raises OSError.
    """
    if record.payload is None or len(payload) > len(record.payload):
        return False
    octets = segments.frame(payload.ljust(len(record.payload)))
    os.pwrite(descriptor, octets, record.end - len(record.raw))
    return True
