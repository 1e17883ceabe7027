"""When there is a stream: while a URL is configured, and this process feeds the store."""

import time
from pathlib import Path

from config.schema import Config, StreamConfig
from tests.support.feeding import put
from tests.support.receiver import Receiver, receiving, stall
from tests.support.sending import Feeds
from tests.support.streaming import ids, slow, streamed, streaming
from tests.support.waiting import until
from tracker.ingest.ingester import Ingester
from tracker.spool.writer import Spool


def test_nothing_is_sent_while_another_feeds_the_store(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """It sends."""
    feeds = Feeds(answer=False)
    put(spool, 1)
    ingester.drain()
    with receiving() as receiver, streaming(streamed(storing, receiver), ingester, feeds=feeds):
        feeds.wait_for_more()
        assert receiver.received == []
        feeds.answer = True
        until(lambda: ids(receiver) == ["e1"])


def test_a_reload_begins_changes_and_ends_it(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """What was sent to one is not sent to the next."""
    with receiving() as first, receiving() as second, streaming(storing, ingester) as sender:
        for number, receiver in enumerate((first, second)):
            sender.configure(streamed(storing, receiver))
            put(spool, number)
            ingester.drain()
            until(lambda to=receiver: to.taken)
        sender.configure(storing)
        put(spool, 2)
        ingester.drain()
        sender.configure(streamed(storing, first))
        until(lambda: len(ids(first)) == 2)
    assert (ids(first), ids(second)) == (["e0", "e2"], ["e1"])


def test_a_receiver_that_stalls_does_not_keep_it_from_ending(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """For longer than a moment."""
    put(spool, 1)
    ingester.drain()
    with receiving(Receiver(then=stall)) as receiver:
        with streaming(streamed(storing, receiver), ingester, slow(60.0)):
            until(lambda: receiver.received)
            begun_s = time.monotonic()
        assert time.monotonic() - begun_s < 30


def test_a_url_is_needed(tmp_path: Path, ingester: Ingester) -> None:
    """`keep` alone sends nothing, and needs nothing."""
    config = Config(stream=StreamConfig(keep=60.0))
    feeds = Feeds()
    with streaming(config, ingester, feeds=feeds):
        pass
    assert feeds.asked == 0
    assert not list(tmp_path.glob("**/stream.offset"))
