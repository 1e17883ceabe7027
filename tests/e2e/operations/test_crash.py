"""Kill -9 of everything under load: nothing acknowledged is lost. `make crash` does it for longer."""

import os
from pathlib import Path

import pytest

from tests.crash.run import Wanted, crash

SECONDS = float(os.environ.get("WAYPOST_CRASH_SECONDS", "8"))


@pytest.mark.parametrize("copies", ["shared", "per-recipient"])
async def test_no_acknowledged_message_is_lost_when_everything_is_killed(
    copies: str, tmp_path: Path
) -> None:
    """Nor half of one delivered, nor refused by us, nor delivered twice without a cause."""
    kills = max(3, int(SECONDS / 2))
    wanted = Wanted(SECONDS, kills, messages=60, applications=8, copies=copies)
    outcome = await crash(tmp_path, wanted)
    assert outcome.faults == {}, outcome.table()
    assert min(outcome.kills.values()) >= 1
    assert len(outcome.ledger.acknowledged) >= 60
