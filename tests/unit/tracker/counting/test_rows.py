"""Rows of messages, deliveries and clicks: what was written is read back, column by column."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.checks.facts import SENT_S, accepted, clicked, empty, pending, put
from tests.support.engines import PLANS_OF_SQLITE, engine, gives_back
from tests.support.feeding import click_rows
from tracker.counting import rows
from tracker.counting.model import Attribution, Click, Delivery, Message
from tracker.counting.sittings import Span
from tracker.judging.click import Click as Made
from tracker.judging.judge import Verdict
from tracker.retention import retention
from tracker.sql.sqlite import SQLite
from tracker.store.keys import MessageKey, event_octets
from tracker.store.reserved import day_of
from tracker.store.rows import named_rows

__all__ = ["engine", "gives_back"]

IDS = st.integers(1, 9)
KEY, OTHER = MessageKey(SENT_S, -7), MessageKey(SENT_S, 8)
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
        clicks_doubtful=IDS,
    ),
)
MESSAGES = st.builds(
    Message,
    key=st.builds(MessageKey, st.integers(0, 2**40), st.integers(-(2**63), 2**63 - 1)),
    domain_id=st.none() | IDS,
    campaign_id=IDS,
    link_set_id=st.none() | IDS,
    shared=st.booleans(),
    deliveries=DELIVERIES,
)
DOUBTFUL = Verdict(human=True, doubtful=True, score=65, reasons=("no-html/1", "early/1"))
MACHINE = Verdict(human=False, doubtful=False, score=100, reasons=("burst/1",))


def written(db: SQLite, message: Message) -> None:
    """Write a message with its deliveries."""
    rows.write_messages(db, [rows.message_row(message)])
    rows.write_deliveries(
        db, {(message.key, number): each for number, each in message.deliveries.items()}
    )


def inserted(db: SQLite, message: Message, click: Click, **changes: object) -> None:
    """Write a click as its event tells it."""
    made = click.made
    told = {"at_s": made.at_s, "link": made.link, "recipient": click.recipient} | changes
    event = clicked("c", message.key.text, destination=click.destination, **told)
    signals = (event.method, made.signals)
    shared = rows.Shared(
        named_rows.destination_ids(db, {event.destination})[event.destination],
        named_rows.ids(db, "user_agents", {event.user_agent})[event.user_agent],
        named_rows.signal_set_ids(db, {signals})[signals],
        named_rows.verdict_ids(db, {click.verdict})[click.verdict],
    )
    rows.insert_clicks(
        db, [rows.click_row(event, message, click, rows.first_arrival(db, 1), shared)]
    )


def click_of(
    made: Made, *, recipient: int = 1, verdict: Verdict = DOUBTFUL, link: int = 6, number: int = 0
) -> Click:
    """Return a click on a copy of the message, to which the message's own rows attribute it."""
    person = 5 if recipient == 1 else None
    counted = Attribution(3, link, person, day_of(SENT_S))
    octets = event_octets(f"c{number}", made.at_s)
    return Click(octets, recipient, "https://example.net/", made, verdict, counted)


@given(MESSAGES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_message_is_read_back_as_it_was_written(message: Message) -> None:
    """With its deliveries; also where it is written a second time."""
    db = empty()
    for _ in range(2):
        written(db, message)
        assert rows.read_messages(db, [message.key]) == {message.key: message}
    assert rows.read_messages(db, [MessageKey(message.key.sent_s + 1, 0)]) == {}
    db.close()


@pytest.fixture
def message(db: SQLite) -> Message:
    """Have a message with one reader in the store."""
    message = Message(KEY, campaign_id=3, link_set_id=4)
    message.delivery(1).person_id = 5
    written(db, message)
    return message


def made(at_s: float = 2.0, link: int = 9, network: str | None = None, *signals: str) -> Made:
    """Return a click as it was made."""
    return Made(at_s, link, network, "Browser/1", signals)


def test_whose_a_counted_delivery_is_stays(db: SQLite, message: Message) -> None:
    """What became of it is told; where it is new, whose it is as well."""
    told = {
        (KEY, 1): Delivery(None, "other@example.net", accepted=True, clicks=2, clicks_human=1),
        (KEY, 2): Delivery(6, "new@example.net", refused=True),
    }
    rows.count_deliveries(db, told)
    assert rows.read_messages(db, [KEY])[KEY].deliveries == {
        1: Delivery(5, None, accepted=True, clicks=2, clicks_human=1),
        2: told[KEY, 2],
    }
    assert message.delivery(1).clicks == 0


def test_a_message_is_found_by_the_seconds_next_to_its_own(db: SQLite, message: Message) -> None:
    """Not by others, and no other message."""
    for seconds in (-1, 0, 1):
        near = MessageKey(SENT_S + seconds, KEY.message_id)
        assert list(rows.read_messages_near(db, [near, OTHER])) == [KEY]
    assert rows.read_messages_near(db, [MessageKey(SENT_S + 2, KEY.message_id)]) == {}


def test_a_message_knows_how_many_links_it_has(db: SQLite, message: Message) -> None:
    """From its set; nobody knows of those of earlier versions."""
    db.execute("INSERT INTO link_sets (id, hash, links) VALUES (4, ?, 12)", [b"0"])
    assert rows.read_messages(db, [KEY])[KEY].links == 12
    db.execute("UPDATE link_sets SET links = NULL")
    assert rows.read_messages(db, [KEY])[KEY].links is None
    assert message.links is None


def test_a_click_is_read_back_as_it_was_written(db: SQLite, message: Message) -> None:
    """With what it was judged to be and counted for, and with that as it is when it changed."""
    click = click_of(made(2.0, 9, "192.0.2.0", "no-html", "stale-agent"))
    inserted(db, message, click, ip="192.0.2.0")
    messages = {KEY: message}
    assert rows.read_clicks(db, [Span(KEY, 1)], messages) == [(message, click)]
    click.verdict, click.counted = MACHINE, click.counted._replace(link_id=11)
    verdicts = named_rows.verdict_ids(db, {MACHINE})
    rows.change_clicks(db, [(message, click)], verdicts)
    assert rows.read_clicks(db, [Span(KEY, 1)], messages) == [(message, click)]
    wanted = {(KEY, click.id), (OTHER, click.id), (KEY, bytes(16))}
    assert rows.known_clicks(db, wanted) == {(KEY, click.id)}
    assert rows.known_clicks(db, []) == set()


def test_a_click_counts_for_what_its_message_said_before(db: SQLite, message: Message) -> None:
    """Where that is given, as the sums have it so."""
    inserted(db, message, click_of(made()))
    before = {KEY: Message(KEY, campaign_id=1)}
    ((told, click),) = rows.read_clicks(db, [Span(KEY, 1)], {KEY: message}, before)
    assert told is message
    assert click.counted == Attribution(1, 6, None, day_of(SENT_S))


def test_a_visitor_is_known_by_network_whatever_was_kept(db: SQLite, message: Message) -> None:
    """Of the whole address it is made; some keep none."""
    for number, ip in enumerate((None, "192.0.2.0", "192.0.2.7", "2001:db8:1:2::"), 1):
        inserted(db, message, click_of(made(number)), ip=ip)
    read = rows.read_clicks(db, [Span(KEY, 1)], {KEY: message})
    assert [click.made.network for _, click in read] == [
        None,
        "192.0.2.0",
        "192.0.2.0",
        "2001:db8:1::",
    ]


def test_clicks_are_read_by_copy_and_span(db: SQLite, message: Message) -> None:
    """From its first moment on, before its last; each once, though spans are asked for twice."""
    for number, (at_s, recipient) in enumerate(((2.0, 1), (2.0, 0), (5.0, 0), (8.0, 0)), 1):
        inserted(db, message, click_of(made(at_s, number), recipient=recipient, number=number))

    def found(*spans: Span) -> list[int]:
        return sorted(each.made.link for _, each in rows.read_clicks(db, spans, {KEY: message}))

    assert found() == []
    assert found(Span(KEY, 1)) == [1]
    assert found(Span(KEY, 0, 2.0, 8.0)) == [2, 3]
    assert found(Span(KEY, 0), Span(KEY, 1), Span(OTHER, 1)) == [1, 2, 3, 4]
    assert found(Span(KEY, 0, 8.0, 9.0)) == [4]


def test_a_row_names_every_column(message: Message) -> None:
    """A column that is added to a table and forgotten here would stay empty."""
    db = empty()
    rows_made = {
        "messages": rows.message_row(message),
        "deliveries": rows.delivery_row(KEY, 1, Delivery()),
        "clicks": rows.ClickRow._fields,
    }
    for table, row in rows_made.items():
        assert set(row) == {column.name for column in db[table].columns}


def test_a_click_keeps_what_its_event_told(db: SQLite) -> None:
    """Who and what it was; of what it is judged to be, what was found with the others."""
    db.execute("INSERT INTO links (id, name) VALUES (6, 'x')")
    message = Message(KEY)
    written(db, message)
    click = click_of(made(2.0, 9, None, "head"))
    inserted(db, message, click, method="HEAD", human=False, reasons=("x",), ip="192.0.2.0")
    (row,) = click_rows(db)
    expected = {
        "event_id": click.id.hex(),
        "at_s": 2.0,
        "method": "HEAD",
        "signals": "head",
        "human": 1,
        "doubtful": 1,
        "score": 65,
        "reasons": "no-html/1 early/1",
        "ip": "192.0.2.0",
    }
    assert {name: row[name] for name in expected} == expected


def test_a_message_that_is_renamed_takes_all_of_its_rows_along(
    db: SQLite, message: Message
) -> None:
    """Others of that second stay."""
    written(db, Message(OTHER))
    inserted(db, message, click_of(made()))
    db.execute("INSERT INTO sightings (hash, sent_s, message_id) VALUES (?, ?, ?)", [b"0", *KEY])
    rows.rename_messages(db, {KEY: MessageKey(SENT_S + 1, KEY.message_id)})
    for table in ("messages", "deliveries", "clicks", "arrivals", "sightings"):
        ours = [row for row in db[table].rows if row["message_id"] == KEY.message_id]
        assert [row["sent_s"] for row in ours] == [SENT_S + 1]
    assert list(rows.read_messages(db, [OTHER])) == [OTHER]


def test_of_a_copy_the_moments_of_its_clicks_are_read(db: SQLite, message: Message) -> None:
    """Those of a span, of the copies that are asked for."""
    for n, (at_s, recipient) in enumerate([(0.5, 1), (7.25, 1), (9.0, 1), (3.0, 2)]):
        inserted(db, message, click_of(made(at_s=SENT_S + at_s), recipient=recipient, number=n))
    found = rows.read_moments(db, [Span(KEY, 1, SENT_S, SENT_S + 9.0), Span(OTHER, 1)])
    assert found == {(KEY, 1): [SENT_S + 0.5, SENT_S + 7.25]}
    assert rows.read_moments(db, []) == {}


def test_the_number_of_a_purged_click_is_not_given_again() -> None:
    """Whoever asks for clicks after it would miss the one that had it."""
    db = empty()
    put(db, pending(), accepted(), clicked("c1"))
    first = rows.first_arrival(db, 1)
    retention.purge(db, SENT_S + 1)
    assert db["arrivals"].count == 0
    assert rows.first_arrival(db, 1) >= first


@PLANS_OF_SQLITE
@pytest.mark.parametrize("read", [rows.read_messages, rows.read_messages_near])
def test_messages_are_read_by_their_keys(
    db: SQLite, message: Message, read: Callable[..., object]
) -> None:
    """Which stand together where they were sent together; their ids alone are anywhere."""
    written(db, message)
    read(db, [KEY])
    asked: list[str] = []
    db.conn.set_trace_callback(asked.append)
    read(db, [KEY])
    db.conn.set_trace_callback(None)
    (query,) = [sql for sql in asked if sql.strip().startswith("SELECT")]
    steps = [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert "SEARCH messages USING PRIMARY KEY (sent_s=? AND message_id=?)" in steps
