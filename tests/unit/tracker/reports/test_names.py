"""Names in reports: an author's, and our own, which may read the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import pending, put
from tracker.reports import names
from tracker.reports.names import Name
from tracker.sql.db import Db
from tracker.store.reserved import NO_CAMPAIGN, PURGED, PURGED_NAME

OURS = Name(PURGED_NAME, purged=True)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (None, "(none)"),
        ("news", "news"),
        ("", "(purged)"),
        ("(purged)", '"(purged)"'),
        ("(none)", '"(none)"'),
    ],
)
def test_people_can_tell_our_names_from_an_authors(stored: str | None, shown: str) -> None:
    """An author's is in quotation marks where it reads like one of ours."""
    assert Name.of(stored).for_people == shown


@given(st.text(min_size=1))
def test_no_author_can_give_a_name_of_ours(text: str) -> None:
    """Whatever a campaign or a group is called."""
    assert Name.of(text) == Name(text)
    assert Name.of(text).for_people not in (names.NAMELESS, PURGED_NAME)


def test_a_campaign_is_asked_for_by_its_name(db: Db) -> None:
    """An author's before ours; without a name, they are all there."""
    assert names.campaigns(db) == {NO_CAMPAIGN: Name(None), PURGED: OURS}
    assert names.campaigns(db, PURGED_NAME) == {PURGED: OURS}
    put(db, pending(campaign=PURGED_NAME), pending("m2", campaign="news"))
    assert list(names.campaigns(db, PURGED_NAME).values()) == [Name(PURGED_NAME)]
    assert list(names.campaigns(db, "news").values()) == [Name("news")]
    assert names.campaigns(db, "") == {}
    assert len(names.campaigns(db)) == 4
