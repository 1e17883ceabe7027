"""Forgetting a person in the spool: what was fed already, and still stands in segments.

Owns: rewriting records in place. Does not own: what gives a person away (`needles`), the form of
segments (`segments`), or feeding them (`ingest`).

Only what the store has is rewritten, octet for octet of the same length, so that neither the writer,
who appends, nor the ingester, who reads on from where it was, notices. Should the store be lost and
a segment be fed again, its records are those of somebody who was forgotten.
"""

import contextlib
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tracker import segments
from tracker.attribution import ERASED_ADDRESS
from tracker.names import normal_address
from tracker.needles import Needles

CHUNK_OCTETS = 1024 * 1024


def redact(
    directory: Path,
    fed: Mapping[str, int],
    names: Collection[str],
    copies: Collection[tuple[str, int]],
    needles: Needles,
) -> tuple[int, int]:
    """Rewrite every record that tells of a person; gives how many were, and how many could not be.

    `fed` are the octets of each segment that the store has, `copies` the person's: ids of messages
    and recipient numbers. Raises OSError.
    """
    task = _Task(names, copies, needles)
    for path in segments.listing(directory):
        with contextlib.suppress(FileNotFoundError), path.open("r+b", buffering=0) as file:
            task.segment(file.fileno(), fed.get(path.name, 0))
    for path in directory.glob("quarantine/*"):
        task.damaged(path)
    return task.done, task.left


class _Task:
    def __init__(
        self, names: Collection[str], copies: Collection[tuple[str, int]], needles: Needles
    ) -> None:
        self._names = {name.lower() for name in names}
        self._copies = set(copies)
        self._needles = needles
        self.done = self.left = 0

    def segment(self, descriptor: int, end: int) -> None:
        """Rewrite what stands before `end`."""
        at = 0
        while at < end and (records := segments.read(descriptor, at, CHUNK_OCTETS, finished=False)):
            for record in records:
                if record.end <= end and record.payload is not None:
                    self._record(descriptor, record.end - len(record.raw), record.payload)
            at = records[-1].end
        os.fsync(descriptor)

    def damaged(self, path: Path) -> None:
        """Mask what gives the person away where nobody can read records any more."""
        text = path.read_text("latin-1")
        masked = self._needles.anywhere.sub(lambda found: "x" * len(found[0]), text)
        if masked != text:
            path.write_text(masked, "latin-1")
            self.done += 1

    def _record(self, descriptor: int, at: int, payload: bytes) -> None:
        event = json.loads(payload)
        if not self._redacted(event):
            return
        octets = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        if len(octets) > len(payload):
            self.left += 1
            return
        os.pwrite(descriptor, segments.frame(octets.ljust(len(payload))), at)
        self.done += 1

    def _redacted(self, event: dict[str, Any]) -> bool:
        """Change an event; says whether it told of the person."""
        before = json.dumps(event)
        match event.get("kind"):
            case "pending":
                for to in event["recipients"]:
                    if self._is_theirs(to):
                        to.update(address=ERASED_ADDRESS, person=None)
                        self._copies.add((event["message_id"], to["number"]))
                for link in event["links"]:
                    link["url"] = self._needles.without(link["url"])
                    if link["group"]:
                        link["group"] = self._needles.without(link["group"])
            case "clicked":
                theirs = (event["message_id"], event["recipient"]) in self._copies
                event["destination"] = self._needles.without(event["destination"], theirs=theirs)
                if theirs:
                    event.update(ip=None, user_agent="")
        return json.dumps(event) != before

    def _is_theirs(self, to: dict[str, Any]) -> bool:
        known = {normal_address(to["address"]).lower(), (to["person"] or "").lower()}
        return not known.isdisjoint(self._names - {""})
