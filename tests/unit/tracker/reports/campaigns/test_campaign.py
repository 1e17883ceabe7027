"""One campaign, by its row."""

import pytest

from tests.support.checks.facts import SENT_S
from tests.support.checks.plans import scans
from tracker.reports.campaigns import campaign
from tracker.reports.known import Unknown
from tracker.sql.db import Db

NEWS, NAMELESS = 3, 1
HOUR = SENT_S // 3600


def test_a_campaign_has_its_name_and_days(filled: Db) -> None:
    """The one without a name as well; what was never sent has none."""
    found = campaign.find(filled, NEWS)
    assert (found.name.text, str(found.first), str(found.last)) == (
        "news",
        "2026-09-21",
        "2026-09-21",
    )
    assert found.first_hour == SENT_S // 86400 * 24
    assert campaign.find(filled, NAMELESS).name.for_people == "(none)"
    purged = campaign.find(filled, 2)
    assert (purged.name.for_people, purged.first, purged.first_hour) == ("(purged)", None, None)


def test_a_campaign_that_is_not_there_is_told(filled: Db) -> None:
    """404, as a page says it."""
    for row in (0, 4, 2**63 - 1):
        with pytest.raises(Unknown, match=f'no campaign "{row}" is known'):
            campaign.find(filled, row)


def test_the_latest_campaigns_are_offered(filled: Db) -> None:
    """All but the one that is looked at, and none that has nothing: nothing was purged."""
    assert [row for row, _ in campaign.latest(filled, 10)] == [NEWS, NAMELESS]
    assert [row for row, _ in campaign.latest(filled, 10, NAMELESS)] == [NEWS]
    assert [row for row, _ in campaign.latest(filled, 1)] == [NEWS]


def test_clicks_are_told_by_hour(filled: Db) -> None:
    """Of people and of machines, of this campaign alone."""
    assert campaign.by_hour(filled, NEWS, HOUR, 72) == {HOUR: (2, 0), HOUR + 1: (1, 0)}
    assert campaign.by_hour(filled, NAMELESS, HOUR, 72) == {HOUR + 24: (0, 1)}


def test_no_table_that_grows_is_looked_through(filled: Db) -> None:
    """Nor all entries of an index."""
    for ask in (
        lambda: campaign.find(filled, NEWS),
        lambda: campaign.latest(filled, 10),
        lambda: campaign.by_hour(filled, NEWS, HOUR, 72),
    ):
        assert list(scans(filled, ask)) == []
