"""What events mean together, free of SQL."""

from dataclasses import replace

import pytest

from tests.support.checks.facts import accepted, clicked, opened, pending, refused
from tracker.counting.model import (
    NOT_JUDGED,
    Attribution,
    Click,
    Clicker,
    ClickSum,
    Message,
    MessageSum,
    MessageTotals,
    Scope,
    Sums,
    key_of,
    made,
)
from tracker.events import Clicked, decode, encode
from tracker.judging.click import Click as Made
from tracker.judging.judge import Verdict
from tracker.store.keys import MessageKey, event_octets
from tracker.store.reserved import DAY_S, ERASED_ADDRESS, PURGED, Kind

SENT_S = 1_790_000_000
KEY = MessageKey.of(SENT_S, "m")
DAY = int(SENT_S // DAY_S)
DOUBTFUL = Verdict(human=True, doubtful=True, score=50, reasons=("no-html/1",))
MACHINE = Verdict(human=False, doubtful=False, score=100, reasons=("head/1",))


COUNTED = Attribution(7, 5, 101, DAY)


def message(*, shared: bool = False, recipients: int = 1) -> Message:
    """Return a message whose own event has come."""
    known = Message(KEY)
    known.describe(3, 7, shared=shared)
    known.link_set_id = 1
    for number in range(1, recipients + 1):
        known.delivery(number).person_id = 100 + number
    return known


def click(
    verdict: Verdict = NOT_JUDGED,
    *,
    recipient: int = 1,
    counted: Attribution = COUNTED,
) -> Click:
    """Return a click on a copy of a message."""
    made = Made(SENT_S, 1, None, "Browser/1", ())
    return Click(b"", recipient, "https://example.net/", made, verdict, counted)


def test_pending_message_counts_for_nothing() -> None:
    """Until the relay took it, a message is in no sum."""
    assert MessageTotals.of(message()) is None


def test_accepted_recipients_count() -> None:
    """Only those recipients whom the relay's 250 covered."""
    known = message(recipients=3)
    known.delivery(1).accepted = known.delivery(3).accepted = True
    assert known.count() == MessageSum(messages=1, deliveries=2)


def test_click_makes_a_pending_message_count() -> None:
    """Who clicked has got it."""
    known = message(recipients=2)
    known.delivery(2).clicks = 1
    assert known.counted
    assert known.count() == MessageSum(messages=1, deliveries=1)


def test_a_delivery_is_clicked_where_a_click_is_a_humans() -> None:
    """Once, however many there are; also where its recipient is forgotten."""
    known = message(recipients=3)
    for number, (clicks, human) in enumerate(((2, 0), (5, 3), (1, 1)), 1):
        delivery = known.delivery(number)
        delivery.clicks, delivery.clicks_human = clicks, human
    known.delivery(3).address = ERASED_ADDRESS
    assert known.count() == MessageSum(messages=1, deliveries=3, clicked=2)


def test_click_on_a_shared_copy_counts_all_its_recipients_as_nobody() -> None:
    """They all got the same copy, which is no delivery."""
    known = message(shared=True, recipients=3)
    copy = known.delivery(0)
    copy.clicks = copy.clicks_human = 1
    assert known.count() == MessageSum(messages=1, shared_messages=1, shared_recipients=3)


def test_a_shared_copy_is_to_those_whom_the_relay_took_it_for() -> None:
    """While nobody clicked it."""
    known = message(shared=True, recipients=3)
    known.delivery(1).accepted = known.delivery(3).accepted = True
    assert known.count() == MessageSum(messages=1, shared_messages=1, shared_recipients=2)


def test_while_its_own_event_has_not_come_only_clicks_tell_of_deliveries() -> None:
    """What the relay took may be a copy that several share."""
    known = Message(KEY)
    known.delivery(1).accepted = known.delivery(2).accepted = True
    known.delivery(2).clicks = known.delivery(0).clicks = 1
    assert known.count() == MessageSum(messages=1, deliveries=1)


def test_shared_click_is_nobodys() -> None:
    """Whatever recipient number a click on a shared message carries, it makes no person."""
    shared = click(counted=Attribution())
    shared.attribute(message(shared=True), 5)
    assert shared.counted == Attribution(7, 5, None, DAY)


def test_a_click_is_its_recipients() -> None:
    """Whose number its token carries, as long as there is one."""
    own, other = click(recipient=2), click(recipient=9)
    for each in (own, other):
        each.attribute(message(recipients=2), 5)
    assert own.counted == Attribution(7, 5, 102, DAY)
    assert other.counted == Attribution(7, 5, None, DAY)


def test_nobody_knows_of_a_message_before_all_of_it_was_refused_or_some_taken() -> None:
    """A copy each may end differently."""
    several = message(recipients=2)
    assert several.unknown
    several.delivery(1).refused = True
    assert several.unknown
    several.delivery(2).refused = True
    assert not several.unknown
    several.delivery(2).clicks = 1
    assert not several.unknown
    assert several.count() == MessageSum(messages=1, deliveries=1)


def test_purged_message_contributes_nothing() -> None:
    """It was counted under its own campaign before it went."""
    known = message()
    known.campaign_id = PURGED
    known.delivery(1).clicks = 1
    assert MessageTotals.of(known) is None


@pytest.mark.parametrize(
    ("verdict", "counted"),
    [
        (NOT_JUDGED, ClickSum(human=1, total=1)),
        (DOUBTFUL, ClickSum(human=1, doubtful=1, total=1)),
        (MACHINE, ClickSum(total=1)),
    ],
)
def test_a_click_counts_as_what_it_was_judged_to_be(verdict: Verdict, counted: ClickSum) -> None:
    """In all, of its campaign, of its link in both, and of its day."""
    sums = Sums()
    sums.add_click(click(verdict), 1)
    found = sums.click_sums()
    assert found.made == {
        Scope(0, 0, 0): counted,
        Scope(0, 7, 0): counted,
        Scope(0, 7, 5): counted,
        Scope(0, 0, 5): counted,
        Scope(DAY, 0, 0): counted,
        Scope(DAY, 7, 0): counted,
    }
    assert found.sent == {
        Scope(DAY, 0, 0): counted,
        Scope(DAY, 7, 0): counted,
        Scope(DAY, 7, 5): counted,
    }
    assert set(found.hours) == {(SENT_S // 3600, 7), (SENT_S // 3600, 0)}
    kind = Kind.of(human=verdict.human, doubtful=verdict.doubtful)
    assert sums.clickers == {Clicker(DAY, 7, 5, 101): kind}


def test_clicks_of_shared_copies_are_counted_apart_and_make_no_clicker() -> None:
    """They are among all clicks as well."""
    sums = Sums()
    sums.add_click(click(recipient=0, counted=Attribution(7, 5, None, DAY)), 1)
    assert sums.click_sums().made[Scope(0, 7, 5)] == ClickSum(human=1, total=1, shared=1)
    assert sums.clickers == {}


def test_a_click_that_is_withdrawn_adds_nothing() -> None:
    """In any scope, whatever it was judged to be."""
    sums = Sums()
    for verdict in (NOT_JUDGED, DOUBTFUL, MACHINE):
        for sign in (1, -1):
            sums.add_click(click(verdict), sign)
    found = sums.click_sums()
    counts = (*found.made.values(), *found.sent.values(), *found.hours.values())
    assert {*map(str, counts)} == {str(ClickSum())}
    assert sums.withdrawn == {Clicker(DAY, 7, 5, 101)}


def told(event: Clicked) -> Made:
    """Return the click that an event tells of."""
    return made(event, event_octets(event.event_id, event.at_s))


def test_an_event_tells_of_a_click() -> None:
    """With what was kept of its request."""
    event = replace(clicked("c1"), signals=("no-html",), network="192.0.2.0", link=4)
    expected = Made(event.at_s, 4, "192.0.2.0", "Browser/1", ("no-html",))
    again = decode(encode(event))
    assert isinstance(again, Clicked)
    assert told(again) == expected


def test_the_moment_of_a_click_is_what_is_kept_of_it() -> None:
    """Whole milliseconds, so that it is judged the same now and when it is read again."""
    assert told(clicked("c1", at_s=SENT_S + 0.1234567)).at_s == SENT_S + 0.123


def test_events_tell_of_which_message_they_are() -> None:
    """By the second that its tokens tell; those of earlier versions by their own moment."""
    for event in (pending(), accepted(), refused()):
        assert key_of(replace(event, at_s=SENT_S + 0.9)) == MessageKey.of(SENT_S, "m1")
        assert key_of(replace(event, at_s=SENT_S + 1.9, sent_s=SENT_S)) == key_of(clicked("c1"))
    assert key_of(opened("o1")) == key_of(clicked("c1"))


def test_an_event_of_before_tells_what_it_can() -> None:
    """HEAD by its method, the network by the address, shortened or whole."""
    head = replace(clicked("c1"), method="HEAD", human=False, reasons=("head/1",))
    assert told(head).signals == ("head",)
    assert told(clicked("c1")).signals == ()
    assert told(clicked("c1")).network is None
    for ip, network in (("192.0.2.0", "192.0.2.0"), ("2001:db8:1:2::3", "2001:db8:1::")):
        assert told(replace(clicked("c1"), ip=ip)).network == network
