"""Records of the spool, overwritten in place."""

import contextlib
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from tracker.events import BadEvent, Clicked, decode, encode, erased
from tracker.spool import segments
from tracker.spool.segments import Record


def redact_clicks(path: Path, records: Sequence[Record], event_ids: Collection[str]) -> None:
    """Rewrite those clicks among the records of a segment; raises OSError."""
    with path.open("r+b", buffering=0) as file:
        for record in records:
            with contextlib.suppress(BadEvent):
                event = decode(record.payload or b"")
                if isinstance(event, Clicked) and event.event_id in event_ids:
                    _put(file.fileno(), record, encode(erased(event)))


def _put(descriptor: int, record: Record, payload: bytes) -> bool:
    """Write a payload in the place of a record's own; False where it is too long."""
    if record.payload is None or len(payload) > len(record.payload):
        return False
    octets = segments.frame(payload.ljust(len(record.payload)))
    os.pwrite(descriptor, octets, record.end - len(record.raw))
    return True
