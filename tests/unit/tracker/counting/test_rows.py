"""Rows of messages, deliveries and clicks: what was written is read back, column by column."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from tests.support.checks.facts import clicked, empty
from tracker.counting import rows
from tracker.counting.model import Attribution, Click, Delivery, Message
from tracker.counting.sittings import Span
from tracker.judging.click import Click as Made
from tracker.judging.judge import Verdict

IDS = st.integers(1, 9)
DELIVERIES = st.dictionaries(
    st.integers(0, 5),
    st.builds(
        Delivery,
        person_id=st.none() | IDS,
        address=st.sampled_from([None, "", "ann@example.net"]),
        accepted=st.booleans(),
        refused=st.booleans(),
        clicks=IDS,
        clicks_human=IDS,
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
DOUBTFUL = Verdict(human=True, doubtful=True, score=65, reasons=("no-html/1", "early/1"))


def written(db: Database, message: Message) -> None:
    """Write a message with its deliveries."""
    rows.write_messages(db, [message])
    rows.write_deliveries(
        db, {(message.id, number): each for number, each in message.deliveries.items()}
    )


def inserted(
    db: Database, message: Message, click: Click, event_id: str = "c1", **changes: object
) -> None:
    """Write a click as its event tells it."""
    made = click.made
    about = {"at_s": made.at_s, "link": made.link, "recipient": click.recipient} | changes
    event = clicked(event_id, message.message_id, destination=click.destination, **about)
    agent = 8
    db.execute("INSERT OR IGNORE INTO user_agents (id, name) VALUES (?, 'Browser/1')", [agent])
    rows.insert_clicks(db, [rows.click_row(event, message, click, agent)])


@given(MESSAGES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_message_is_read_back_as_it_was_written(message: Message) -> None:
    """With its deliveries; also where it is written a second time."""
    db = empty()
    for _ in range(2):
        written(db, message)
        assert rows.read_messages(db, [message.message_id]) == {message.message_id: message}
    assert rows.read_messages(db, ["others"]) == {}
    assert rows.read_messages_by_row(db, [message.id]) == {message.message_id: message}
    assert rows.read_messages_by_row(db, [message.id + 1]) == {}
    db.close()


@pytest.fixture
def message(db: Database) -> Message:
    """Have a message with one reader in the store."""
    message = Message(1, "m1", 1.0, campaign_id=3, link_set_id=4)
    message.delivery(1).person_id = 5
    written(db, message)
    return message


def made(at_s: float = 2.0, link: int = 9, network: str | None = None, *signals: str) -> Made:
    """Return a click as it was made."""
    return Made(at_s, link, network, "Browser/1", signals)


def test_a_message_knows_how_many_links_it_has(db: Database, message: Message) -> None:
    """From its set; nobody knows of those of earlier versions."""
    db.execute("INSERT INTO link_sets (id, hash, links) VALUES (4, x'00', 12)")
    assert rows.read_messages(db, ["m1"])["m1"].links == 12
    db.execute("UPDATE link_sets SET links = NULL")
    assert rows.read_messages(db, ["m1"])["m1"].links is None
    assert message.links is None


def test_a_click_is_read_back_as_it_was_written(db: Database, message: Message) -> None:
    """With what it was judged to be and counted for, and with that as it is when it changed."""
    told = made(2.0, 9, "192.0.2.0", "no-html", "stale-agent")
    click = Click(7, 1, "https://example.net/", told, DOUBTFUL, Attribution(3, 6, None))
    inserted(db, message, click, ip="192.0.2.0")
    assert rows.read_clicks(db, [Span(1, 1)]) == [(1, click)]
    click.verdict = Verdict(human=False, doubtful=False, score=100, reasons=("burst/1",))
    click.counted = Attribution(10, 11, 12)
    rows.change_clicks(db, [click])
    assert rows.read_clicks(db, [Span(1, 1)]) == [(1, click)]
    assert rows.known_events(db, ["c1", "c2"]) == {"c1"}


def test_a_visitor_is_known_by_network_whatever_was_kept(db: Database, message: Message) -> None:
    """Of the whole address it is made; some keep none."""
    for row, ip in enumerate((None, "192.0.2.0", "192.0.2.7", "2001:db8:1:2::"), 1):
        inserted(db, message, Click(row, 1, "", made()), f"c{row}", ip=ip)
    networks = [click.made.network for _, click in rows.read_clicks(db, [Span(1, 1)])]
    assert networks == [None, "192.0.2.0", "192.0.2.0", "2001:db8:1::"]


def test_clicks_are_read_by_copy_and_span(db: Database, message: Message) -> None:
    """From its first moment on, before its last; each once, though spans are asked for twice."""
    for row, (at_s, recipient) in enumerate(((2.0, 1), (2.0, 0), (5.0, 0), (8.0, 0)), 1):
        inserted(db, message, Click(row, recipient, "", made(at_s)), f"c{row}")

    def found(*spans: Span) -> set[int]:
        read = [click.id for _, click in rows.read_clicks(db, spans)]
        assert len(set(read)) == len(read)
        return set(read)

    assert found() == set()
    assert found(Span(1, 1)) == {1}
    assert found(Span(1, 0, 2.0, 8.0)) == {2, 3}
    assert found(Span(1, 0), Span(1, 1), Span(2, 1)) == {1, 2, 3, 4}
    assert found(Span(1, 0, 8.0, 9.0)) == {4}


def test_a_row_names_every_column(message: Message) -> None:
    """A column that is added to a table and forgotten here would stay empty."""
    db = empty()
    click = Click(1, 1, "", made())
    rows_made = {
        "messages": rows.message_row(message),
        "deliveries": rows.delivery_row(1, 1, Delivery()),
        "clicks": rows.click_row(clicked("c1"), message, click, 1),
    }
    for table, row in rows_made.items():
        assert set(row) == {column.name for column in db[table].columns}


def test_a_click_keeps_what_its_event_told(db: Database, message: Message) -> None:
    """Who and what it was; of what it is judged to be, what was found with the others."""
    click = Click(1, 1, "", made(2.0, 9, None, "head"), DOUBTFUL)
    inserted(db, message, click, method="HEAD", human=False, reasons=("x",), ip="192.0.2.0")
    (row,) = db["clicks"].rows
    expected = {
        "event_id": "c1",
        "method": "HEAD",
        "signals": "head",
        "human": 1,
        "doubtful": 1,
        "score": 65,
        "reasons": "no-html/1 early/1",
        "ip": "192.0.2.0",
    }
    assert {name: row[name] for name in expected} == expected
