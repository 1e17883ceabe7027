"""What keeps events from being counted, as whoever feeds the store tells it to whoever asks.

Owns: what is told, in words and as octets. Does not own: finding it out (`ingester`, `backlog`), or the
file in which it is told (`lock`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

SHOWN = 5
"""Segments named one by one."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be fed, which segments cannot be read and why, and what has vanished."""

    failing: str = ""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    vanished_octets: int = 0

    @classmethod
    def decode(cls, octets: bytes) -> "Trouble":
        """Read what `encode` wrote; what is no such thing, or half of it, tells of no trouble."""
        try:
            told = json.loads(octets)
            return cls(
                str(told["failing"]),
                {str(name): str(why) for name, why in told["unreadable"].items()},
                int(told["vanished_octets"]),
            )
        except (ValueError, TypeError, LookupError, AttributeError):
            return cls()

    def encode(self) -> bytes:
        """Return it as octets."""
        return json.dumps(asdict(self)).encode()

    def sentences(self) -> Iterator[str]:
        """Yield in words what of the spool cannot be counted now."""
        if self.failing:
            yield self.failing
        for name, why in list(self.unreadable.items())[:SHOWN]:
            yield f"{name} cannot be read: {why}"
        if len(self.unreadable) > SHOWN:
            yield f"and {len(self.unreadable) - SHOWN} more segments cannot be read"
