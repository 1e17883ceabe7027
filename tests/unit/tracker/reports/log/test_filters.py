"""What filters of clicks mean in the store."""

import pytest

from tests.support.checks.facts import put
from tests.support.checks.personal import SITE, story
from tracker.judging.rules import RULES
from tracker.reports.known import Unknown
from tracker.reports.log.filters import Filter, Wanted, rules_of
from tracker.sql.db import Db


def test_no_filter_means_every_click(logged: Db) -> None:
    """Nothing is narrowed down."""
    wanted = Wanted.of(logged, Filter())
    assert wanted == Wanted(Filter().period)
    assert not wanted.period.narrows


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (Filter(campaign=99), "campaign"),
        (Filter(link=99), "link"),
        (Filter(person="nobody@example.net"), "person"),
        (Filter(rule="moon-phase"), "rule"),
        (Filter(message="0123456789abcdef"), "message"),
        (Filter(message="4Fk2"), "message"),
    ],
    ids=str,
)
def test_what_the_store_does_not_know_is_named(logged: Db, asked: Filter, kind: str) -> None:
    """An answer without clicks would look like one of which nobody clicked."""
    with pytest.raises(Unknown) as failure:
        Wanted.of(logged, asked)
    assert failure.value.kind == kind


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_a_rule_that_caught_nothing_is_known_all_the_same(logged: Db, rule: str) -> None:
    """It is one of ours."""
    assert Wanted.of(logged, Filter(rule=rule)).verdicts is not None


def test_rules_are_asked_for_whatever_their_version(logged: Db) -> None:
    """Labels have versions, people do not think of them."""
    assert rules_of("head/1 early/2") == {"head", "early"}
    (machine, *_) = logged.execute("SELECT id FROM verdicts WHERE reasons LIKE 'head/%'").fetchone()
    assert machine in (Wanted.of(logged, Filter(rule="head")).verdicts or ())


def test_a_person_is_all_of_their_names(logged: Db) -> None:
    """Whatever case they are written in, by an address or an id of the application's."""
    assert Wanted.of(logged, Filter(person="BOB@example.net")).names == ("bob@example.net",)
    found = Wanted.of(logged, Filter(person="id-7"))
    assert (found.names, len(found.persons)) == (("id-7",), 1)


def test_a_link_that_became_another_leads_on(db: Db) -> None:
    """Its number may stand in somebody's bookmark."""
    for reader in range(1, 4):
        put(db, *story(reader, f"{SITE}u/{reader}"))
    (old, new) = db.execute("SELECT link_id, leads_to FROM link_aliases").fetchone()
    assert Wanted.of(db, Filter(link=old)).link == new
