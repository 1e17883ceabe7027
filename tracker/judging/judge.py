"""Judging the clicks of one copy: a person's, a doubtful person's, or a machine's, and why.

Owns: the sum of points, and what it means.
Does not own: the rules (`rules`, `sequences`, `company`), or what is kept of a request (`signals`).

The verdicts depend on which clicks are known, and on nothing else: not on the order in which they came.
"""

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tracker.judging import company, sequences
from tracker.judging.click import Click, Message
from tracker.judging.rules import (
    APART_S,
    BURSTS,
    BY_NAME,
    FLEET,
    FLOOD,
    NETWORK_S,
    PAIRS,
    RULES,
    SWEEP_LEAST,
    SWEEP_SHARE,
    WALK_LEAST,
    Settings,
)
from tracker.judging.sequences import Shares
from tracker.judging.signals import Signals

Visitor = tuple[str | None, str]
Look = Callable[[Sequence[Click]], Shares]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a click is taken for. `reasons` are labels of rules, the order is that of RULES."""

    human: bool
    doubtful: bool
    score: int
    reasons: tuple[str, ...]


def judge(clicks: Sequence[Click], message: Message, settings: Settings) -> list[Verdict]:
    """Return the verdict on each click of one copy, in the order given.

    Of a copy that several people share, what each visitor does is judged apart.
    """
    if not message.is_shared:
        return _judge_visitors(clicks, message, settings)
    verdicts: dict[int, Verdict] = {}
    for indices in _by_visitor(clicks):
        found = _judge_visitors([clicks[index] for index in indices], message, settings)
        verdicts |= dict(zip(indices, found, strict=True))
    return [verdicts[index] for index in range(len(clicks))]


def flooded(clicks: Sequence[Click], message: Message, settings: Settings) -> list[Verdict]:
    """Return the verdict on each of some clicks of a copy that has more than FLOOD in all."""
    found = _Findings(clicks, settings)
    _judge_alone(found, message)
    found.add("flood", [1.0] * len(clicks))
    return found.verdicts()


def judge_alone(signals: Signals, age_s: float | None, settings: Settings) -> Verdict:
    """Return the verdict on a request of which nothing is known but itself, and when it came."""
    share = sequences.earliness(age_s)
    if not (signals or share):  # as of most people's clicks
        return _NOTHING_TO_SAY
    points = {name: settings.weight(name) for name in _rules_met(signals, age_s)}
    if share:
        points["early"] = round(share * settings.weight("early"))
    return _verdict(points, settings)


def _judge_visitors(clicks: Sequence[Click], message: Message, settings: Settings) -> list[Verdict]:
    if len(clicks) > FLOOD:
        return flooded(clicks, message, settings)
    verdicts = [_NOTHING_TO_SAY] * len(clicks)
    order = sorted(range(len(clicks)), key=lambda index: clicks[index].order)
    for run in _runs(clicks, order):
        found = _verdicts([clicks[index] for index in run], message, settings)
        for index, verdict in zip(run, found, strict=True):
            verdicts[index] = verdict
    return verdicts


def _runs(clicks: Sequence[Click], order: Sequence[int]) -> Iterator[list[int]]:
    """Yield the clicks that may say something of each other: mostly a single one. `order` is by time."""
    run: list[int] = []
    for index in order:
        if run and clicks[index].at_s - clicks[run[-1]].at_s > APART_S:
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def _verdicts(clicks: Sequence[Click], message: Message, settings: Settings) -> list[Verdict]:
    """Return the verdicts on clicks in order of time, none of which is far from the next."""
    if len(clicks) == 1:
        return [judge_alone(clicks[0].signals, message.age_s(clicks[0]), settings)]
    found = _Findings(clicks, settings)
    _judge_alone(found, message)
    _judge_together(found, message)
    found.add("echo", company.echo(found.clicks, found.machines()))
    found.add("company", company.company(found.clicks, found.machines()))
    return found.verdicts()


class _Findings:
    """The points of each click so far, by rule. `clicks` are in order of time."""

    def __init__(self, clicks: Sequence[Click], settings: Settings) -> None:
        self.clicks = clicks
        self._settings = settings
        self._points: list[dict[str, int]] = [{} for _ in clicks]

    def add(self, rule: str, shares: Iterable[float]) -> None:
        """Add to each click its share of the rule's points."""
        for index, share in enumerate(shares):
            self._add(index, rule, share)

    def add_for(self, group: Sequence[int], rule: str, look: Look) -> None:
        """Add to the clicks of a group their shares, as seen among themselves."""
        found = look([self.clicks[index] for index in group])
        for index, share in zip(group, found, strict=True):
            self._add(index, rule, share)

    def _add(self, index: int, rule: str, share: float) -> None:
        if share:
            self._points[index][rule] = round(share * self._settings.weight(rule))

    def machines(self) -> list[bool]:
        """Return which clicks are machines' by what was found so far."""
        return [sum(points.values()) >= self._settings.threshold for points in self._points]

    def verdicts(self) -> list[Verdict]:
        """Return the verdict on each click."""
        return [_verdict(points, self._settings) for points in self._points]


_NOTHING_TO_SAY = Verdict(human=True, doubtful=False, score=0, reasons=())


def _verdict(points: dict[str, int], settings: Settings) -> Verdict:
    if not points:
        return _NOTHING_TO_SAY
    score = sum(points.values())
    human = score < settings.threshold
    reasons = tuple(rule.label for rule in RULES if points.get(rule.name)) if score else ()
    return Verdict(human, human and score >= settings.doubtful, score, reasons)


def _rules_met(signals: Signals, age_s: float | None) -> set[str]:
    """Return the rules that a request meets by its signals."""
    if not signals:
        return set()
    names = {signal.partition(":")[0] for signal in signals} & BY_NAME.keys()
    return {name for name in names if _is_soon_enough(name, age_s)}


def _is_soon_enough(name: str, age_s: float | None) -> bool:
    if name not in NETWORK_S:
        return True
    return age_s is not None and age_s <= NETWORK_S[name]


def _judge_alone(found: _Findings, message: Message) -> None:
    """Add what each request says by itself, and when it came."""
    marks = [_rules_met(click.signals, message.age_s(click)) for click in found.clicks]
    for name in sorted({name for names in marks for name in names}):
        found.add(name, (float(name in names) for names in marks))
    found.add("early", sequences.early(found.clicks, message))


def _judge_together(found: _Findings, message: Message) -> None:
    """Add what several clicks say that were made, not fetched ahead."""
    made = [index for index, click in enumerate(found.clicks) if not click.is_ahead]
    for rule, least, look in _OF_ALL:
        if len(made) >= least:
            found.add_for(made, rule, functools.partial(look, message=message))
    for group in _by_visitor([found.clicks[index] for index in made]):
        own = [made[index] for index in group]
        for rule, least, look in _OF_A_VISITOR:
            if len(own) >= least:
                found.add_for(own, rule, functools.partial(look, message=message))


_OF_ALL: tuple[tuple[str, int, Callable[..., Shares]], ...] = (
    ("burst", min(count for count, _ in BURSTS), sequences.burst),
    ("many-networks", FLEET[0], sequences.many_networks),
)
_OF_A_VISITOR: tuple[tuple[str, int, Callable[..., Shares]], ...] = (
    ("early-pair", min(count for count, _ in PAIRS), sequences.early_pair),
    ("all-links", math.ceil(SWEEP_SHARE * SWEEP_LEAST), sequences.all_links),
    ("in-order", WALK_LEAST, sequences.in_order),
)
"""Rules that look at several clicks, and how many of them there have to be."""


def _by_visitor(clicks: Sequence[Click]) -> list[list[int]]:
    groups: dict[Visitor, list[int]] = defaultdict(list)
    for index, click in enumerate(clicks):
        groups[click.network, click.agent].append(index)
    return list(groups.values())
