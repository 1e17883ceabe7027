"""Verdicts on the clicks of one copy, whatever the order in which they came."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.judging.click import Click, Message
from tracker.judging.judge import Verdict, flooded, judge, judge_alone
from tracker.judging.rules import FLOOD, Settings

MESSAGE = Message(sent_at_s=0.0, links=8)
CLICKS = st.builds(
    Click,
    at_s=st.one_of(
        st.integers(0, 40).map(lambda tenths: tenths / 10),
        st.integers(0, 4000).map(float),
    ),
    link=st.integers(1, 8),
    network=st.sampled_from(["192.0.2.0", "198.51.100.0", "203.0.113.0", "2001:db8::", None]),
    agent=st.sampled_from(["a", "b", "c"]),
    signals=st.sampled_from(
        [
            (),
            (),
            (),
            ("head",),
            ("prefetch",),
            ("no-language",),
            ("probable-network:x",),
            ("cloud-network:x",),
        ]
    ),
)
MESSAGES = st.builds(
    Message,
    sent_at_s=st.sampled_from([None, 0.0, 100.0]),
    links=st.sampled_from([None, 1, 3, 8]),
    is_shared=st.booleans(),
)


def click(at_s: float, link: int, network: str = "n", agent: str = "a", *signals: str) -> Click:
    """Return a click so many seconds after sending."""
    return Click(at_s, link, network, agent, signals)


def verdicts(
    *clicks: Click, message: Message = MESSAGE, settings: Settings | None = None
) -> list[Verdict]:
    """Return the verdicts of the rules as they are declared."""
    return judge(clicks, message, settings or Settings())


@given(clicks=st.lists(CLICKS, max_size=12), message=MESSAGES, data=st.data())
def test_any_order_gives_the_same_verdicts(
    clicks: list[Click], message: Message, data: st.DataObject
) -> None:
    """Each click is judged alike, wherever it stands."""
    order = data.draw(st.permutations(range(len(clicks))))
    found = judge([clicks[index] for index in order], message, Settings())
    expected = judge(clicks, message, Settings())
    assert found == [expected[index] for index in order]


@given(groups=st.lists(st.lists(CLICKS, max_size=4), max_size=4), message=MESSAGES)
def test_any_grouping_ends_in_the_same_verdicts(
    groups: list[list[Click]], message: Message
) -> None:
    """Judged anew as each group arrives, the last verdicts are those of all clicks at once."""
    known: list[Click] = []
    found: list[Verdict] = []
    for group in groups:
        known = [*group, *known]
        found = judge(known, message, Settings())
    once = sorted((each for group in groups for each in group), key=lambda click: click.order)
    by_click = dict(zip(once, judge(once, message, Settings()), strict=True))
    assert found == [by_click[each] for each in known]


@given(clicks=st.lists(CLICKS, max_size=12), message=MESSAGES)
def test_a_verdict_is_what_its_score_says(clicks: list[Click], message: Message) -> None:
    """Machine, doubtful or human, by the two thresholds; no points without a reason."""
    for verdict in judge(clicks, message, Settings()):
        assert verdict.human == (verdict.score < 100)
        assert verdict.doubtful == (50 <= verdict.score < 100)
        assert bool(verdict.reasons) == bool(verdict.score)


@given(click=CLICKS, message=MESSAGES)
def test_a_click_alone_is_judged_alike(click: Click, message: Message) -> None:
    """At the request, as of a copy that nobody clicked otherwise."""
    alone = judge_alone(click.signals, message.age_s(click), Settings())
    assert [alone] == judge([click], message, Settings())


@given(clicks=st.lists(CLICKS, max_size=12), message=MESSAGES)
def test_clicks_that_are_far_apart_say_nothing_of_each_other(
    clicks: list[Click], message: Message
) -> None:
    """What is judged apart for that reason is judged as with all others."""
    with mock.patch("tracker.judging.judge.APART_S", 1e11):
        together = judge(clicks, message, Settings())
    assert judge(clicks, message, Settings()) == together


def test_who_is_as_near_as_a_rule_looks_is_not_far() -> None:
    """A quarter of an hour after a machine's click, one of the same visitor is company; later not."""
    near = verdicts(click(9000, 1, "n", "a", "head"), click(9900, 2))
    far = verdicts(click(9000, 1, "n", "a", "head"), click(9900.001, 2))
    assert [each.human for each in (*near, *far)] == [False, False, False, True]


def test_a_click_with_nothing_to_say_is_human() -> None:
    """Hours after sending."""
    assert verdicts(click(9000, 1)) == [Verdict(human=True, doubtful=False, score=0, reasons=())]


def test_one_strong_signal_is_a_machine_and_one_weak_is_doubtful() -> None:
    """By the points of the table."""
    machine, doubtful = verdicts(click(9000, 1, "n", "a", "head"), click(1, 2, "m", "b"))
    assert (machine.human, machine.reasons) == (False, ("head/1",))
    assert (doubtful.human, doubtful.doubtful, doubtful.reasons) == (True, True, ("early/1",))


def test_what_a_swept_copy_has_left_is_company() -> None:
    """The same visitor's click a minute after its sweep; another's stays human."""
    found = verdicts(click(900, 1), click(900.1, 2), click(960, 3), click(980, 4, "m", "b"))
    assert [each.human for each in found] == [False, False, False, True]
    assert found[2].reasons == ("company/1",)


def test_an_echo_keeps_the_first_click_a_persons() -> None:
    """And is a machine's itself."""
    first, second = verdicts(click(9000, 1), click(9012, 1, "m", "b"))
    assert first.human
    assert second.reasons == ("echo/1",)


def test_a_vendors_network_counts_within_ten_minutes_of_sending() -> None:
    """Later a person may sit behind browser isolation."""
    label = "probable-network:proofpoint"
    soon, late = verdicts(click(60, 1, "n", "a", label), click(9000, 1, "n", "a", label))
    assert not soon.human
    assert (late.human, late.score) == (True, 0)


def test_a_cloud_proves_nothing_but_soon_after_sending() -> None:
    """Of two minutes; later somebody's desktop may be there, or the way out of a VPN."""
    clicks = [
        click(at_s, 1, f"n{at_s}", f"a{at_s}", "cloud-network:aws") for at_s in (90, 240, 999)
    ]
    assert [(each.human, each.doubtful) for each in verdicts(*clicks)] == [
        (False, False),
        (True, True),
        (True, False),
    ]
    [unknown] = verdicts(clicks[0], message=Message())
    assert unknown.score == 0


def test_a_shared_copy_is_judged_by_visitor() -> None:
    """Its readers come from many networks at once."""
    clicks = [click(9000 + n, n, f"n{n}", f"a{n}") for n in range(1, 6)]
    shared = Message(sent_at_s=0.0, links=8, is_shared=True)
    assert all(each.human for each in verdicts(*clicks, message=shared))
    assert not any(each.human for each in verdicts(*clicks))


def test_settings_move_the_threshold_and_the_points() -> None:
    """A rule that weighs nothing gives no reason."""
    [verdict] = verdicts(click(9000, 1, "n", "a", "head"), settings=Settings(points={"head": 0}))
    assert verdict == Verdict(human=True, doubtful=False, score=0, reasons=())
    [verdict] = verdicts(click(9000, 1, "n", "a", "no-html"), settings=Settings(threshold=50))
    assert not verdict.human


def many(count: int, step_s: float = 4000.0) -> list[Click]:
    """Return clicks of one visitor, of which each may be a person's."""
    return [click(9000 + step_s * number, 1) for number in range(count)]


def test_more_clicks_than_are_judged_together_are_a_flood() -> None:
    """All of them; one less is none."""
    assert all(each.human for each in verdicts(*many(FLOOD)))
    found = verdicts(*many(FLOOD + 1))
    assert {(each.human, each.score, each.reasons) for each in found} == {
        (False, 100, ("flood/1",))
    }


def test_of_a_flood_each_click_is_judged_by_itself() -> None:
    """By its request and its moment; what the others are says nothing more."""
    early, headed = click(1, 1), click(9000, 2, "m", "b", "head")
    found = flooded([early, headed, click(9000.1, 3)], MESSAGE, Settings())
    assert [each.reasons for each in found] == [
        ("flood/1", "early/1"),
        ("head/1", "flood/1"),
        ("flood/1",),
    ]
    assert not any(each.human for each in found)
    assert flooded([headed], MESSAGE, Settings()) == [found[1]]


def test_a_shared_copy_is_flooded_by_one_visitor() -> None:
    """Its other readers are none of it, however many they are."""
    shared = Message(sent_at_s=0.0, links=8, is_shared=True)
    readers = [click(9000 + 4000 * n, 1, f"n{n}", "b") for n in range(FLOOD + 1)]
    found = verdicts(*many(FLOOD + 1), *readers, message=shared)
    assert not any(each.human for each in found[: FLOOD + 1])
    assert all(each.human for each in found[FLOOD + 1 :])


def test_a_flood_weighs_what_is_set() -> None:
    """An operator may take it for a person's."""
    found = verdicts(*many(FLOOD + 1), settings=Settings(points={"flood": 0}))
    assert all(each == Verdict(human=True, doubtful=False, score=0, reasons=()) for each in found)


@given(groups=st.lists(st.lists(CLICKS, max_size=4), max_size=4), message=MESSAGES)
def test_floods_do_not_depend_on_the_order_either(
    groups: list[list[Click]], message: Message
) -> None:
    """Of which a few clicks are one here."""
    every = [each for group in groups for each in group]
    with mock.patch("tracker.judging.judge.FLOOD", 5):
        forward = judge(every, message, Settings())
        backward = judge(every[::-1], message, Settings())
    assert forward == backward[::-1]
    if not message.is_shared:
        is_flood = [any(reason == "flood/1" for reason in each.reasons) for each in forward]
        assert is_flood == [len(every) > 5] * len(every)


@pytest.mark.parametrize("most", [FLOOD, 20_000])
def test_ten_thousand_clicks_on_one_copy_are_judged_in_seconds(most: int) -> None:
    """The time is in proportion, whatever somebody sends; also where all are judged together."""
    clicks = [click(n / 50, n % 8, f"n{n % 40}", f"a{n % 7}") for n in range(10_000)]
    with mock.patch("tracker.judging.judge.FLOOD", most):
        assert len(verdicts(*clicks)) == len(clicks)
