"""Keeping a click before its reader is answered (P9), without ever keeping the reader waiting.

Owns: how long an answer waits for the spool, and what happens when the spool is slow or fails.
Does not own: the spool itself, which holds what it could not write and counts what it drops.
"""

import asyncio

from config import observe
from tracker.events import Clicked
from tracker.spool import Spool, SpoolError

PATIENCE_S = 0.25
"""A reader notices little of this; a group commit takes a few milliseconds."""


class Recorder:
    """Appends clicks to a spool, waiting until they are durable, or `patience_s` at most."""

    def __init__(self, spool: Spool, patience_s: float = PATIENCE_S) -> None:
        self._spool = spool
        self._patience_s = patience_s

    async def record(self, click: Clicked) -> None:
        """Keep one click; whatever goes wrong, the reader can be answered after this."""
        try:
            durable = asyncio.wrap_future(self._spool.append(click))
            await asyncio.wait_for(durable, self._patience_s)
        except (TimeoutError, SpoolError):
            # The spool holds the click and tries again, or has counted it as dropped.
            observe.CLICKS_NOT_DURABLE.inc()
        except Exception as error:  # noqa: BLE001 - no fault of ours may stop a redirect (P8)
            observe.CLICKS_FAILED.inc()
            observe.log(observe.CLICK_FAILED, error=repr(error))
