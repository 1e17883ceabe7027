"""Rules that ask which other clicks of the copy are machines': `echo` and `company`.

Owns: both.
Does not own: which clicks are machines' by themselves (`judge`), or points (`rules`).

Clicks are in order of time.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

from tracker.judging.click import Click
from tracker.judging.rules import COMPANY_S, ECHO_S, SAME_AGENT, SAME_BOTH, SAME_NETWORK
from tracker.privacy.pseudonyms import differ


def echo(clicks: Sequence[Click], are_machines: Sequence[bool]) -> list[float]:
    """Return which clicks repeat what a person followed a moment before.

    A click that is a machine's by itself is followed by people, and echoes nobody.
    """
    shares = [0.0] * len(clicks)
    if all(click.network == clicks[0].network for click in clicks):
        return shares
    followed: dict[int, dict[tuple[str, str], float]] = defaultdict(dict)
    for index, (click, is_machine) in enumerate(zip(clicks, are_machines, strict=True)):
        if is_machine or click.network is None:
            continue
        before = followed[click.link]
        for visitor in [each for each, at_s in before.items() if click.at_s - at_s > ECHO_S]:
            del before[visitor]
        if any(
            differ(click.network, network) and differ(click.agent, agent)
            for network, agent in before
        ):
            shares[index] = 1.0
        else:
            before[click.network, click.agent] = click.at_s
    return shares


def company(clicks: Sequence[Click], are_machines: Sequence[bool]) -> list[float]:
    """Return how near each click that is no machine's yet is to one that is, by network and agent.

    A browser that fetched ahead is no company, as its user may follow the link at any time.
    """
    if not any(are_machines):
        return [0.0] * len(clicks)
    moments: dict[Hashable, list[float]] = defaultdict(list)
    for click, is_machine in zip(clicks, are_machines, strict=True):
        if is_machine and not click.is_ahead:
            for key in _keys(click):
                moments[key].append(click.at_s)
    return [
        0.0 if is_machine else _nearness(click, moments)
        for click, is_machine in zip(clicks, are_machines, strict=True)
    ]


def _keys(click: Click) -> Mapping[Hashable, float]:
    """Return what may be shared with a machine, and the share of points for it."""
    keys: dict[Hashable, float] = {("agent", click.agent): SAME_AGENT}
    if click.network is not None:
        keys["network", click.network] = 0.0 if _is_vendors(click) else SAME_NETWORK
        keys["both", click.network, click.agent] = SAME_BOTH
    return keys


def _is_vendors(click: Click) -> bool:
    """Return whether the network says of itself what it may be: to share it says nothing more."""
    return any(signal.startswith("probable-network") for signal in click.signals)


def _nearness(click: Click, moments: Mapping[Hashable, Sequence[float]]) -> float:
    near = (share for key, share in _keys(click).items() if _has_near(moments.get(key, ()), click))
    return max(near, default=0.0)


def _has_near(moments: Sequence[float], click: Click) -> bool:
    at = bisect_left(moments, click.at_s - COMPANY_S)
    return at < len(moments) and moments[at] <= click.at_s + COMPANY_S
