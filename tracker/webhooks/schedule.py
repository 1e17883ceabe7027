"""How long is waited: between the attempts of an event, and for a webhook that fails.

Owns: the table of delays, how long a failing webhook rests, what `Retry-After` says, and all bounds of
time. Does no I/O.
Does not own: what becomes due then (`tracker.outbox.queue`), or the attempts (`worker`).

Each event is tried by the table of Standard Webhooks 1.0.0 ("Deliverability and reliability"): ten times
within 75 hours. Besides, a webhook that fails rests, for up to a minute, and then one event is tried
alone; so a receiver that is down for long is asked little, and no event's attempts are used up while
thousands wait with it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from time import time

DELAYS_S = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Before each attempt, since the one before."""
LONGEST_RETRY_AFTER_S = 86_400.0
JITTER = 0.1
"""By how much of it a delay may be longer, so that not all events come back at once."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """All bounds of time, in seconds, and the clock.

    `timeout_s` is for an attempt from name to answer, `lease_s` how long nobody else tries it; a failing
    webhook rests from `rest_s` to `longest_rest_s`. `idle_s` is how often it is looked for what is due.
    """

    delays_s: tuple[float, ...] = DELAYS_S
    timeout_s: float = 15.0
    lease_s: float = 20.0
    rest_s: float = 1.0
    longest_rest_s: float = 60.0
    idle_s: float = 0.5
    clock: Callable[[], float] = time

    def due_s(self, attempts: int, retry_after_s: float = 0.0) -> float | None:
        """Return when an event is tried again after so many attempts; None: it is given up."""
        if attempts >= len(self.delays_s):
            return None
        delay_s = self.delays_s[attempts] * (1 + random.random() * JITTER)  # noqa: S311 - no secret
        return self.clock() + max(delay_s, retry_after_s)

    def rests_until_s(self, failures: int, retry_after_s: float = 0.0) -> float:
        """Return until when a webhook rests that failed so many times, one after another."""
        rest_s = self.rest_s * 2.0 ** min(failures - 1, 20)
        return self.clock() + max(min(rest_s, self.longest_rest_s), retry_after_s)

    @property
    def latest_s(self) -> float:
        """The latest moment that anything can be due at; beyond it, a clock was wrong."""
        return self.clock() + max(*self.delays_s, LONGEST_RETRY_AFTER_S) * (1 + JITTER) + 3600


def retry_after_s(value: str, now_s: float) -> float:
    """Return the seconds that a `Retry-After` asks for (RFC 9110 §10.2.3), a day at most; 0 for none."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
        at_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(0.0, at_s - now_s), LONGEST_RETRY_AFTER_S)
