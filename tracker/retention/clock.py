"""How late it is, as far as the store can tell: a purge cannot be undone, and a clock may be wrong.

Owns: when the machine's clock is believed, and before which moment things are old. It is sans-IO.
Does not own: where the latest known moment is kept, and what is deleted (`retention`), or when
(`tracker.ingest.ingester`, `waypost purge`).

The rules:
- A moment is known to have come when the clock was believed then, when the service has run for that
  long since one that is known (a monotonic clock measures this), or when an event of that day is
  counted and no gap lies before it.
- The clock is believed when it is ahead of the latest known moment by no more than a gap: as long as
  a machine may plausibly have been off. A purge goes by the clock then, else by the known moment,
  and never beyond the latter.
- Before anything is counted no moment is known, however long the service has run; and one of many
  years ago, as a machine without a clock of its own tells it when it starts, is none.
- A latest known moment in the future, which a wrong clock left behind, is given up once the events of
  a former day agree with the clock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from tracker.store.reserved import DAY_S, day_of

MAX_GAP_S = 30 * DAY_S
"""For so long a machine may be off, or idle and restarted, without anybody being asked."""

EARLIEST_S = datetime(2001, 1, 1, tzinfo=UTC).timestamp()
"""Earlier ones come from a machine that knew no time, and counted from 1970 or 2000."""


def gap_s(retention_s: float) -> float:
    """Return by how much the clock may be ahead: a wrong one never costs half of what is kept."""
    return min(MAX_GAP_S, retention_s / 2)


@dataclass(frozen=True, slots=True)
class Time:
    """What a reading of the clock is worth; moments in seconds since 1970.

    `known_s` is the latest moment that was known before this reading; 0: none was, as nothing is
    counted.
    """

    clock_s: float
    known_s: float
    believed: bool

    @property
    def latest_s(self) -> float:
        """The latest moment that is known now."""
        return max(self.known_s, self.clock_s) if self.believed else self.known_s

    def before_s(self, age_s: float) -> float:
        """Return the moment before which everything is older than `age_s`; 0 where none is known."""
        now_s = self.clock_s if self.believed else min(self.clock_s, self.known_s)
        return max(0.0, min(now_s - age_s, self.known_s))


def read(clock_s: float, known_s: float, ran_s: float, days: Collection[int], gap_s: float) -> Time:
    """Return what the clock's `clock_s` is worth, given the latest known moment (0: none).

    `ran_s` is how long the service has run since that moment was last noted; `days` are those on
    which something was counted, numbered as by `day_of`: all from a gap before the earlier of clock
    and known moment on.
    """
    today = day_of(clock_s)
    past = sorted(day for day in days if day <= today)
    agree = any(clock_s - gap_s <= day * DAY_S for day in past if day < today)
    known_s = known_s if known_s >= EARLIEST_S else 0
    if not known_s or (agree and known_s > clock_s + gap_s):
        known_s = _end_of(past[-1], clock_s) if past else 0
    if known_s:
        known_s = max(known_s, min(known_s + ran_s, clock_s))
    for day in past:
        if day * DAY_S <= known_s + gap_s:
            known_s = max(known_s, _end_of(day, clock_s))
    return Time(clock_s, known_s, believed=known_s > 0 and clock_s <= known_s + gap_s)


def _end_of(day: int, clock_s: float) -> float:
    """Return the latest moment at which something of a day may have happened."""
    return min((day + 1) * DAY_S, clock_s)


def written(at_s: float) -> str:
    """Return a moment as people read it, to the minute."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
