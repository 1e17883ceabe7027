"""What feeds a store and tells webhooks: the ingester and the sender, each in a thread.

Owns: that both begin and end together, and go by the same configuration.
Does not own: what they do (`tracker.ingest.ingester`, `tracker.webhooks.sender`), or the process that
they run in (`child`, `service`).
"""

import contextlib
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from config.schema import Config
from config.telemetry import observe
from tracker.ingest.ingester import Ingester
from tracker.webhooks.sender import Sender

NICENESS = 5
"""Figures may wait a little where the processor is short; readers and mail may not."""


class Feeding:
    """Feeds the store of `config` and tells its webhooks while the block runs.

    Should a thread end before, so does the process, and whoever started it starts another: half of it
    would go on as if nothing were wrong.
    """

    def __init__(self, config: Config) -> None:
        self._ingester = Ingester(config)
        self._sender = Sender(config, lambda: self._ingester.feeds)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(run,), name=name)
            for name, run in (("ingester", self._ingester.run), ("webhooks", self._sender.run))
        ]

    def __enter__(self) -> Self:
        """Begin."""
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End, once what is under way is done."""
        self._stop.set()
        for each in self._threads:
            each.join()

    def configure(self, config: Config) -> None:
        """Go by another configuration from now on; store and spool stay where they are."""
        self._ingester.configure(config)
        self._sender.configure(config)

    def _run(self, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self._stop)
        except BaseException as error:  # noqa: BLE001 - see above
            observe.log(observe.FEEDER_LOST, exc_info=error)
            os._exit(1)


def give_way() -> None:
    """Let other processes come first, where that is allowed."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
