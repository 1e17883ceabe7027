"""All webhooks of a configuration, each with a worker, in one thread beside the ingester.

Owns: which workers run: those of the configuration in force, while this process feeds the store.
Does not own: what a worker does (`worker`), who feeds the store (`tracker.ingest.ingester`), or when the
configuration is read again (`tracker.app.reload`).

Of several processes on one machine, the one whose ingester feeds the store sends, so no two do. Of several
nodes on one store, all do, each what none of the others has taken for an attempt (`tracker.outbox.queue`).
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from config.schema import Config, WebhookConfig
from tracker.webhooks.connecting import Resolve, addresses_of
from tracker.webhooks.held_store import HeldStore
from tracker.webhooks.schedule import Schedule
from tracker.webhooks.worker import Means, Worker

GRACE_S = 3.0
"""How long attempts that are under way at the end may go on."""


class Sender:
    """Tells the webhooks of `config` what is due, while `feeds` says that this process feeds the store."""

    def __init__(
        self,
        config: Config,
        feeds: Callable[[], bool],
        *,
        schedule: Schedule | None = None,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = addresses_of,
    ) -> None:
        """Take other bounds of time, certificates or names than the system's for tests."""
        self._feeds = feeds
        self._schedule = schedule or Schedule()
        self._tls, self._resolve = tls, resolve
        self._place = config.store
        self._webhooks: dict[str, WebhookConfig] = {}
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take a configuration that was read anew; from any thread. The store stays where it is."""
        self._webhooks = {each.called: each for each in config.webhook}

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set."""
        while not stop.is_set():
            if self._feeds() and self._webhooks:
                asyncio.run(self._serve(stop))
            else:
                stop.wait(self._schedule.idle_s)

    async def _serve(self, stop: threading.Event) -> None:
        """Send while there are webhooks."""
        store = HeldStore(self._place, stop.is_set)
        means = Means(store, self._schedule, self._tls, self._resolve)
        running: dict[str, _Running] = {}
        try:
            while self._webhooks and not stop.is_set():
                await self._attend(running, means)
                await asyncio.sleep(self._schedule.idle_s)
        finally:
            await _end(list(running.values()))
            store.close()

    async def _attend(self, running: dict[str, "_Running"], means: Means) -> None:
        """Have a worker for each webhook of the configuration in force, and no other."""
        wanted = self._webhooks if self._feeds() else {}
        other = [
            each
            for each in running.values()
            if wanted.get(each.name) != each.worker.webhook or each.task.done()
        ]
        await _end(other)
        for each in other:
            del running[each.name]
        for name, webhook in wanted.items():
            if name not in running:
                running[name] = _Running(Worker(webhook, means), self._feeds)


@dataclass
class _Running:
    """A worker at work."""

    worker: Worker
    feeds: Callable[[], bool]
    ends: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin."""
        self.name = self.worker.webhook.called
        self.task = asyncio.create_task(self.worker.run(self._goes_on, self._wait))

    def _goes_on(self) -> bool:
        return not self.ends.is_set() and self.feeds()

    async def _wait(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self.ends.wait()


async def _end(running: "list[_Running]") -> None:
    """Have workers end: what is under way may go on for a moment; the rest is due again later."""
    if not running:
        return
    for each in running:
        each.ends.set()
    tasks = [each.task for each in running]
    _, late = await asyncio.wait(tasks, timeout=GRACE_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
