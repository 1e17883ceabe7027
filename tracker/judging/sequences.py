"""Rules that look at several clicks of one copy: how fast, from how many networks, in which order.

Owns: `early`, `burst`, `many-networks`, `early-pair`, `all-links` and `in-order`.
Does not own: rules that need to know which clicks are machines' (`company`), or points (`rules`).

Each returns a share of the rule's points, from 0 to 1, for every click. Clicks are in order of time.
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from tracker.judging.click import Click, Message
from tracker.judging.rules import (
    BURSTS,
    CROWD,
    EARLY_STEPS,
    ECHO_S,
    FLEET,
    PAIR_AGE_S,
    PAIRS,
    SWEEP_LEAST,
    SWEEP_S,
    SWEEP_SHARE,
    WALK_LEAST,
    WALK_PACE_S,
    WALK_STEP_S,
)
from tracker.privacy.pseudonyms import differ, realm

Shares = list[float]


def early(clicks: Sequence[Click], message: Message) -> Shares:
    """Return how early each click came after sending."""
    return [earliness(message.age_s(click)) for click in clicks]


def earliness(age_s: float | None) -> float:
    """Return the share of points for a click that came so many seconds after sending."""
    if age_s is None or age_s >= EARLY_STEPS[-1][0]:
        return 0.0
    return next((share for until_s, share in EARLY_STEPS if age_s < until_s), 0.0)


def burst(clicks: Sequence[Click], message: Message) -> Shares:  # noqa: ARG001 - as all of these
    """Return which clicks are among several links at once, those before the burst is known included."""
    links = [click.link for click in clicks]
    return _either(dense(clicks, links, count, span_s) for count, span_s in BURSTS)


def many_networks(clicks: Sequence[Click], message: Message) -> Shares:
    """Return which clicks are among several networks at once.

    Later than soon after sending, a link may be fetched again, from elsewhere, because a person followed
    it; and one agent may be a person whose address changes from link to link, but not as often as those of
    a crowd.
    """
    crowd = several(clicks, [click.network for click in clicks], *CROWD)
    count, span_s = FLEET
    if len({click.network for click in clicks}) < count:
        return [0.0] * len(clicks)
    soon, again = _soon(clicks, message), _fetched_again(clicks)
    keys = [
        click.network if is_soon or not is_again else None
        for click, is_soon, is_again in zip(clicks, soon, again, strict=True)
    ]
    networks = several(clicks, keys, count, span_s)
    agents = several(clicks, [click.agent for click in clicks], 2, span_s)
    shares = zip(networks, agents, soon, strict=True)
    fleet = [network if agent or is_soon else 0.0 for network, agent, is_soon in shares]
    return _either((crowd, fleet))


def _fetched_again(clicks: Sequence[Click]) -> list[bool]:
    """Return which clicks follow one on the same link from another network within ECHO_S."""
    again = []
    first: dict[int, Click] = {}
    for click in clicks:
        before = first.get(click.link)
        is_again = before is not None and click.at_s - before.at_s <= ECHO_S
        again.append(is_again and before is not None and differ(click.network, before.network))
        if not is_again:
            first[click.link] = click
    return again


def early_pair(clicks: Sequence[Click], message: Message) -> Shares:
    """Return which clicks of one visitor are among several links soon after sending."""
    soon = _soon(clicks, message)
    links = [click.link if is_soon else None for click, is_soon in zip(clicks, soon, strict=True)]
    return _either(dense(clicks, links, count, span_s) for count, span_s in PAIRS)


def _soon(clicks: Sequence[Click], message: Message) -> list[bool]:
    ages = map(message.age_s, clicks)
    return [age_s is not None and age_s <= PAIR_AGE_S for age_s in ages]


def all_links(clicks: Sequence[Click], message: Message) -> Shares:
    """Return which clicks of one visitor are among nearly all links of the message."""
    if message.links is None or message.links < SWEEP_LEAST:
        return [0.0] * len(clicks)
    least = math.ceil(SWEEP_SHARE * message.links)
    return dense(clicks, [click.link for click in clicks], least, SWEEP_S)


def in_order(clicks: Sequence[Click], message: Message) -> Shares:
    """Return which clicks of one visitor go through nearly all links as the text has them."""
    shares = [0.0] * len(clicks)
    if message.links is None or message.links < WALK_LEAST:
        return shares
    least = max(WALK_LEAST, math.ceil(SWEEP_SHARE * message.links))
    for start, end in _walks(clicks):
        links = len({click.link for click in clicks[start:end]})
        if links >= least and _pace_s(clicks[start:end], links) >= WALK_PACE_S:
            shares[start:end] = [1.0] * (end - start)
    return shares


def _pace_s(walk: Sequence[Click], links: int) -> float:
    """Return the seconds from one link to the next; who opens tabs takes less than who loads pages."""
    return (walk[-1].at_s - walk[0].at_s) / (links - 1)


def _walks(clicks: Sequence[Click]) -> list[tuple[int, int]]:
    """Return the longest runs in which links follow each other in the text, step by step."""
    breaks = [
        index
        for index, (click, after) in enumerate(pairwise(clicks), 1)
        if after.link < click.link or after.at_s - click.at_s > WALK_STEP_S
    ]
    return list(pairwise([0, *breaks, len(clicks)]))


def several(
    clicks: Sequence[Click], keys: Sequence[str | None], distinct: int, span_s: float
) -> Shares:
    """Return which clicks lie within `span_s` seconds of so many networks, or agents, that surely differ."""
    realms = {realm(key) for key in keys if key is not None}
    if len(realms) <= 1:
        return dense(clicks, keys, distinct, span_s)
    return _either(
        dense(
            clicks,
            [None if key is None or realm(key) != each else key for key in keys],
            distinct,
            span_s,
        )
        for each in realms
    )


def dense(
    clicks: Sequence[Click], keys: Sequence[Hashable], distinct: int, span_s: float
) -> Shares:
    """Return which clicks lie within `span_s` seconds that hold so many different keys.

    A key of None stands for nothing. Takes time in proportion to the number of clicks.
    """
    shares = [0.0] * len(clicks)
    together = zip(clicks, clicks[distinct - 1 :], strict=False)
    if all(last.at_s - first.at_s > span_s for first, last in together):
        return shares
    window: dict[Hashable, int] = {}
    start = marked = 0
    for end, click in enumerate(clicks):
        _count(window, keys[end], 1)
        while click.at_s - clicks[start].at_s > span_s:
            _count(window, keys[start], -1)
            start += 1
        if len(window) >= distinct:
            for index in range(max(start, marked), end + 1):
                shares[index] = float(keys[index] is not None)
            marked = end + 1
    return shares


def _count(window: dict[Hashable, int], key: Hashable, change: int) -> None:
    if key is None:
        return
    window[key] = window.get(key, 0) + change
    if not window[key]:
        del window[key]


def _either(found: Iterable[Shares]) -> Shares:
    return [max(each) for each in zip(*found, strict=True)]
