"""What events mean together, free of SQL."""

from dataclasses import replace

import pytest

from tests.support.checks.facts import clicked
from tracker.counting.model import (
    NOT_JUDGED,
    Attribution,
    Click,
    ClickSum,
    Message,
    MessageSum,
    MessageTotals,
    Scope,
    Sums,
    made,
)
from tracker.events import decode, encode
from tracker.judging.click import Click as Made
from tracker.judging.judge import Verdict
from tracker.store.reserved import DAY_S, ERASED_ADDRESS, PURGED

SENT_S = 1_790_000_000.0
DAY = int(SENT_S // DAY_S)
DOUBTFUL = Verdict(human=True, doubtful=True, score=50, reasons=("no-html/1",))
MACHINE = Verdict(human=False, doubtful=False, score=100, reasons=("head/1",))


COUNTED = Attribution(7, 5, 101)


def message(*, shared: bool = False, recipients: int = 1) -> Message:
    """Return a message whose own event has come."""
    known = Message(1, "m", SENT_S)
    known.describe(SENT_S, "example.com", 7, shared=shared)
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
    return Click(1, recipient, "https://example.net/", made, verdict, counted)


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
    known = Message(1, "m", SENT_S)
    known.delivery(1).accepted = known.delivery(2).accepted = True
    known.delivery(2).clicks = known.delivery(0).clicks = 1
    assert known.count() == MessageSum(messages=1, deliveries=1)


def test_shared_click_is_nobodys() -> None:
    """Whatever recipient number a click on a shared message carries, it makes no person."""
    shared = click(counted=Attribution())
    shared.attribute(message(shared=True), 5)
    assert shared.counted == Attribution(campaign_id=7, link_id=5, person_id=None)


def test_a_click_is_its_recipients() -> None:
    """Whose number its token carries, as long as there is one."""
    own, other = click(recipient=2), click(recipient=9)
    for each in (own, other):
        each.attribute(message(recipients=2), 5)
    assert own.counted == Attribution(7, 5, 102)
    assert other.counted == Attribution(7, 5, None)


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
    assert sums.click_sums() == {
        Scope(0, 0, 0): counted,
        Scope(0, 7, 0): counted,
        Scope(0, 7, 5): counted,
        Scope(0, 0, 5): counted,
        Scope(DAY, 0, 0): counted,
        Scope(DAY, 7, 0): counted,
    }
    assert list(sums.clickers.values()) == [counted]


def test_clicks_of_shared_copies_are_counted_apart_and_make_no_clicker() -> None:
    """They are among all clicks as well."""
    sums = Sums()
    sums.add_click(click(recipient=0, counted=Attribution(7, 5, None)), 1)
    assert sums.click_sums()[Scope(0, 7, 5)] == ClickSum(human=1, total=1, shared=1)
    assert sums.clickers == {}


def test_a_click_that_is_withdrawn_adds_nothing() -> None:
    """In any scope, whatever it was judged to be."""
    sums = Sums()
    for verdict in (NOT_JUDGED, DOUBTFUL, MACHINE):
        for sign in (1, -1):
            sums.add_click(click(verdict), sign)
    assert {*map(str, sums.click_sums().values())} == {str(ClickSum())}
    assert {*map(str, sums.clickers.values())} == {str(ClickSum())}


def test_an_event_tells_of_a_click() -> None:
    """With what was kept of its request."""
    event = replace(clicked("c1"), signals=("no-html",), network="192.0.2.0", link=4)
    told = Made(event.at_s, 4, "192.0.2.0", "Browser/1", ("no-html",))
    assert made(decode(encode(event))) == told


def test_an_event_of_before_tells_what_it_can() -> None:
    """HEAD by its method, the network by the address, shortened or whole."""
    head = decode(encode(replace(clicked("c1"), method="HEAD", human=False, reasons=("head/1",))))
    assert made(head).signals == ("head",)
    assert made(clicked("c1")).signals == ()
    assert made(clicked("c1")).network is None
    for ip, network in (("192.0.2.0", "192.0.2.0"), ("2001:db8:1:2::3", "2001:db8:1::")):
        assert made(replace(clicked("c1"), ip=ip)).network == network
