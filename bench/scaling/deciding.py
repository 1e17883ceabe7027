"""How long it takes until what is decided on one node is in force on the other: two `waypost tracker`.

A host is withdrawn on one node, as `waypost revoke host` writes it down; a reader asks the other node for a link to
it, again and again, until the answer is 410 instead of 302. So the other node answers clicks meanwhile, and
counts them. A decision comes at any moment of the second after which services look for changes.
"""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.scaling.places import Server
from config.schema import StoreConfig
from tests.support.nodes import furnished
from tests.support.readers.links import Links
from tests.support.waiting import until
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import decision

PATIENCE_S = 120.0
POLL_S = 0.002
REDIRECTED, WITHDRAWN = 302, 410


def waits(folder: Path, server: Server, times: int) -> list[float]:
    """Return how long each of so many decisions took, in seconds."""
    url = server.cluster.url(server.cluster.empty_store())
    chance = random.Random(1)
    with _trackers(folder, server, url) as (one, other):
        state = StoreConfig(url=url, state=one.stack.folder, node="a").file
        found = []
        for number in range(times):
            host = f"host{number}.example.org"
            path = other.path(f"https://{host}/")
            if other.ask(path).status != REDIRECTED:
                raise SystemExit(f"a link to {host} does not work before anything was decided")
            time.sleep(chance.random())
            begun_s = time.perf_counter()
            DECISIONS.append(state, decision("revoke", "host", host))
            _wait(other, path, begun_s + PATIENCE_S)
            found.append(time.perf_counter() - begun_s)
    return found


def _wait(node: Links, path: str, deadline_s: float) -> None:
    while node.ask(path).status != WITHDRAWN:
        if time.perf_counter() > deadline_s:
            raise SystemExit(f"not in force on the other node within {PATIENCE_S:g} s")
        time.sleep(POLL_S)


@contextmanager
def _trackers(folder: Path, server: Server, url: str) -> Iterator[tuple[Links, Links]]:
    """Run a tracker on each of two nodes, until the block ends, once they know each other."""
    nodes = furnished(folder, url, "a"), furnished(folder, url, "b")
    with ExitStack() as ending:
        for each in nodes:
            ending.enter_context(each.stack.serving("tracker"))
        until(lambda: server.heard(url) == len(nodes), PATIENCE_S)
        yield nodes
