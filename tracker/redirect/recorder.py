"""Keeping a click or an open before its reader is answered (P9), without delaying the answer long.

Owns: that an answer does not wait longer than it may, and what is counted and logged then.
Does not own: how clicks of one time go to the spool and come back together (`tracker.spool.turns`), or
the spool itself, which holds what it could not write and counts what it drops (`tracker.spool.writer`).
"""

from collections.abc import Callable

from config.telemetry import observe
from tracker.events import Clicked, Opened
from tracker.spool.parcel import framed
from tracker.spool.turns import PATIENCE_S, Turns
from tracker.spool.writer import Spool

Then = Callable[[], None]


class Recorder:
    """Appends clicks to a spool, waiting until they are durable, or `patience_s` at most."""

    def __init__(self, spool: Spool, patience_s: float = PATIENCE_S) -> None:
        self._turns: Turns[Then] = Turns(spool, _answer, patience_s)

    def record(self, click: Clicked | Opened, then: Then) -> None:
        """Keep one click or open, then call back. The spool still holds what it could not write (P9)."""
        self._turns.keep(framed(click), then)


def _answer(calls: list[Then], error: Exception | None) -> None:
    """Call back for clicks that are durable, or have waited long enough."""
    if error is not None:
        observe.CLICKS_NOT_DURABLE.inc(len(calls))
    for then in calls:
        try:
            then()
        except Exception as fault:  # noqa: BLE001 - one reader's answer must not cost another's
            observe.log(observe.REQUEST_FAILED, error=repr(fault))
