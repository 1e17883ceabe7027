"""What is handed to the spool at one time."""

from tests.support.checks.facts import pending
from tests.support.feeding import click
from tracker.spool.link_sets import LinksApart
from tracker.spool.parcel import Parcel, SpoolError, framed, framed_apart


def test_it_says_how_much_it_holds() -> None:
    """In all, and in its longest record, a set of links among them."""
    apart = LinksApart()
    framed_apart(pending(), apart)
    record, link_set = framed_apart(pending(), apart)
    assert link_set is not None
    short = framed(click(1))
    parcel = Parcel([record, short], None, link_sets=[link_set])
    assert parcel.size_octets == len(record) + len(short) + len(link_set.record)
    assert parcel.longest_octets == max(len(record), len(link_set.record))


def test_its_giver_is_told_once() -> None:
    """Whatever comes after."""
    told: list[SpoolError | None] = []
    parcel = Parcel([framed(click(1))], told.append)
    parcel.tell(SpoolError("not now"))
    parcel.tell(None)
    assert [str(each) for each in told] == ["not now"]


def test_nobody_waits_for_the_disk_who_only_waits_for_writing() -> None:
    """Nor where nobody waits at all."""
    records = [framed(click(1))]
    assert Parcel(records, print).waits
    assert not Parcel(records, print, early=True).waits
    assert not Parcel(records, None).waits
