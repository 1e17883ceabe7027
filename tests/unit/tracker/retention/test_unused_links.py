"""Names of links that nothing needs any more: which go, and at what cost."""

import re
from typing import Any

import pytest

from tests.support.checks.facts import LINKS, SENT_S, accepted, clicked, pending, put, to_ann
from tests.support.engines import engine, gives_back
from tracker.events import SentLink
from tracker.retention.retention import purge
from tracker.sql.sqlite import SQLite

__all__ = ["engine", "gives_back"]

DAY_S = 86400
KEPT_OF_LINKS = {"links", "link_sets", "link_set_links", "link_set_ignored", "campaign_links"}
SCANNED = re.compile(r"SCAN (\w+)")


def link_names(db: SQLite) -> set[str]:
    """Return the names of all links that the store has."""
    return {row["name"] for row in db["links"].rows}


def listed(db: SQLite) -> set[tuple[str, str | None]]:
    """Return the links of each campaign: those that were clicked, and those that it lists."""
    found = db.execute("""
        SELECT links.name, campaigns.name FROM (
            SELECT campaign_id, link_id FROM counters WHERE day = 0 AND campaign_id > 0 AND link_id > 0
            UNION SELECT campaign_id, link_id FROM campaign_links
        ) AS listed JOIN campaigns ON campaigns.id = campaign_id JOIN links ON links.id = link_id
    """)
    return {(link, campaign) for link, campaign in found}


def scanned(db: SQLite, statement: str) -> set[str]:
    """Return the tables that a statement goes through from end to end."""
    plan = db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    return {table for row in plan for table in SCANNED.findall(row[3])}


def busy(db: SQLite) -> None:
    """Have something to let go of in every way."""
    own = SentLink(4, "https://example.net/for/ann", None, "", ("uid",))
    group = SentLink(5, "https://example.net/5", "offer", "")
    links = (*LINKS, own, group)
    put(db, *(to_ann(f"m{n}", links=links) for n in (1, 2)), accepted("m1", 1), accepted("m2", 1))
    put(db, clicked("c1", link=4, destination=own.url))
    put(db, clicked("c2", "m3", destination="https://example.net/early"))
    put(db, pending("m3", links=(group,)))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True, scope="module")
def test_nothing_is_searched_for(db: SQLite) -> None:
    """What goes is found by index, so that the rest of the store costs nothing: by SQLite's plans."""
    busy(db)
    statements: list[str] = []
    db.conn.set_trace_callback(statements.append)
    purge(db, SENT_S + DAY_S)
    db.conn.set_trace_callback(None)
    asked = [each for each in statements if re.match(r"\s*(SELECT|WITH|INSERT|DELETE)", each)]
    assert any("DELETE FROM campaign_links" in each for each in asked)
    assert set().union(*(scanned(db, each) for each in asked)) & (
        KEPT_OF_LINKS | {"counters", "messages"}
    ) == set()  # fmt: skip


def test_what_was_clicked_while_it_was_due_goes_when_the_click_turns_out_to_be_anothers(
    db: SQLite,
) -> None:
    """As its message, which came late, says."""
    put(db, *(pending(f"m{n}", campaign=None, links=LINKS[:1]) for n in (1, 2)), accepted("m1"))
    put(db, clicked("c1", "m3", sent_at_s=SENT_S + DAY_S, destination=LINKS[0].url))
    purge(db, SENT_S + DAY_S)
    assert listed(db) == {(LINKS[0].url, None)}
    put(db, to_ann("m3", at_s=SENT_S + DAY_S, links=LINKS[:1]))
    purge(db, SENT_S + DAY_S)
    assert listed(db) == {(LINKS[0].url, "news")}
    assert db["campaign_links"].count == 0


def test_a_name_by_which_a_click_counted_for_a_while_goes(db: SQLite) -> None:
    """Until its message came, which has a group for it."""
    put(db, clicked("c1", "m1", destination="https://example.net/for/ann"))
    put(db, pending(links=(SentLink(1, "https://example.net/for", "offer", ""),)))
    assert link_names(db) == {"https://example.net/for/ann", "offer"}
    purge(db, SENT_S)
    assert link_names(db) == {"offer"}


def test_what_is_told_of_a_purged_message_makes_no_name(db: SQLite) -> None:
    """Events may come again, and nothing would let go of what they call by name."""
    told = pending(links=(SentLink(1, "https://example.net/1", "offer", ""),))
    purge(db, SENT_S + DAY_S)
    put(db, told)
    tables = ("links", "link_sets", "link_set_links", "persons")
    assert [db[table].count for table in tables] == [0] * 4


def test_what_is_listed_again_is_due_again(db: SQLite) -> None:
    """By a younger message than those that are gone."""
    put(db, pending("m1"), pending("m2"), accepted("m1"), clicked("c1"))
    purge(db, SENT_S + DAY_S)
    later: dict[str, Any] = {"at_s": SENT_S + 2 * DAY_S}
    put(db, pending("m3", **later), pending("m4", **later))
    purge(db, SENT_S + 2 * DAY_S)
    assert link_names(db) == {link.url for link in LINKS}
    purge(db, SENT_S + 3 * DAY_S)
    assert link_names(db) == {LINKS[0].url}
