"""The rows of earlier stores say the same in the second form."""

import contextlib
import hashlib
import sqlite3
from pathlib import Path

import pytest

from tests.support import earlier_stores
from tests.support.earlier_stores import EVERY, put_last
from tracker.counting.batch import feed
from tracker.events import decode
from tracker.first_form import upgrade
from tracker.reports import clicks, summary
from tracker.store import database, keys


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the store is."""
    return tmp_path / "waypost.db"


@pytest.mark.parametrize("name", EVERY)
def test_reports_on_the_store_of_an_earlier_version_are_the_same(name: str, path: Path) -> None:
    """Sums, periods, people, links, opens and single clicks: of what was purged and erased as well."""
    earlier_stores.put(name, path)
    upgrade.run(path)
    if name != "half":
        with database.reading(path) as db:
            assert earlier_stores.answers(db) == earlier_stores.told(name)


def test_spool_with_events_of_an_earlier_version_is_counted_on(path: Path) -> None:
    """Those that the earlier store had already count once; clicks find messages a second off."""
    earlier_stores.put("half", path)
    upgrade.run(path)
    lines = (earlier_stores.FOLDER / "half.jsonl").read_bytes().splitlines()
    with database.changing(path) as opened, opened.transaction():
        feed(opened.db, [decode(line) for line in lines])
    with database.reading(path) as db:
        found, told = earlier_stores.answers(db), earlier_stores.told("half")
    # These came in one batch, and judging knows the second of sending, no fractions of it.
    assert without_scores(found.pop("clicks")) == without_scores(told.pop("clicks"))
    assert found == told


def without_scores(clicks: list[list[object]]) -> list[str]:
    """Return clicks in an order of their own, as people or machines."""
    score = earlier_stores.CLICK.index("score")
    return sorted(str([*row[:score], *row[score + 1 :]]) for row in clicks)


OF_LATER = {"outbox", "told_clicks", "webhooks", "pseudonyms", "slots_seen_once"}
"""Tables, beside those of details, for what earlier versions did not do."""


def test_tables_of_every_kind_were_filled(path: Path) -> None:
    """Else nothing would be shown here. Earlier versions had nothing for some of them."""
    more = (
        "INSERT INTO link_aliases VALUES (999, 1)",
        "INSERT INTO slot_moves SELECT min(id), 9 FROM slots",
        "INSERT INTO purged_clicks VALUES ('e1', 1790500000)",
    )
    upgrade.run(put_last(path, *more))
    empty = {name for name, rows in earlier_stores.rows(path).items() if not rows}
    assert {name for name in empty if not name.startswith("detail")} == OF_LATER


def test_numbers_of_rows_that_others_count_are_right(path: Path) -> None:
    """How many clicks name a destination or an agent, how many messages a set of links."""
    upgrade.run(put_last(path))
    with database.reading(path) as db:
        for table, column, rows in (
            (
                "destinations",
                "clicks",
                "SELECT count(*) FROM clicks WHERE destination_id = each.id",
            ),
            ("user_agents", "clicks", "SELECT count(*) FROM clicks WHERE user_agent_id = each.id"),
            ("link_sets", "messages", "SELECT count(*) FROM messages WHERE link_set_id = each.id"),
        ):
            sql = f"SELECT each.{column}, ({rows}) FROM {table} AS each"
            assert all(kept == found for kept, found in db.execute(sql))


def _message(row: int, message_id: str, sent_at_s: float = 1_790_500_000.9) -> str:
    return f"""INSERT INTO messages (id, message_id, sent_at_s, campaign_id, shared, counted)
               VALUES ({row}, '{message_id}', {sent_at_s}, 3, 0, 1)"""


def _click(event_id: str, message: int, *, human: int = 1, at_s: float = 1_790_500_060.4567) -> str:
    return f"""INSERT INTO clicks (event_id, at_s, message, recipient, number, destination, method,
                   human, reasons, ip, user_agent_id, campaign_id, link_id)
               VALUES ('{event_id}', {at_s}, {message}, 1, 1, 'https://example.net/odd', 'GET',
                   {human}, '', 'not an address', 1, 3, 1)"""


def test_ids_that_are_no_hexadecimal_numbers_are_hashed(path: Path) -> None:
    """Of a message as of a click; in capitals, they are other ids than in small letters."""
    ids = ("m1", "AB00000000000001", "ab00000000000001", "0" * 17)
    odd = [_message(900 + row, message_id) for row, message_id in enumerate(ids)]
    odd += [_click("e1", 900), _click("F" * 32, 901), _click("f" * 32, 902)]
    upgrade.run(put_last(path, *odd))
    with database.reading(path) as db:
        found = dict(
            db.execute("SELECT message_id, sent_s FROM messages WHERE sent_s = 1790500000")
        )
        assert found == {keys.message_number(each): 1_790_500_000 for each in ids}
        made = [row for row in clicks.clicks(db) if row["destination"].endswith("odd")]
    at_ms = (1_790_500_060_456).to_bytes(6, "big").hex()
    assert {row["event_id"][:12] for row in made} == {at_ms}
    rest = hashlib.blake2b(b"e1", digest_size=10).hexdigest()
    assert f"{at_ms}{rest}" in {row["event_id"] for row in made}
    assert {row["ip"] for row in made} == {None}


def test_messages_of_one_id_are_one_message_each(path: Path) -> None:
    """None is lost, whatever their keys; nor those that nobody described."""
    upgrade.run(put_last(path, _message(900, "m1"), _message(901, "m2")))
    with database.reading(path) as db:
        sql = "SELECT link_set_id, domain_id FROM messages WHERE sent_s = 1790500000"
        assert db.execute(sql).fetchall() == [(None, None)] * 2


def test_machine_that_nobody_judged_by_its_signals_stays_one(path: Path) -> None:
    """It was told by its event, before clicks had signals: judged anew, it would become a person."""
    upgrade.run(put_last(path, _message(900, "m1"), _click("e1", 900, human=0)))
    with database.reading(path) as db:
        found = db.execute("""
            SELECT human, score, signals FROM clicks JOIN verdicts ON verdicts.id = verdict_id
            JOIN signal_sets ON signal_sets.id = signal_set_id WHERE sent_s = 1790500000
        """).fetchall()
    assert found == [(0, 100, "head")]


def test_click_without_a_message_is_kept(path: Path) -> None:
    """As one on a purged message: it must not count again, should its event come once more."""
    upgrade.run(put_last(path, _click("e1", 777)))
    with database.reading(path) as db:
        arrival = db.execute("SELECT count(*) FROM arrivals WHERE sent_s = 1790500060")
        assert arrival.fetchone() == (1,)
        campaigns = {row["campaign"] for row in clicks.clicks(db) if "odd" in row["destination"]}
        assert campaigns == {"(purged)"}


def test_arrivals_name_every_click_in_the_order_in_which_they_came(path: Path) -> None:
    """Cursors that somebody has of an export go on from where they stood."""
    put_last(path)
    with contextlib.closing(sqlite3.connect(path)) as conn:
        before = [row for (row,) in conn.execute("SELECT id FROM clicks ORDER BY id")]
    upgrade.run(path)
    with database.reading(path) as db:
        named = db.execute("""
            SELECT arrivals.arrival FROM arrivals JOIN clicks USING (sent_s, message_id, arrival)
            ORDER BY arrivals.arrival
        """)
        assert [row for (row,) in named] == before


def test_new_persons_get_numbers_that_nobody_had(path: Path) -> None:
    """Sets of who clicked outlive persons."""
    upgrade.run(put_last(path))
    with database.changing(path) as opened, opened.transaction():
        most = opened.db.execute("SELECT max(id) FROM persons").fetchone()[0]
        opened.db.execute("DELETE FROM persons WHERE id = ?", [most])
        opened.db.execute("INSERT INTO persons (name) VALUES ('somebody@example.net')")
        sql = "SELECT id FROM persons WHERE name = 'somebody@example.net'"
        assert opened.db.execute(sql).fetchone()[0] > most


def test_clicks_that_wait_to_be_moved_are_moved_from_the_beginning(path: Path) -> None:
    """Where they stood was told by rows."""
    row = "INSERT INTO slot_moves SELECT min(id), 9 FROM slots"
    upgrade.run(put_last(path, row))
    with database.reading(path) as db:
        assert db.execute("SELECT after_sent_s FROM slot_moves").fetchall() == [(0,)]


def test_report_of_a_store_of_nothing_is_empty(path: Path) -> None:
    """As right after the installation of an earlier version."""
    put_last(path)
    with contextlib.closing(sqlite3.connect(path)) as conn:
        tables = conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name != '_sqlite_migrations'"
        )
        for (name,) in tables.fetchall():
            conn.execute(f"DELETE FROM {name}" + " WHERE id > 2" * (name == "campaigns"))
        conn.commit()
    upgrade.run(path)
    with database.reading(path) as db:
        assert summary.report(db) == summary.Report(summary.Figures(), (), ())
