"""Forgetting a person in the spool: what was fed already, and still stands in segments.

Owns: which records tell of the person, and what they say afterwards.
Does not own: what gives a person away (`patterns`), writing in place (`tracker.spool.overwrite`),
the form of segments (`tracker.spool.segments`), or feeding them (`tracker.ingest.ingester`).

As a rule only records that the store has are rewritten, for the ingester has yet to read the others. Should
the store be lost and a segment be fed again, rewritten records tell of nobody. Where the ingester is paused, the
others are rewritten, too, and are counted as mail to nobody.
"""

import contextlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.files.regular import opener_without_links
from tracker.erasure.patterns import PersonPatterns
from tracker.persons import written_alike
from tracker.spool import segments
from tracker.spool.overwrite import fields_of, overwrite
from tracker.spool.segments import Record
from tracker.store.reserved import ERASED_ADDRESS

_QUARANTINE = "quarantine"
CHUNK_OCTETS = 64 * 1024
"""Rewritten at once, while the ingester does not write to the segment."""

IsErased = Callable[[str, float, int], bool]
"""Whether the copy is a tombstone that events tell of by a message's id, its second, and a number."""


Alone = Callable[[], AbstractContextManager[None]]
"""Entered while records are rewritten, so that nobody else does the same."""
nobody_else: Alone = contextlib.nullcontext
"""For where there is no store, and so nobody who feeds it."""
Failed = Callable[[OSError], None]
"""Called with why a file cannot be read, or written; raises that where all ends by it."""


def ends(error: OSError) -> None:
    """Raise what came of a file, so that no other is rewritten before it can be."""
    raise error


def _none_is(_message_id: str, _sent_at_s: float, _number: int) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Traces:
    """What tells of a person in events. `copies` are message ids and recipient numbers.

    `campaigns` are the former and present names of those that the store has renamed.
    """

    names: Collection[str]
    patterns: PersonPatterns
    copies: Collection[tuple[str, int]] = ()
    campaigns: Mapping[str, str] = field(default_factory=dict)
    is_erased: IsErased = _none_is


def redact(
    directory: Path,
    fed: Mapping[str, int],
    traces: Traces,
    alone: Alone = nobody_else,
    failed: Failed = ends,
) -> tuple[int, int]:
    """Rewrite every record that tells of a person; return how many were, and how many could not be.

    `fed` are the octets of each segment that the store has. While `alone` is entered, nobody else
    rewrites records: a chunk at a time. Raises OSError.
    """
    task = _Task(traces, alone)
    for path in _files(directory):
        try:
            task.file(path, fed)
        except FileNotFoundError:
            continue
        except OSError as error:
            failed(error)
    return task.done, task.left


def redact_each(
    directory: Path, names: Collection[str] | None, traces: Traces, alone: Alone
) -> list[str]:
    """Do the same while nobody feeds the segments; return the files that cannot be read, or written.

    `names` are those of the files that are to be rewritten, as returned here; None: all.
    """
    task = _Task(traces, alone)
    left = []
    for path in _files(directory):
        name = str(path.relative_to(directory))
        if names is None or name in names:
            try:
                task.file(path, None)
            except FileNotFoundError:
                continue
            except OSError:
                left.append(name)
    return left


def _files(directory: Path) -> list[Path]:
    """Return all files of a spool that hold records; raises OSError."""
    return [*segments.listing(directory), *sorted((directory / _QUARANTINE).glob("*"))]


class _Task:
    """Rewriting the files of one spool; `done` and `left` count records."""

    def __init__(self, traces: Traces, alone: Alone) -> None:
        self._alone = alone
        self._is_erased = traces.is_erased
        self._names = {written_alike(name) for name in traces.names} - {""}
        self._copies = set(traces.copies)
        self._campaigns = traces.campaigns
        self._patterns = traces.patterns
        self._own_sets: set[str] = set()
        self._links_of_others: set[str] = set()
        self.done = self.left = 0

    def file(self, path: Path, fed: Mapping[str, int] | None) -> None:
        """Rewrite what was fed of a segment, or every record that is whole. Raises OSError."""
        with open(path, "r+b", buffering=0, opener=opener_without_links) as file:
            descriptor = file.fileno()
            end: int | None = os.fstat(descriptor).st_size
            if path.parent.name != _QUARANTINE:
                end = None if fed is None else fed.get(path.name, 0)
            self._look_at_links(descriptor)
            # A record that is being written is its writer's.
            finished = end is not None or segments.is_finished(descriptor)
            at = 0
            while end is None or at < end:
                read = self._chunk(descriptor, at, end, finished=finished)
                if read == at:
                    break
                at = read
            os.fsync(descriptor)

    def _chunk(self, descriptor: int, at: int, end: int | None, *, finished: bool) -> int:
        """Rewrite some records; return where the next one is."""
        with self._alone():
            records = segments.read(descriptor, at, CHUNK_OCTETS, finished=finished)
            for record in records:
                if end is None or record.end <= end:
                    self._record(descriptor, record)
        return records[-1].end if records else at

    def _look_at_links(self, descriptor: int) -> None:
        """See which links others have as well, and which sets of links only messages to the person alone have."""
        sets: dict[str, str] = {}
        theirs: set[str] = set()
        others: set[str] = set()
        self._links_of_others = set()
        for record in _records(descriptor):
            if b'"links":[{' not in record.raw and b'"link_set":"' not in record.raw:
                continue
            event = fields_of(record.payload or b"") or {"kind": None}
            if event["kind"] == "links":
                sets[event["name"]] = json.dumps(event["links"])
            elif event["kind"] == "pending":
                alone = all(map(self._is_theirs, event["recipients"]))
                if name := event.get("link_set"):
                    (theirs if alone else others).add(name)
                elif not alone:
                    self._links_of_others.add(json.dumps(event["links"]))
        self._links_of_others |= {sets[name] for name in others if name in sets}
        self._own_sets = {
            name for name in theirs - others if sets.get(name) not in self._links_of_others
        }

    def _record(self, descriptor: int, record: Record) -> None:
        if record.payload is None:
            masked = self._patterns.masked(record.raw)
            if masked != record.raw:
                os.pwrite(descriptor, masked, record.end - len(record.raw))
                self.done += 1
            return
        payload = self._rewritten(record.payload)
        if payload == record.payload:
            return
        if overwrite(descriptor, record, payload):
            self.done += 1
        else:
            self.left += 1

    def _rewritten(self, payload: bytes) -> bytes:
        """Return a payload without the person; the same where it told nothing of them."""
        event = fields_of(payload)
        if event is None:
            return self._patterns.masked(payload)
        if not self._redacted(event):
            return payload
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()

    def _redacted(self, event: dict[str, Any]) -> bool:
        """Change an event; return whether it told of the person."""
        before = json.dumps(event)
        match event["kind"]:
            case "pending":
                self._redact_pending(event)
            case "links":
                self._redact_links(event, alone=event["name"] in self._own_sets)
            case "handled":
                self._redact_handled(event)
            case "clicked":
                theirs = self._is_theirs_copy(event)
                event["destination"] = self._patterns.without(event["destination"], theirs=theirs)
                if theirs:
                    event.update(ip=None, user_agent="")
                    event.pop("network", None)
        return json.dumps(event) != before

    def _redact_pending(self, event: dict[str, Any]) -> None:
        theirs = [to for to in event["recipients"] if self._is_theirs(to)]
        for to in theirs:
            to.update(address=ERASED_ADDRESS, person=None)
            self._copies.add((event["message_id"], to["number"]))
        alone = len(theirs) == len(event["recipients"])
        if (campaign := event["campaign"]) is not None:
            event["campaign"] = self._campaign(campaign)
        alone = alone and json.dumps(event["links"]) not in self._links_of_others
        self._redact_links(event, alone=alone)

    def _campaign(self, name: str) -> str:
        """Return what a campaign is called now; a name that is longer than before has no room."""
        now = self._campaigns.get(name)
        fits = now is not None and len(now.encode()) <= len(name.encode("utf-8", "surrogatepass"))
        return now if now is not None and fits else self._patterns.without(name)

    def _redact_handled(self, event: dict[str, Any]) -> None:
        """Of mail to nobody else, no subject is left; who sends to others may be the person, too."""
        theirs = [to for to in event["recipients"] if self._is_theirs(to)]
        for to in theirs:
            to.update(address=ERASED_ADDRESS, person=None)
        alone = len(theirs) == len(event["recipients"])
        if not event["recipients"]:
            alone = (event["message_id"], event["number"]) in self._copies
        for name in ("sender", "reply", "subject", "header_message_id", "account"):
            if said := event.get(name):
                event[name] = self._patterns.without(said, theirs=alone)
        if alone:
            event.update(subject="", header_message_id=None, queue_id=None)

    def _redact_links(self, event: dict[str, Any], *, alone: bool) -> None:
        for link in event["links"]:
            for name in ("url", "group", "text"):
                link[name] = link[name] and self._patterns.without(link[name], theirs=alone)

    def _is_theirs_copy(self, event: dict[str, Any]) -> bool:
        message, recipient = event["message_id"], event["recipient"]
        if (message, recipient) in self._copies:
            return True
        return self._is_erased(message, event["sent_at_s"], recipient)

    def _is_theirs(self, to: dict[str, Any]) -> bool:
        known = {written_alike(to["address"]), written_alike(to["person"] or "")}
        return not known.isdisjoint(self._names)


def _records(descriptor: int) -> Iterator[Record]:
    """Yield the records of a segment; raises OSError."""
    at = 0
    while records := segments.read(descriptor, at, CHUNK_OCTETS, finished=True):
        yield from records
        at = records[-1].end
