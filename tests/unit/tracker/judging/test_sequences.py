"""Rules over several clicks of one copy."""

from tracker.judging import sequences
from tracker.judging.click import Click, Message
from tracker.privacy.pseudonyms import DaySecrets

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


def test_networks_that_may_be_one_are_no_fleet() -> None:
    """Of which only hashes are kept, made by different processes, or on different days."""
    today, elsewhere = DaySecrets(), DaySecrets()
    nets = [f"192.0.{n}.0" for n in range(3)]
    ours = [today.pseudonym(each, 0.0) for each in nets]
    mixed = [*ours[:2], elsewhere.pseudonym(nets[2], 0.0)]
    for networks, share in ((ours, 1.0), (mixed, 0.0), ([*nets[:2], ours[2]], 0.0)):
        clicks = [click(9000 + 9 * n, n, each, f"a{n}") for n, each in enumerate(networks)]
        assert sequences.many_networks(clicks, MESSAGE) == [share] * 3


def test_agents_that_may_be_one_are_no_fleet() -> None:
    """As if one browser's address changed."""
    today, elsewhere = DaySecrets(), DaySecrets()
    same = [today.pseudonym("a", 0.0), elsewhere.pseudonym("a", 0.0), today.pseudonym("a", 0.0)]
    other = [*same[:2], today.pseudonym("b", 0.0)]
    for agents, shares in ((same, [0.0] * 3), (other, [1.0, 0.0, 1.0])):
        clicks = [click(9000 + 9 * n, n, f"192.0.{n}.0", each) for n, each in enumerate(agents)]
        assert sequences.many_networks(clicks, MESSAGE) == shares


def test_a_link_that_is_fetched_again_from_an_unknown_network_is_not_left_aside() -> None:
    """Nobody knows that it was from elsewhere."""
    today = DaySecrets()
    known = [today.pseudonym(f"192.0.{n}.0", 0.0) for n in range(3)]
    unknown = DaySecrets().pseudonym("x", 0.0)
    links = [(unknown, 1), (known[0], 1), (known[1], 2), (known[2], 3)]
    clicks = [click(9000 + 5 * n, link, net, f"a{n}") for n, (net, link) in enumerate(links)]
    assert sequences.many_networks(clicks, MESSAGE) == [0.0, 1.0, 1.0, 1.0]
