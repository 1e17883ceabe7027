"""The process that feeds, from within: it goes by its orders, and ends with who gives them."""

import multiprocessing
import signal
from unittest import mock

from config.schema import Config
from config.telemetry import observe
from tests.support.feeding import click_count, eventually, put
from tracker.counting.feeder import Feeder
from tracker.feeding import child
from tracker.ingest.ingester import Ingester
from tracker.spool.writer import Spool


def test_it_ends_when_nobody_is_there_to_give_orders(storing: Config, spool: Spool) -> None:
    """As when its parent was killed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=child.feed, args=(theirs, "tracker"))
    process.start()
    theirs.close()
    ours.send((storing, {}))
    put(spool, 1)
    eventually(lambda: click_count(storing) == 1)
    ours.close()
    process.join(60)
    assert process.exitcode == 0


def test_it_goes_by_the_latest_order(storing: Config) -> None:
    """Until there is none."""
    without = storing.model_copy(
        update={"privacy": storing.privacy.model_copy(update={"details": 0.0})}
    )
    configured: list[bool] = []
    plain = Ingester.configure

    def noting(ingester: Ingester, config: Config) -> None:
        plain(ingester, config)
        configured.append(Feeder.of(config).keeps_details)

    ours, theirs = multiprocessing.Pipe()
    ours.send((storing, {}))
    ours.send((without, {}))
    ours.close()
    with (
        mock.patch.object(Ingester, "configure", noting),
        mock.patch.object(child, "give_way"),
        mock.patch.object(signal, "signal"),
        mock.patch.object(observe, "configure"),
    ):
        child.feed(theirs, "tracker")
    assert configured == [True, False]


def test_it_ends_where_there_never_was_an_order() -> None:
    """As when its parent was killed while this one began."""
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    with mock.patch.object(signal, "signal"), mock.patch.object(child, "give_way") as begun:
        child.feed(theirs, "tracker")
    begun.assert_not_called()
