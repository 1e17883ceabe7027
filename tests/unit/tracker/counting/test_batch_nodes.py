"""Feeding events from several nodes at once to one store: sums are what a recount of its rows says."""

import contextlib
import threading
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.checks.facts import in_memory, put
from tests.support.checks.histories import histories
from tests.support.checks.recount import judged_sums, recount, recount_judged
from tests.support.postgresql import cluster
from tracker.counting.batch import feed
from tracker.events import Event
from tracker.reports import summary
from tracker.sql.postgresql import connect

from tests.support.checks.facts import NAMING  # isort: skip

CHUNK = 3
"""Events of a transaction: few, so that nodes take turns often."""


def fed_by_nodes(url: str, nodes: Sequence[Sequence[Event]]) -> None:
    """Feed what each node has, all of them at once."""
    failed: list[Exception] = []

    def node(events: Sequence[Event]) -> None:
        try:
            with contextlib.closing(connect(url, by_index=True)) as db:
                for at in range(0, len(events), CHUNK):
                    with db.transaction():
                        feed(db, events[at : at + CHUNK], NAMING)
        except Exception as error:  # noqa: BLE001 - raised below, in the thread of the test
            failed.append(error)

    threads = [threading.Thread(target=node, args=(events,)) for events in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in failed:
        raise error


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(histories(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_nodes_that_feed_at_once_come_to_the_sums_of_a_recount(
    events: list[Event], count: int, random: st.DataObject
) -> None:
    """Events shuffled, repeated, and split over one to four nodes; and to those of one file of SQLite."""
    nodes: list[list[Event]] = [[] for _ in range(count)]
    for event in (*events, *events[::2]):
        nodes[random.randrange(count)].append(event)
    url = cluster().url(cluster().empty_store())
    fed_by_nodes(url, nodes)
    one = in_memory()
    put(one, *events)
    with contextlib.closing(connect(url)) as db:
        assert summary.report(db) == recount(db)
        assert judged_sums(db) == recount_judged(db)
        assert summary.report(db) == summary.report(one)
    one.close()
