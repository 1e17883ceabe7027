"""Rows of messages, deliveries and clicks: what was written is read back, column by column."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from tests.support.checks.facts import clicked, empty
from tracker.ingest import rows
from tracker.ingest.counting import Click, Delivery, Message

IDS = st.integers(1, 9)
DELIVERIES = st.dictionaries(
    st.integers(0, 5),
    st.builds(
        Delivery,
        person_id=st.none() | IDS,
        address=st.sampled_from([None, "", "ann@example.net"]),
        accepted=st.booleans(),
        clicked=st.booleans(),
        refused=st.booleans(),
    ),
)
MESSAGES = st.builds(
    Message,
    id=IDS,
    message_id=st.sampled_from(["m1", "m2"]),
    sent_at_s=st.floats(0, 1e10),
    sender_domain=st.none() | st.just("example.com"),
    campaign_id=IDS,
    link_set_id=st.none() | IDS,
    shared=st.booleans(),
    deliveries=DELIVERIES,
)


def written(db: Database, message: Message) -> None:
    """Write a message with its deliveries."""
    rows.write_messages(db, [message])
    rows.write_deliveries(
        db, {(message.id, number): each for number, each in message.deliveries.items()}
    )


@given(MESSAGES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_message_is_read_back_as_it_was_written(message: Message) -> None:
    """With its deliveries; also where it is written a second time."""
    db = empty()
    for _ in range(2):
        written(db, message)
        assert rows.read_messages(db, [message.message_id]) == {message.message_id: message}
    assert rows.read_messages(db, ["others"]) == {}
    db.close()


@pytest.fixture
def message(db: Database) -> Message:
    """Have a message with one reader in the store."""
    message = Message(1, "m1", 1.0, campaign_id=3, link_set_id=4)
    message.delivery(1).person_id = 5
    written(db, message)
    return message


def test_a_click_is_read_back_as_it_was_written(db: Database, message: Message) -> None:
    """Under what it is counted, and under what it is counted when it has moved."""
    click = Click(7, 2.0, 1, 9, "https://example.net/", human=True, campaign_id=3, link_id=6)
    event = clicked("c1", at_s=2.0, link=9, destination=click.destination)
    rows.insert_clicks(db, [rows.click_row(event, message, click, 8)])
    assert rows.read_clicks(db, {1: message}) == [(message, click)]
    click.campaign_id, click.link_id, click.person_id = 10, 11, 12
    rows.move_clicks(db, [click])
    assert rows.read_clicks(db, {1: message}) == [(message, click)]
    assert rows.known_events(db, ["c1", "c2"]) == {"c1"}


def test_a_row_names_every_column(message: Message) -> None:
    """A column that is added to a table and forgotten here would stay empty."""
    db = empty()
    click = Click(1, 1.0, 1, 1, "", human=False)
    made = {
        "messages": rows.message_row(message),
        "deliveries": rows.delivery_row(1, 1, Delivery()),
        "clicks": rows.click_row(clicked("c1"), message, click, 1),
    }
    for table, row in made.items():
        assert set(row) == {column.name for column in db[table].columns}


def test_a_click_keeps_what_its_event_told(db: Database, message: Message) -> None:
    """Who and what it was, apart from what is counted."""
    event = clicked("c1", method="HEAD", human=False, reasons=("head", "range"), ip="192.0.2.0")
    rows.insert_clicks(db, [rows.click_row(event, message, Click(1, 1, 1, 1, "", human=False), 8)])
    (row,) = db["clicks"].rows
    kept = {name: row[name] for name in ("event_id", "method", "human", "reasons", "ip")}
    assert kept == {
        "event_id": "c1",
        "method": "HEAD",
        "human": 0,
        "reasons": "head range",
        "ip": "192.0.2.0",
    }
