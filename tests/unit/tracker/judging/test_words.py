"""Why a click was judged as it was, in words."""

import pytest

from tracker.judging.click import Click, Message
from tracker.judging.judge import judge
from tracker.judging.rules import RULES, Rule, Settings
from tracker.judging.words import in_words, seconds

SENT_S = 1_790_000_000.0
MESSAGE = Message(SENT_S, 10)
NETS = ("192.0.2.0", "198.51.100.0", "203.0.113.0")


def click(after_s: float, link: int = 1, network: str = NETS[0], *signals: str) -> Click:
    """Return a click so many seconds after sending; each network has an agent of its own."""
    return Click(SENT_S + after_s, link, network, f"Browser of {network}", signals)


def told(copy: list[Click], index: int) -> list[str]:
    """Return the reasons for the verdict on one click of a copy, in words."""
    verdict = judge(copy, MESSAGE, Settings())[index]
    return [in_words(reason, copy[index], copy, MESSAGE) for reason in verdict.reasons]


def test_a_burst_says_how_many_links_and_how_fast() -> None:
    """Whichever of its clicks is asked about."""
    copy = [click(4000, 1), click(4000.2, 2), click(4000.4, 3)]
    assert [told(copy, index) for index in range(3)] == [["3 links within 0.4 s"]] * 3


def test_one_request_says_what_it_showed() -> None:
    """The network by its label; how soon after sending."""
    copy = [click(12, 1, NETS[0], "head", "scanner-network:eop")]
    words = ["asked by HEAD", "the network of a mail filter (eop)", "12 s after sending"]
    assert told(copy, 0) == words


def test_an_echo_says_how_long_before_the_link_was_followed() -> None:
    """By somebody else."""
    copy = [click(4000), click(4007, 1, NETS[1])]
    assert told(copy, 1) == ["the same link as 7.0 s before, from another network"]


def test_several_networks_are_counted() -> None:
    """Within the time in which they came."""
    copy = [click(4000 + 10 * n, n, network) for n, network in enumerate(NETS)]
    assert told(copy, 0) == ["3 networks within 20 s"]


def test_a_sweep_says_how_many_of_the_links() -> None:
    """And how fast the first came."""
    copy = [click(100 + 2 * n, n) for n in range(1, 11)]
    assert "10 of 10 links" in told(copy, 0)
    assert "6 links within 10 s, soon after sending" in told(copy, 0)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_words(rule: Rule) -> None:
    """A reason of another version is told as well; an unknown one by its label."""
    only = click(1)
    assert in_words(f"{rule.name}/9", only, [only], MESSAGE) not in (f"{rule.name}/9", "")
    assert in_words("later/1", only, [only], MESSAGE) == "later/1"


def test_durations_have_the_unit_that_people_use() -> None:
    """From tenths of a second to hours."""
    assert [seconds(each) for each in (0.44, 59, 300, 7300)] == ["0.4 s", "59 s", "5 min", "2 h"]
