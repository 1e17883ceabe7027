"""Who clicked: the sets that an earlier store becomes are those of its rows and sums."""

import contextlib
import sqlite3
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.earlier_stores import put_last
from tracker.first_form import upgrade
from tracker.sql.sqlite import SQLite
from tracker.store import database
from tracker.store.rows.clicked_by import ALL, PART, Counts, Persons, united

FAR = 3 * PART + 7
MORE = (
    f"INSERT INTO persons (id, name) VALUES ({FAR}, 'far@example.net')",
    *(
        f"INSERT INTO clickers VALUES ({campaign}, {link}, {FAR}, 2, 2, 3)"
        for campaign, link in ((0, 0), (3, 0), (3, 1))
    ),
)
"""A person with a high number, besides those of a store."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store that was upgraded."""
    path = put_last(tmp_path / "waypost.db", *MORE)
    upgrade.run(path)
    return path


def counts(db: SQLite, where: str) -> dict[tuple[int, int], Counts]:
    """Return how many persons are in sets, by campaign and link."""
    found: defaultdict[tuple[int, int], Counts] = defaultdict(Counts)
    sql = f"SELECT link_id, campaign_id, certain, doubtful, machines FROM clicked_by WHERE {where}"
    for link, campaign, *columns in db.execute(sql):
        found[campaign, link] = found[campaign, link].plus(Persons.read(columns).counts())
    return dict(found)


def test_sets_of_all_days_are_those_of_the_earlier_store(path: Path, tmp_path: Path) -> None:
    """They have who clicked what was purged since; of all campaigns and links as well."""
    earlier = put_last(tmp_path / "earlier.db", *MORE)
    with contextlib.closing(sqlite3.connect(earlier)) as conn:
        rows = conn.execute("""
            SELECT campaign_id, link_id, sum(clicks_human > 0),
                sum(clicks_human > 0 AND clicks_human = clicks_doubtful), count(*)
            FROM clickers GROUP BY campaign_id, link_id
        """).fetchall()
    expected = {(campaign, link): Counts(*counted) for campaign, link, *counted in rows}
    with database.reading(path) as db:
        assert counts(db, "day = 0") == expected


def test_parts_go_by_the_numbers_of_persons(path: Path) -> None:
    """Each in the best of the sets that are theirs."""
    with database.reading(path) as db:
        sql = "SELECT certain, doubtful, machines FROM clicked_by WHERE day = 0 AND part = 3"
        rows = [Persons.read(row) for row in db.execute(sql)]
    assert [row.counts() for row in rows] == [Counts(1, 1, 1)] * 3
    assert all(7 in row.doubtful for row in rows)


def test_sets_of_days_are_those_of_the_clicks_that_are_kept(path: Path) -> None:
    """Of a link, a campaign, and all campaigns."""
    with database.reading(path) as db:
        links, campaigns, every = (
            [
                Persons.read(row)
                for row in db.execute(f"""
                    SELECT certain, doubtful, machines FROM clicked_by WHERE day > {ALL} AND {where}
                """)
            ]
            for where in ("link_id > 0", "link_id = 0 AND campaign_id > 0", "campaign_id = 0")
        )
        people = db.execute("""
            SELECT count(DISTINCT person_id) FROM deliveries WHERE clicks > 0
        """).fetchone()[0]
    assert united(links).counts() == united(campaigns).counts() == united(every).counts()
    assert 0 < united(every).counts().all <= people
