"""A spool that is counted and streamed, with times that tests have patience for; and what came of it."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from config.schema import Config, StreamConfig
from tests.support.receiver import Receiver
from tests.support.sending import QUICK
from tracker.ingest.ingester import Ingester
from tracker.stream.sender import StreamSender
from tracker.stream.worker import Means

MEANS = Means(schedule=QUICK)


def streamed(config: Config, receiver: Receiver, **changes: Any) -> Config:
    """Return a configuration whose stream leads to a receiver."""
    stream = StreamConfig(url=receiver.url.replace("clicks", "events"), **changes)
    return config.model_copy(update={"stream": stream})


def lines(receiver: Receiver) -> list[dict[str, Any]]:
    """Return what a receiver took, in the order in which it did."""
    return [json.loads(line) for each in list(receiver.taken) for line in each.body.splitlines()]


def ids(receiver: Receiver) -> list[str]:
    """Return the ids of what a receiver took."""
    return [line["id"] for line in lines(receiver)]


def once(found: list[str]) -> list[str]:
    """Return them without what came again, each where it came first."""
    return list(dict.fromkeys(found))


@contextlib.contextmanager
def streaming(
    config: Config,
    ingester: Ingester,
    means: Means = MEANS,
    feeds: Callable[[], bool] | None = None,
) -> Iterator[StreamSender]:
    """Run the sender of a stream in a thread of its own."""
    sender = StreamSender(config, feeds or (lambda: True), lambda: ingester.fed, means)
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def slow(timeout_s: float) -> Means:
    """Return means by which an attempt may take so long."""
    return replace(MEANS, schedule=replace(QUICK, timeout_s=timeout_s))
