"""Which clicks are judged together, and what the judge is told of them."""

from dataclasses import replace

import pytest

from tracker.counting import sittings
from tracker.counting.model import NOT_JUDGED, Attribution, Click, ClickSum, Message, Sums
from tracker.counting.sittings import HOUR_S, Change, Sitting, Span, changes, is_closed, is_flooded
from tracker.judging.click import Click as Made
from tracker.judging.judge import Verdict
from tracker.judging.rules import APART_S, FLOOD, Settings
from tracker.store.keys import MessageKey
from tracker.store.reserved import ERASED_ADDRESS, PURGED
from tracker.tokens import SHARED

SENT_S = 497_222 * HOUR_S
LATER_S = SENT_S + 9000.0
MACHINE = Verdict(human=False, doubtful=False, score=100, reasons=("head/1",))


ONE, OTHER = MessageKey(SENT_S, 1), MessageKey(SENT_S, 2)
"""Messages."""


def message(
    key: MessageKey = ONE, *, clicks: int = 0, shared: bool = False, links: int = 8
) -> Message:
    """Return a message to two, and so many clicks on the first one's copy."""
    known = Message(key, campaign_id=7, link_set_id=1, links=links)
    known.shared = shared
    known.delivery(1).clicks = clicks
    known.delivery(2)
    return known


def click(
    at_s: float = LATER_S,
    link: int = 1,
    recipient: int = 1,
    agent: str = "Browser/1",
    *signals: str,
    verdict: Verdict = NOT_JUDGED,
) -> Click:
    """Return a click on a copy."""
    made = Made(at_s, link, "192.0.2.0", agent, signals)
    return Click(b"", recipient, "https://example.net/", made, verdict)


def judged(*pairs: tuple[Message, Click], settings: Settings | None = None) -> list[Verdict]:
    """Return what clicks are judged to be together."""
    sittings.judge(pairs, settings or Settings())
    return [each.verdict for _, each in pairs]


def closed(how: str) -> Message:
    """Return a message of whose first copy nothing is kept, or none of its recipient."""
    known = message()
    if how == "purged":
        known.campaign_id = PURGED
    else:
        known.delivery(1).address = ERASED_ADDRESS
    return known


def test_all_clicks_on_one_recipients_copy_are_one_sitting() -> None:
    """Whenever they are made."""
    first, last = Sitting.of(ONE, click(SENT_S)), Sitting.of(ONE, click(SENT_S + 9e6))
    assert first == last == Sitting(ONE, 1)
    span = first.span
    assert (span.message, span.recipient) == (ONE, 1)
    assert span.from_s <= 0 < SENT_S + 9e6 < span.to_s


def test_clicks_on_a_shared_copy_are_judged_by_the_hour() -> None:
    """Each click in one hour, whose span begins with it and ends before the next."""
    moments = [SENT_S, SENT_S + HOUR_S - 0.001, SENT_S + HOUR_S]
    one, same, next_one = (Sitting.of(ONE, click(at_s, recipient=SHARED)) for at_s in moments)
    assert one == same != next_one
    assert one.span == Span(ONE, SHARED, SENT_S, SENT_S + HOUR_S)
    assert next_one.span.from_s == one.span.to_s


@pytest.mark.parametrize("how", ["purged", "erased"])
def test_of_a_closed_copy_nothing_is_kept(how: str) -> None:
    """The others of the message are not, unless all of it was purged."""
    known = closed(how)
    assert is_closed(known, 1)
    assert is_closed(known, 2) == (how == "purged")
    assert not is_closed(message(), 1)


def test_a_copy_is_flooded_by_more_clicks_than_are_judged_together() -> None:
    """`but` those that come just now; a shared one never, as its hours are judged apart."""
    assert not is_flooded(message(clicks=FLOOD), 1)
    assert is_flooded(message(clicks=FLOOD + 1), 1)
    assert not is_flooded(message(clicks=FLOOD + 1), 1, but=1)
    assert not is_flooded(message(clicks=FLOOD + 1), 2)
    shared = message(shared=True)
    shared.delivery(SHARED).clicks = FLOOD + 1
    assert not is_flooded(shared, SHARED)


def test_new_clicks_are_judged_with_those_of_their_copies() -> None:
    """Each copy once; of a shared one the hours in which something is new."""
    one, other = message(clicks=2), message(OTHER, shared=True)
    new = [
        *((one, click()), (one, click(LATER_S + 9)), (one, click(recipient=2))),
        *((other, click(SENT_S, recipient=SHARED)), (other, click(SENT_S + 5, recipient=SHARED))),
        (other, click(SENT_S + 2 * HOUR_S, recipient=SHARED)),
    ]
    assert sittings.spans(new) == {
        Sitting(ONE, 1).span,
        Sitting(ONE, 2).span,
        Span(OTHER, SHARED, SENT_S, SENT_S + HOUR_S),
        Span(OTHER, SHARED, SENT_S + 2 * HOUR_S, SENT_S + 3 * HOUR_S),
    }


@pytest.mark.parametrize("how", ["purged", "erased"])
def test_nothing_is_read_of_a_closed_copy(how: str) -> None:
    """It would say nothing more."""
    assert sittings.spans([(closed(how), click())]) == set()


def test_nothing_is_read_of_a_copy_that_was_flooded_before() -> None:
    """But all of it once, when it becomes flooded: those that were people's are taken back."""
    new = [(message(clicks=FLOOD + 2), click())] * 2
    assert sittings.spans(new) == {Sitting(ONE, 1).span}
    assert sittings.spans(new[:1]) == set()


@pytest.mark.parametrize(
    ("known_s", "expected_s"),
    [
        ((), []),
        ((-APART_S - 0.001, APART_S + 0.001), []),
        ((-APART_S,), [(-APART_S, 0)]),
        ((APART_S,), [(0, APART_S)]),
        ((0,), [(0, 0)]),
        ((-2 * APART_S, -APART_S, 800, 1600, 9000), [(-2 * APART_S, 1600)]),
    ],
)
def test_a_new_click_is_judged_with_those_near_it(
    known_s: tuple[float, ...], expected_s: list[tuple[float, float]]
) -> None:
    """Each less than a quarter of an hour from the next: others it says nothing of."""
    known = {(ONE, 1): [LATER_S + each for each in known_s]}
    found = sittings.near([Sitting(ONE, 1).span], [(message(), click())], known)
    assert found == {
        Span(ONE, 1, LATER_S + begin, LATER_S + end + 0.001) for begin, end in expected_s
    }


def test_a_new_click_brings_together_what_was_apart() -> None:
    """What was known before and after it; other copies have their own."""
    known = {(ONE, 1): [LATER_S - 800, LATER_S + 800], (OTHER, 1): [LATER_S]}
    wanted = [Sitting(ONE, 1).span, Sitting(OTHER, 1).span]
    new = [(message(), click()), (message(OTHER), click(LATER_S + 5000))]
    (found,) = sittings.near(wanted, new, known)
    assert found[:3] == (ONE, 1, LATER_S - 800)


def test_each_copy_is_judged_by_itself() -> None:
    """Two links at once are a machine's where they are of one copy."""
    one, other = message(), message(OTHER)
    together = judged((one, click()), (one, click(LATER_S + 0.1, 2)))
    assert [each.human for each in together] == [False, False]
    apart = judged((one, click()), (other, click(LATER_S + 0.1, 2)), (one, click(LATER_S, 2, 2)))
    assert [each.human for each in apart] == [True] * 3


def test_hours_of_a_shared_copy_are_judged_apart() -> None:
    """Two links at once are none where a new hour begins between them."""
    shared = message(shared=True)
    just_before, after = SENT_S + 3 * HOUR_S - 0.05, SENT_S + 3 * HOUR_S + 0.05
    pairs = [click(at_s, link, SHARED) for link, at_s in enumerate((just_before, after), 1)]
    assert [each.human for each in judged(*((shared, each) for each in pairs))] == [True, True]
    both = [click(after, 1, SHARED), click(after + 0.1, 2, SHARED)]
    assert [each.human for each in judged(*((shared, each) for each in both))] == [False, False]


@pytest.mark.parametrize("shared", [False, True])
def test_readers_of_one_copy_are_judged_apart(*, shared: bool) -> None:
    """They are where the message says so, or the number of the recipient, before it has come."""
    known = message(shared=shared)
    pairs = [(known, click(LATER_S + n / 10, n, SHARED, f"Browser/{n}")) for n in range(1, 4)]
    assert all(each.human for each in judged(*pairs))


def test_the_judge_knows_the_message() -> None:
    """When it was sent, and how many links it has."""
    soon, late = judged((message(), click(SENT_S + 9))), judged((message(), click()))
    assert (soon[0].reasons, late[0].reasons) == (("early/1",), ())
    sweep = [click(LATER_S + 100 * n, n) for n in range(1, 9)]
    found = judged(*((message(links=8), each) for each in sweep))
    assert {reason for each in found for reason in each.reasons} == {"all-links/1"}
    found = judged(*((message(links=80), replace(each)) for each in sweep))
    assert {reason for each in found for reason in each.reasons} == set()


def test_settings_are_the_judges() -> None:
    """As an operator has them."""
    lacking = click(LATER_S, 1, 1, "Browser/1", "no-html")
    for doubtful, expected in ((50, True), (60, False)):
        (verdict,) = judged((message(), lacking), settings=Settings(doubtful=doubtful))
        assert verdict.doubtful is expected
    signalled = click(LATER_S, 1, 1, "Browser/1", "head")
    (verdict,) = judged((message(), signalled), settings=Settings(points={"head": 0}))
    assert verdict.human


def test_clicks_of_a_flooded_copy_are_a_machines() -> None:
    """Also those that are given alone, as the others need not be read."""
    known = message(clicks=FLOOD + 1)
    (verdict,) = judged((known, click()))
    assert (verdict.human, verdict.reasons) == (False, ("flood/1",))
    (verdict,) = judged((known, click(recipient=2)))
    assert verdict.human


@pytest.mark.parametrize("how", ["purged", "erased"])
def test_clicks_of_a_closed_copy_are_judged_once_each_by_itself(how: str) -> None:
    """What was judged stays, whatever comes later; links at once are no burst."""
    known = closed(how)
    before = click(LATER_S - 1, 3, verdict=MACHINE)
    found = judged((known, before), (known, click()), (known, click(LATER_S + 0.1, 2)))
    assert found[0] is MACHINE
    assert [each.human for each in found[1:]] == [True, True]
    (verdict,) = judged((known, click(LATER_S, 1, 1, "Browser/1", "head")))
    assert verdict == MACHINE


def test_what_changed_is_told_with_how_it_was() -> None:
    """In verdict or in what it counts for; what stays as it was is left out."""
    known = message()
    clicks = [click(), click(link=2), click(link=3)]
    before = [replace(each) for each in clicks]
    clicks[0].verdict = MACHINE
    clicks[2].counted = Attribution(7, 5, 101)
    found = changes(before, [(known, each) for each in clicks])
    assert [(each.before, each.after) for each in found] == [
        (before[0], clicks[0]),
        (before[2], clicks[2]),
    ]


def test_a_change_is_counted_as_the_difference() -> None:
    """In the sums, and among the human clicks of its copy."""
    known = message(clicks=2)
    known.delivery(1).clicks_human = 2
    before = replace(click(), counted=Attribution(7, 5, 101))
    sums = Sums()
    Change(known, before, replace(before, verdict=MACHINE)).count(sums)
    assert known.delivery(1).clicks_human == 1
    assert {(each.human, each.total) for each in sums.click_sums().made.values()} == {(-1, 0)}
    back = Sums()
    Change(known, replace(before, verdict=MACHINE), before).count(back)
    assert known.delivery(1).clicks_human == 2
    assert set(map(str, back.click_sums().made.values())) == {str(ClickSum(human=1))}
