"""The latest clicks: by recipient domain, and examples."""

import pytest

from tests.support.checks.facts import SENT_S, accepted, clicked, pending, put
from tracker.events import Recipient
from tracker.reports.breakdown import FEWEST, OTHER
from tracker.reports.machines import sample as sampling
from tracker.reports.machines.sample import Sample, sample
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.reserved import DAY_S


@pytest.fixture
def clicked_by_many(db: Db) -> Db:
    """Return a store in which five at one domain and two at another clicked, the first by machines."""
    readers = [f"r{n}@Many.example" for n in range(FEWEST)] + ["a@few.example", "b@few.example"]
    recipients = tuple(Recipient(n, each) for n, each in enumerate(readers, 1))
    put(db, pending(recipients=recipients), accepted("m1", *range(1, 8)))
    for number in range(1, 8):
        method = "HEAD" if number <= FEWEST else "GET"
        at_s = SENT_S + 9000 + 2000 * number
        put(db, clicked(f"c{number}", recipient=number, at_s=at_s, method=method))
    return db


def test_domains_have_their_share_of_machines(clicked_by_many: Db) -> None:
    """Domains of few persons are one row, as they would tell of these."""
    found = sample(clicked_by_many, Period())
    assert (found.looked_at, found.is_all) == (7, True)
    told = [(each.domain, each.judged.clicks, each.judged.machines) for each in found.domains]
    assert told == [("many.example", FEWEST, FEWEST), (OTHER, 2, 0)]


def test_each_rule_has_examples_as_the_log_has_them(clicked_by_many: Db) -> None:
    """A few; those who may not see single clicks are told none."""
    found = sample(clicked_by_many, Period())
    assert set(found.examples) == {"head"}
    assert len(found.examples["head"]) == sampling.EXAMPLES
    assert found.examples["head"][0]["method"] == "HEAD"
    assert found.examples["head"][0]["person"].endswith("@many.example")
    assert sample(clicked_by_many, Period(), examples=False).examples == {}


def test_what_is_looked_at_is_bounded(clicked_by_many: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the answer says so."""
    monkeypatch.setattr(sampling, "LOOKED_AT", 3)
    found = sample(clicked_by_many, Period())
    assert (found.looked_at, found.is_all) == (3, False)


def test_a_period_without_clicks_has_an_empty_sample(clicked_by_many: Db) -> None:
    """It is no error."""
    assert sample(clicked_by_many, Period(SENT_S + DAY_S)) == Sample()


def test_a_click_on_a_shared_copy_is_of_no_domain(db: Db) -> None:
    """Nobody knows whose it is."""
    put(db, pending(shared=True), accepted(), clicked("c", recipient=0))
    (only,) = sample(db, Period()).domains
    assert only.domain == OTHER
