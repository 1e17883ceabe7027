"""The stream of a configuration, sent in a thread beside the ingester.

Owns: whether there is a worker: where a URL is configured, and while this process feeds the store.
Does not own: what it does (`worker`), who feeds the store (`tracker.ingest.ingester`), or when the
configuration is read again (`tracker.app.reload`).
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable

from config.schema import Config
from tracker.stream.cursor import Position
from tracker.stream.worker import Means, Worker

GRACE_S = 3.0
"""How long a request that is under way at the end may go on."""
LOOK_S = 0.1
"""How often it is looked whether this is the end."""


class StreamSender:
    """Sends what was `fed` to the receiver of `config`, while `feeds` says that this process feeds the store."""

    def __init__(
        self,
        config: Config,
        feeds: Callable[[], bool],
        fed: Callable[[], Position],
        means: Means | None = None,
    ) -> None:
        self._config = config
        self._feeds = feeds
        self._fed = fed
        self._means = means or Means()

    def configure(self, config: Config) -> None:
        """Take a configuration that was read anew; from any thread. The spool stays where it is."""
        self._config = config

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set."""
        while not stop.is_set():
            if self._config.stream.url is None:
                stop.wait(self._means.schedule.idle_s)
            else:
                asyncio.run(self._serve(stop))

    async def _serve(self, stop: threading.Event) -> None:
        """Send while a URL is configured."""
        while not stop.is_set() and self._config.stream.url is not None:
            config = self._config

            def goes_on(config: Config = config) -> bool:
                return not stop.is_set() and self._config is config and self._feeds()

            if config.stream.url is not None and goes_on():
                worker = Worker(config, config.stream.url, self._fed, self._means)
                await self._work(worker, goes_on)
            else:
                await asyncio.sleep(self._means.schedule.idle_s)

    async def _work(self, worker: Worker, goes_on: Callable[[], bool]) -> None:
        """Have a worker work while it may; a request under way then may go on for a moment."""
        ends = asyncio.Event()

        async def wait(pause_s: float) -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await ends.wait()

        task = asyncio.create_task(worker.run(lambda: not ends.is_set() and goes_on(), wait))
        while goes_on() and not task.done():
            await asyncio.wait([task], timeout=min(self._means.schedule.idle_s, LOOK_S))
        ends.set()
        await asyncio.wait([task], timeout=GRACE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
