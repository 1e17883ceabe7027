"""Domains of a campaign's recipients."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.checks.plans import scans
from tracker.events import Recipient
from tracker.reports.breakdown import breakdown
from tracker.reports.campaigns import domains as module
from tracker.reports.campaigns.domains import domains
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S

NAMELESS, NEWS = 1, 3


@pytest.fixture
def mailed() -> Db:
    """Return a store of mail to six people at one domain and two at others, on two days."""
    db = empty()
    people = [f"p{n}@many.example" for n in range(6)] + ["a@one.example", "id-7"]
    to = tuple(Recipient(n, address) for n, address in enumerate(people, 1))
    for day in range(2):
        message, at_s = f"m{day}", SENT_S + day * DAY_S
        put(db, pending(message, recipients=to, at_s=at_s))
        put(db, accepted(message, *range(1, 9), sent_s=at_s))
    machine = {"human": False, "method": "HEAD", "reasons": ("head/1",), "signals": ("head",)}
    put(db, clicked("c1", "m0", recipient=2), clicked("c2", "m0", recipient=2, link=2, **machine))
    return db


def test_domains_of_few_people_are_one(mailed: Db) -> None:
    """Their figures would be those people's."""
    found = domains(mailed, NEWS)
    assert [(each.name, each.deliveries) for each in found.rows] == [
        ("many.example", 12),
        ("other", 4),
    ]
    assert (found.is_all, str(found.since)) == (True, "2026-09-21")


def test_deliveries_clicks_and_machines_are_counted_as_reports_do(mailed: Db) -> None:
    """The same figures as `--by recipient-domain`."""
    told = {each.name: each for each in domains(mailed, NEWS).rows}
    for row in breakdown(mailed, "recipient-domain", campaign="news"):
        each = told.pop(row["domain"])
        assert each.deliveries == row["deliveries"]
        assert each.clicked == row["clicked_deliveries"]
        assert (each.people, each.people + each.machines) == (
            row["clicks_human"],
            row["clicks_all"],
        )
    assert told == {}
    many = domains(mailed, NEWS).rows[0]
    assert (many.machine_share, domains(mailed, NEWS).rows[1].machine_share) == (
        many.machines / (many.people + many.machines),
        None,
    )


def test_no_more_messages_are_looked_at_than_one_can_wait_for(
    mailed: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest, and it says since when."""
    monkeypatch.setattr(module, "MOST_MESSAGES", 1)
    found = domains(mailed, NEWS)
    assert (sum(each.deliveries for each in found.rows), found.is_all) == (8, False)
    assert str(found.since) == "2026-09-22"


def test_what_is_looked_at_and_counts_for_nothing_is_looked_at_all_the_same(
    mailed: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later messages that nobody took crowd out one that counts, and it says so."""
    monkeypatch.setattr(module, "MOST_MESSAGES", 2)
    put(mailed, *(pending(f"u{n}", at_s=SENT_S + DAY_S + 9) for n in range(2)))
    found = domains(mailed, NEWS)
    assert (found.rows, str(found.since), found.is_all) == ((), "2026-09-22", False)


def test_a_period_is_of_its_days(mailed: Db) -> None:
    """And of nothing, there is nothing."""
    day = Period.of_days(SENT_S, SENT_S + DAY_S)
    assert sum(each.deliveries for each in domains(mailed, NEWS, day).rows) == 8
    nothing = domains(mailed, NEWS, Period.of_days(0, DAY_S))
    assert (nothing.rows, nothing.since, nothing.is_all) == ((), None, True)


def test_a_message_of_which_only_the_250_is_known_is_no_delivery(mailed: Db) -> None:
    """As in reports."""
    put(mailed, accepted("m9"))
    assert domains(mailed, NAMELESS).rows == ()


def test_no_table_that_grows_is_looked_through(mailed: Db) -> None:
    """Nor all entries of an index."""
    assert list(scans(mailed, lambda: domains(mailed, NEWS))) == []
