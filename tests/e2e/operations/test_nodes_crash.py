"""Kill -9 of two nodes' feeders and of their PostgreSQL while they count; `make crash-nodes` does it for longer."""

from pathlib import Path

import pytest

from tests.crash.nodes import Wanted, crash


@pytest.mark.timeout(900)
def test_killed_nodes_and_servers_count_every_event_once(tmp_path: Path) -> None:
    """And sums are what a recount of the rows says."""
    outcome = crash(tmp_path, Wanted(kills=20, server_kills=3, events=2000))
    assert outcome.faults == {}, outcome.table()
    assert (outcome.kills, outcome.server_kills, outcome.told) == (20, 3, 2000)
    assert outcome.amid > 0
