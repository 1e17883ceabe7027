"""Echoes of people's clicks, and clicks in the company of machines."""

from tracker.judging.click import Click
from tracker.judging.company import company, echo
from tracker.privacy.pseudonyms import DaySecrets


def click(
    at_s: float, link: int = 1, network: str | None = "n", agent: str = "a", signal: str = ""
) -> Click:
    """Return a click, with one signal."""
    return Click(at_s, link, network, agent, (signal,) if signal else ())


def test_an_echo_comes_from_elsewhere_within_a_minute() -> None:
    """The first click stays a person's, and so do those of a third link or an hour later."""
    clicks = [click(0), click(12, network="m", agent="b"), click(13, 2, "m", "b")]
    assert echo([*clicks, click(99, network="m", agent="b")], [False] * 4) == [0, 1, 0, 0]


def test_the_same_network_or_agent_is_no_echo() -> None:
    """People click again, and from other devices at home."""
    assert not any(echo([click(0), click(5, agent="b")], [False] * 2))
    assert not any(echo([click(0), click(9, network="m")], [False] * 2))


def test_who_may_be_the_same_is_no_echo_and_no_company() -> None:
    """Of whom only hashes are kept, made by different processes, or on different days."""
    today, elsewhere = DaySecrets(), DaySecrets()
    net, agent = today.pseudonym("n", 0.0), today.pseudonym("a", 0.0)
    other = click(9, network=today.pseudonym("m", 0.0), agent=today.pseudonym("b", 0.0))
    assert echo([click(0, network=net, agent=agent), other], [False] * 2) == [0, 1]
    for unknown in (
        click(9, network=elsewhere.pseudonym("m", 0.0), agent=other.agent),
        click(9, network=other.network, agent=elsewhere.pseudonym("b", 0.0)),
        click(9, network="192.0.2.0", agent=other.agent),
    ):
        assert echo([click(0, network=net, agent=agent), unknown], [False] * 2) == [0, 0]
    same = click(9, network=elsewhere.pseudonym("n", 0.0), agent=elsewhere.pseudonym("a", 0.0))
    assert company([click(0, network=net, agent=agent), same], [True, False]) == [0.0, 0.0]
    assert company([click(0, network=net, agent=agent)] * 2, [True, False]) == [0.0, 1.0]


def test_people_who_follow_machines_echo_nobody() -> None:
    """A filter looked at the link a moment before."""
    assert echo([click(0), click(12, network="m", agent="b")], [True, False]) == [0, 0]


def test_company_is_by_network_and_agent() -> None:
    """Both weigh more than one of them, before the machine's click as after it."""
    clicks = [
        click(0),
        click(100),
        click(200, agent="b"),
        click(300, network="m"),
        click(400, 1, "m", "b"),
    ]
    shares = company(clicks, [False, True, False, False, False])
    assert shares[0] == 1.0
    assert shares[1] == shares[4] == 0.0
    assert shares[0] > shares[2] > shares[3] > 0


def test_company_ends_after_a_quarter_of_an_hour() -> None:
    """A visitor may come back as a person."""
    assert company([click(0), click(901)], [True, False]) == [0.0, 0.0]


def test_a_browser_that_fetched_ahead_is_no_company() -> None:
    """Its user follows the link next."""
    assert company([click(0, signal="prefetch"), click(1)], [True, False]) == [0.0, 0.0]


def test_a_vendors_network_is_known_already() -> None:
    """To share it with the vendor's filter says nothing about a person behind isolation."""
    label = "probable-network:x"
    clicks = [click(0, signal=label), click(60, agent="b", signal=label)]
    assert company(clicks, [True, False]) == [0.0, 0.0]
