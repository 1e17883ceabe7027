"""What feeds a store, tells webhooks, sends the stream, and shares decisions with other nodes, each in a thread.

Owns: that all begin and end together, and go by the same configuration.
Does not own: what they do (`tracker.ingest.ingester`, `tracker.webhooks.sender`, `tracker.stream.sender`,
`tracker.nodes.sharing`), or the process that they run in (`child`, `service`).
"""

import contextlib
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from config.schema import Config
from config.telemetry import observe
from tracker.ingest.ingester import Ingester
from tracker.stream.sender import StreamSender
from tracker.webhooks.sender import Sender

if TYPE_CHECKING:
    from tracker.nodes.sharing import Sharing

NICENESS = 5
"""Figures may wait a little where the processor is short; readers and mail may not."""


class Feeding:
    """Feeds the store of `config`, tells its webhooks, sends its stream and shares decisions while the block runs.

    `service` is what the command is called that it is done for.

    Should a thread end before, so does the process, and whoever started it starts another: the rest
    would go on as if nothing were wrong.
    """

    def __init__(self, config: Config, service: str) -> None:
        self._ingester = Ingester(config)
        self._sender = Sender(config, lambda: self._ingester.feeds)
        self._sharing = _sharing(config, self._ingester, service)
        self._stream = StreamSender(
            config, lambda: self._ingester.feeds, lambda: self._ingester.fed
        )
        parts = [
            ("ingester", self._ingester.run),
            ("webhooks", self._sender.run),
            ("stream", self._stream.run),
        ]
        if self._sharing is not None:
            parts.append(("sharing", self._sharing.run))
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(run,), name=name) for name, run in parts
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
        self._ingester.wake()
        for each in self._threads:
            each.join()

    def configure(self, config: Config) -> None:
        """Go by another configuration from now on; store and spool stay where they are."""
        self._ingester.configure(config)
        self._sender.configure(config)
        self._stream.configure(config)
        if self._sharing is not None:
            self._sharing.configure(config)

    def _run(self, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self._stop)
        except BaseException as error:  # noqa: BLE001 - see above
            observe.log(observe.FEEDER_LOST, exc_info=error)
            os._exit(1)


def _sharing(config: Config, ingester: Ingester, service: str) -> "Sharing | None":
    """Return what shares decisions; None on a machine that shares its store with no other.

    There, nothing of it is imported either: such a process starts as fast as ever.
    """
    if config.store.engine == "sqlite":
        return None
    from tracker.nodes import sharing  # noqa: PLC0415 - see above

    return sharing.Sharing(config, lambda: ingester.feeds, ingester.paused, service)


def give_way() -> None:
    """Let other processes come first, where that is allowed."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
