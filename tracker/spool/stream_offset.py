"""How far the stream has come in each segment, and how its receiver is: a file among the segments.

Owns: the file, which is replaced durably and as a whole, and what is read of it by who did not write it.
Does not own: sending (`tracker.stream.sender`), or keeping segments for that (`tracker.ingest.held`).

It stands beside the segments, and not beside the store, because it tells of nothing else: a spool that is
moved, or put back, takes it along.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from config.files import durable
from config.files.regular import opener_without_links

NAME = "stream.offset"
MAX_OCTETS = 4 * 1024 * 1024
"""More than the names of all segments that there is room for."""


@dataclass(frozen=True, slots=True)
class StreamOffset:
    """The octets of each segment that the receiver has; it took so many `events` in all, the last at `sent_at_s`.

    `failing` is why it takes none since `failing_since_s`, empty where it does. It is `stopped` where it
    wants nothing more. Moments are in seconds since 1970.
    """

    sent: Mapping[str, int] = field(default_factory=dict)
    events: int = 0
    sent_at_s: float | None = None
    failing: str = ""
    failing_since_s: float | None = None
    stopped: bool = False

    @classmethod
    def load(cls, directory: Path) -> "StreamOffset":
        """Return what stands in the spool's folder; what is missing or damaged tells of nothing sent.

        Then events are sent again, which receivers have to expect at any time. Raises OSError where
        the file is there, and cannot be read.
        """
        try:
            with open(directory / NAME, "rb", opener=opener_without_links) as file:
                return cls.decode(file.read(MAX_OCTETS))
        except FileNotFoundError:
            return cls()

    @classmethod
    def decode(cls, octets: bytes) -> "StreamOffset":
        """Read what `encode` wrote; what is no such thing, or half of it, tells of nothing sent."""
        try:
            told = json.loads(octets)
            return cls(
                {str(name): int(at) for name, at in told["sent"].items()},
                int(told["events"]),
                _moment(told["sent_at_s"]),
                str(told["failing"]),
                _moment(told["failing_since_s"]),
                bool(told["stopped"]),
            )
        except (ValueError, TypeError, LookupError, AttributeError):
            return cls()

    def encode(self) -> bytes:
        """Return it as octets."""
        return json.dumps(asdict(self)).encode() + b"\n"

    def save(self, directory: Path) -> None:
        """Write it in place of the one that is there, all or nothing, durably; raises OSError."""
        unfinished = directory / f".{NAME}.new"
        descriptor = durable.open_or_make(unfinished, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self.encode())
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(directory / NAME)
        durable.sync_directory(directory)


def _moment(told: object) -> float | None:
    return None if told is None else float(str(told))
