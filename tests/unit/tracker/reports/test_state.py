"""How the store is."""

from pathlib import Path

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tests.support.checks.plans import scans
from tests.support.postgresql import cluster
from tracker.reports.state import state
from tracker.retention.retention import purge
from tracker.store.file.file_store import FileStore
from tracker.store.reserved import DAY_S
from tracker.store.server.schema import STEPS


def test_an_empty_store_has_no_moments(tmp_path: Path) -> None:
    """It has a size, though."""
    store = FileStore.open(tmp_path / "waypost.db")
    found = state(store.db, store.path)
    assert found.octets > 0
    assert (found.messages, found.deliveries, found.clicks) == (0, 0, 0)
    assert (found.oldest_s, found.latest_s, found.last_click_s) == (None, None, None)
    store.close()


def test_a_store_on_a_server_has_a_size_and_steps() -> None:
    """As its server tells."""
    with cluster().lent_store() as db:
        found = state(db, Path("no file"))
    assert (found.step, found.messages) == (list(STEPS)[-1], 0)
    assert found.octets > 1_000_000
    assert (found.engine, found.version.partition(".")[0].isdecimal()) == ("postgresql", True)


def test_what_was_purged_stays_counted(tmp_path: Path) -> None:
    """The oldest message that is kept is another then."""
    store = FileStore.open(tmp_path / "waypost.db")
    put(store.db, pending(), accepted(), clicked("c1", at_s=SENT_S + 5))
    later_s = SENT_S + 9 * DAY_S
    put(store.db, pending("m2", at_s=later_s), accepted("m2", sent_s=later_s))
    put(store.db, clicked("c2", "m2", sent_at_s=later_s, at_s=later_s + 7))
    before = state(store.db, store.path)
    assert (before.oldest_s, before.latest_s, before.last_click_s) == (SENT_S, later_s, later_s + 7)
    purge(store, SENT_S + DAY_S)
    after = state(store.db, store.path)
    assert (after.messages, after.clicks, after.oldest_s) == (2, 2, later_s)
    assert after.purged_before_s == SENT_S + DAY_S
    assert list(scans(store.db, lambda: state(store.db, store.path))) == []
    store.close()
