"""Sets of persons: each in one of three, by the best of their clicks."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from tests.support.checks.facts import empty
from tests.support.engines import engine, gives_back
from tracker.sql.sqlite import SQLite
from tracker.store.reserved import Kind
from tracker.store.rows import clicked_by
from tracker.store.rows.clicked_by import PART, Counts, Persons, Scope, united

__all__ = ["engine", "gives_back"]

KINDS = st.dictionaries(st.integers(0, PART - 1), st.sampled_from(list(Kind)[1:]), max_size=20)
SCOPE = Scope(4, 3, 20_000)


def persons(kinds: dict[int, Kind]) -> Persons:
    """Return persons of these kinds."""
    found = Persons()
    for number, kind in kinds.items():
        found.put(number, kind)
    return found


def kinds(found: Persons) -> dict[int, Kind]:
    """Return of which kind everybody is."""
    return {
        number: found.kind(number) for number in found.certain | found.doubtful | found.machines
    }


@given(KINDS, KINDS)
def test_united_everybody_is_of_the_better_kind(
    one: dict[int, Kind], other: dict[int, Kind]
) -> None:
    """Whether sets are united at once or one is raised by the other; each stands in one set alone."""
    better = {number: max(one.get(number, 0), other.get(number, 0)) for number in one | other}
    raised = persons(one)
    raised.raise_by(persons(other))
    for found in (raised, united([persons(one), persons(other)])):
        assert kinds(found) == better
        assert len(found.certain) + len(found.doubtful) + len(found.machines) == len(better)


@given(KINDS, KINDS)
def test_raised_are_those_who_were_of_a_lesser_kind(
    one: dict[int, Kind], other: dict[int, Kind]
) -> None:
    """And no one else, each by their new kind."""
    found = persons(one)
    raised = found.raise_to(persons(other))
    assert kinds(raised) == {
        number: kind for number, kind in other.items() if kind > one.get(number, 0)
    }
    assert kinds(found) == one | kinds(raised)


@given(KINDS)
def test_what_is_written_is_read_again(known: dict[int, Kind]) -> None:
    """A set of nobody is no row; each other is one."""
    db = empty()
    clicked_by.save(db, {(SCOPE, 2): persons(known)})
    assert db["clicked_by"].count == bool(known)
    assert kinds(clicked_by.load(db, SCOPE, 2)) == known
    assert not clicked_by.load(db, SCOPE, 1)
    clicked_by.save(db, {(SCOPE, 2): Persons()})
    assert db["clicked_by"].count == 0
    db.close()


def test_who_is_put_elsewhere_is_no_more_where_they_were() -> None:
    """Or nowhere at all."""
    found = Persons()
    for kind in (Kind.MACHINE, Kind.CERTAIN, Kind.DOUBTFUL, Kind.NOBODY):
        found.put(7, kind)
        assert found.kind(7) is kind
    assert not found


def test_doubtful_people_are_human() -> None:
    """Machines are among all."""
    found = Persons(BitMap([1, 2]), BitMap([3]), BitMap([4, 5, 6]))
    assert found.counts() == Counts(human=3, doubtful=1, all=6)


def test_of_no_sets_is_nobody(db: SQLite) -> None:
    """As of a day on which nobody clicked."""
    assert united([]).counts() == clicked_by.load(db, SCOPE, 0).counts() == Counts()
