"""Rules over several clicks of one copy."""

from tracker.judging import sequences
from tracker.judging.click import Click, Message

MESSAGE = Message(sent_at_s=1000.0, links=8)


def click(at_s: float, link: int, network: str = "192.0.2.0", agent: str = "a") -> Click:
    """Return a click so many seconds after sending."""
    return Click(1000.0 + at_s, link, network, agent, ())


def test_early_falls_with_time() -> None:
    """From all points to none; none where sending is not known."""
    clicks = [click(at_s, 1) for at_s in (2, 60, 200, 900)]
    shares = sequences.early(clicks, MESSAGE)
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1.0, 0.0)
    assert sequences.early(clicks, Message()) == [0.0] * 4


def test_a_burst_includes_its_first_clicks() -> None:
    """They were there before anybody knew of a burst."""
    clicks = [click(5, 1), click(9000, 1), click(9000.2, 2), click(9009, 3)]
    assert sequences.burst(clicks, MESSAGE) == [0.0, 1.0, 1.0, 0.0]


def test_one_link_twice_is_no_burst() -> None:
    """People click twice."""
    assert sequences.burst([click(9, 1), click(9.1, 1), click(9.2, 1)], MESSAGE) == [0.0] * 3


def test_six_tabs_in_four_seconds_are_no_burst() -> None:
    """People open tabs."""
    tabs = [click(0.7 * number, number) for number in range(6)]
    assert not any(sequences.burst(tabs, MESSAGE))


def test_several_networks_at_once_are_a_fleet() -> None:
    """Those before the third are included."""
    clicks = [click(9000 + 9 * n, n, f"192.0.{n}.0", f"a{n}") for n in range(3)]
    assert sequences.many_networks(clicks, MESSAGE) == [1.0] * 3


def test_a_click_and_its_second_fetches_are_no_fleet() -> None:
    """Later than soon after sending."""
    clicks = [click(9000 + 9 * n, 1, f"192.0.{n}.0", f"a{n}") for n in range(3)]
    assert sequences.many_networks(clicks, MESSAGE) == [0.0] * 3
    soon = [click(60 + 9 * n, 1, f"192.0.{n}.0", f"a{n}") for n in range(3)]
    assert sequences.many_networks(soon, MESSAGE) == [1.0] * 3


def test_one_agent_whose_address_changes_is_no_fleet() -> None:
    """A browser behind a relay."""
    clicks = [click(9000 + 9 * n, n, f"192.0.{n}.0") for n in range(3)]
    assert sequences.many_networks(clicks, MESSAGE) == [0.0] * 3


def test_one_agent_in_many_networks_at_once_is_a_fleet() -> None:
    """Nobody moves as often."""
    clicks = [Click(9000.0 + n, 1 + n % 3, f"n{n}", "a", ()) for n in range(5)]
    assert sequences.many_networks(clicks, MESSAGE) == [1.0] * 5
    assert sequences.many_networks(clicks[:4], MESSAGE) == [0.0] * 4


def test_networks_that_are_not_kept_are_no_fleet() -> None:
    """Nothing is known of them."""
    clicks = [Click(1050.0 + n, n, None, f"a{n}", ()) for n in range(3)]
    assert sequences.many_networks(clicks, MESSAGE) == [0.0] * 3


def test_pairs_count_soon_after_sending() -> None:
    """And not later."""
    assert sequences.early_pair([click(60, 1), click(62, 2), click(200, 3)], MESSAGE) == [1, 1, 0]
    assert sequences.early_pair([click(600, 1), click(602, 2)], MESSAGE) == [0.0] * 2
    assert sequences.early_pair([click(60, 1), click(62, 2)], Message()) == [0.0] * 2


def test_all_links_need_many() -> None:
    """Six tabs of six links are a reader's."""
    seven = [click(60 * number, number) for number in range(1, 8)]
    assert sequences.all_links(seven, Message(1000.0, 7)) == [1.0] * 7
    assert sequences.all_links(seven, Message(1000.0, 9)) == [0.0] * 7
    assert sequences.all_links(seven[:6], Message(1000.0, 6)) == [0.0] * 6
    assert sequences.all_links(seven, Message(1000.0)) == [0.0] * 7


def test_a_walk_goes_through_the_text_step_by_step() -> None:
    """Neither backwards, nor with pauses, nor as fast as tabs are opened."""
    walk = [click(1.5 * number, number) for number in range(1, 9)]
    assert sequences.in_order(walk, MESSAGE) == [1.0] * 8
    back = [click(1.5 * number, 9 - number) for number in range(1, 9)]
    slow = [click(30 * number, number) for number in range(1, 9)]
    tabs = [click(0.7 * number, number) for number in range(1, 9)]
    assert [sequences.in_order(each, MESSAGE) for each in (back, slow, tabs)] == [[0.0] * 8] * 3
