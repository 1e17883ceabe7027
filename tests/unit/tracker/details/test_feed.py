"""What became of messages: whatever the order of events, the best of them holds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks.facts import empty, pending, put
from tests.support.details import handled
from tests.support.engines import engine, gives_back
from tracker.details import feed, lookup
from tracker.events import MessageHandled, Recipient
from tracker.store.keys import MessageKey
from tracker.store.reserved import ERASED_ADDRESS

__all__ = ["engine", "gives_back"]

KEY = MessageKey.of(1_790_000_000, "00000000000000aa")

EVENTS = st.lists(
    st.builds(
        lambda number, outcome, reply, queue_id: replace(
            handled(),
            number=number,
            outcome=outcome,
            reply=f"{reply} {queue_id}",
            queue_id=queue_id,
        ),
        st.integers(1, 3),
        st.sampled_from(["delivered", "refused", "in_doubt"]),
        st.sampled_from(["250 ok", "550 no"]),
        st.sampled_from([None, "Q1", "Q2"]),
    ),
    max_size=8,
)


def test_a_message_is_kept_as_it_was_told() -> None:
    """Each field of it."""
    db = empty()
    feed.feed(db, [handled()], 0)
    (found,) = lookup.copies(db, KEY)
    told = handled()
    assert {name: getattr(found, name) for name in found.__slots__} == {
        name: getattr(told, name) for name in found.__slots__
    }


def test_what_was_delivered_in_the_end_was_delivered() -> None:
    """A client that tries again does not hide it, nor does a late event."""
    db = empty()
    refused = replace(handled(), outcome="refused", reply="451 later", queue_id=None)
    for events in ([refused], [handled()], [refused]):
        feed.feed(db, events, 0)
    (found,) = lookup.copies(db, KEY)
    assert (found.outcome, found.reply) == ("delivered", handled().reply)


def test_of_what_was_purged_nothing_is_kept() -> None:
    """However late it comes."""
    db = empty()
    feed.feed(db, [handled()], handled().sent_s + 1)
    assert lookup.copies(db, KEY) == []


def test_of_the_forgotten_nothing_is_kept() -> None:
    """Of whose copies only that they were sent is known."""
    db = empty()
    erased = (Recipient(1, ERASED_ADDRESS), Recipient(2, "bob@example.net"))
    put(db, replace(pending("00000000000000aa"), sent_s=KEY.sent_s, recipients=erased))
    feed.feed(db, [handled(1), handled(2)], 0)
    assert [copy.number for copy in lookup.copies(db, KEY)] == [2]


@given(events=EVENTS, data=st.data())
def test_any_order_and_any_grouping_give_the_same(
    events: list[MessageHandled], data: st.DataObject
) -> None:
    """Repeated or not; and each text is there as often as rows say."""
    other = data.draw(st.permutations(events + events[:2]))
    cut = data.draw(st.integers(0, len(other)))
    first, second = empty(), empty()
    feed.feed(first, events, 0)
    feed.feed(second, other[:cut], 0)
    feed.feed(second, other[cut:], 0)
    assert [lookup.copies(db, KEY) for db in (first, second)] == 2 * [lookup.copies(first, KEY)]
    for db in (first, second):
        uses = dict(db.execute("SELECT id, uses FROM detail_texts").fetchall())
        counted = db.execute("SELECT count(*) FROM details").fetchone()[0]
        assert sum(uses.values()) == counted * 8
        assert all(uses.values())
