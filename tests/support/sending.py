"""A store with clicks that webhooks are told of, and a sender with times that tests have patience for."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from config.schema import Config
from tests.support.checks.facts import accepted, clicked, pending
from tests.support.waiting import until
from tracker.counting.batch import feed
from tracker.events import Event
from tracker.judging.rules import Settings
from tracker.outbox.subscriptions import Subscriptions
from tracker.store import database
from tracker.webhooks.schedule import Schedule
from tracker.webhooks.sender import Sender

QUICK = Schedule(
    delays_s=(0.0, *[0.02] * 9),
    timeout_s=10.0,
    lease_s=15.0,
    rest_s=0.01,
    longest_rest_s=0.05,
    idle_s=0.02,
)
SENT = (pending(), accepted())


def fed(config: Config, *events: Event, settings: Settings | None = None) -> None:
    """Feed events to the store of a configuration, as its ingester would."""
    store = database.open_to_feed(config.store)
    with contextlib.closing(store), store.transaction():
        subscriptions = Subscriptions.of(config)
        feed(store.db, events, settings=settings or Settings(), subscriptions=subscriptions)


def clicks(count: int, first: int = 0) -> list[Event]:
    """Return so many clicks, each on a message of its own, which nobody knows."""
    return [
        clicked(f"c{number}", f"{number:016x}", at_s=clicked("").at_s + number)
        for number in range(first, first + count)
    ]


@dataclass
class Feeds:
    """Says whether this process feeds the store, and how often a sender asked for it."""

    answer: bool = True
    asked: int = 0

    def __call__(self) -> bool:
        """Answer."""
        self.asked += 1
        return self.answer

    def wait_for_more(self, times: int = 20) -> None:
        """Wait until it was asked some more times: what was to be sent was sent meanwhile."""
        wanted = self.asked + times
        until(lambda: self.asked >= wanted)


@contextlib.contextmanager
def sending(
    config: Config, feeds: Callable[[], bool] = lambda: True, **changes: Any
) -> Iterator[Sender]:
    """Run a sender in a thread of its own."""
    sender = Sender(config, feeds, **({"schedule": QUICK} | changes))
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()
