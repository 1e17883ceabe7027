"""A click and its message, as far as judging looks at them.

Owns: the values, and an order of clicks that does not depend on when they arrived.
Does not own: what events tell of them (`tracker.counting.model`), or what follows (`judge`).
"""

import functools
from dataclasses import dataclass

from config.forwarded import parse_address
from tracker.judging.networks import visitor_network
from tracker.judging.signals import SETTLED, Signals


@dataclass(frozen=True, slots=True)
class Click:
    """One request for a link of a copy. `network` is the visitor's, None where it is not known.

    `network` and `agent` may be pseudonyms (`tracker.privacy.pseudonyms`), which are equal, differ, or
    say neither.
    """

    at_s: float
    link: int
    network: str | None
    agent: str
    signals: Signals

    @property
    def order(self) -> tuple[float, int, str, str, Signals]:
        """Return the place of a click among those of its copy: by time, then by all else."""
        return self.at_s, self.link, self.network or "", self.agent, self.signals

    @property
    def is_settled(self) -> bool:
        """Whether what it was judged by is gone: its verdict stays, and it tells nothing of others."""
        return SETTLED in self.signals

    @property
    def is_ahead(self) -> bool:
        """Whether a browser fetched it ahead: its user may follow the same link at any time."""
        return "prefetch" in self.signals


@dataclass(frozen=True, slots=True)
class Message:
    """What is known of the message; None where it is not. `is_shared`: several read one copy."""

    sent_at_s: float | None = None
    links: int | None = None
    is_shared: bool = False

    def age_s(self, click: Click) -> float | None:
        """Return the seconds from sending to a click; 0 where clocks differ."""
        return None if self.sent_at_s is None else max(0.0, click.at_s - self.sent_at_s)


@functools.lru_cache(maxsize=4096)
def network_of(ip: str | None) -> str | None:
    """Return the network of a visitor, of whom an address or only its network is kept."""
    return visitor_network(parse_address(ip or ""))
