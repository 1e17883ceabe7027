"""Which clicks are judged together: those of one copy of a message.

Owns: sittings, as they are called here, what the judge is told of them, and by how much a change of
its mind changes sums. It is sans-IO.
Does not own: the verdicts (`tracker.judging.judge`), reading and writing clicks (`rows`), or when they
are judged (`batch`, `reclassify`).

The clicks on a copy of one recipient are judged together; those on a copy that several share, hour by
hour, as there may be very many. Where more clicks come together than any person makes
(`tracker.judging.rules.FLOOD`), and where the copy is nobody's any more, each is judged by itself: what
was kept of the others is gone, or says nothing more. A settled click, of which no details are kept any more,
keeps the verdict that it has, and takes no part in what is found of others: a time and a link without the
rest would count against them, whoever it was.

A new click says something only of those near it in time, each less than `APART_S` from the next: of an old
copy nothing is read but moments, mostly.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.counting.model import NOT_JUDGED, Click, Message, Sums
from tracker.judging import judge as judging
from tracker.judging.click import Message as About
from tracker.judging.judge import Verdict
from tracker.judging.rules import APART_S, FLOOD, Settings
from tracker.store.keys import MessageKey
from tracker.store.reserved import PURGED
from tracker.tokens import SHARED

HOUR_S = 3600
_MOMENT_S = 0.001
"""What moments of clicks are told by."""
Pair = tuple[Message, Click]
Copy = tuple[MessageKey, int]
"""A message, and the number of a recipient."""


class Span(NamedTuple):
    """The clicks on one copy, from and before moments: all of them, or those of an hour."""

    message: MessageKey
    recipient: int
    from_s: float = 0.0
    to_s: float = 1e11


class Sitting(NamedTuple):
    """The key of a message, the number of a recipient, and the hour, where several share the copy."""

    message: MessageKey
    recipient: int
    hour: int = 0

    @classmethod
    def of(cls, message: MessageKey, click: Click) -> "Sitting":
        """Return the sitting that a click on a message is of."""
        hour = int(click.made.at_s // HOUR_S) if click.recipient == SHARED else 0
        return cls(message, click.recipient, hour)

    @property
    def span(self) -> Span:
        """Where its clicks are."""
        if self.recipient != SHARED:
            return Span(self.message, self.recipient)
        from_s = float(self.hour * HOUR_S)
        return Span(self.message, self.recipient, from_s, from_s + HOUR_S)


def is_closed(message: Message, recipient: int) -> bool:
    """Return whether nothing is kept of a copy's clicks by which they could be judged together."""
    return message.campaign_id == PURGED or message.has_erased(recipient)


def is_flooded(message: Message, recipient: int, but: int = 0) -> bool:
    """Return whether a copy of one recipient has more clicks than are judged together.

    `but` so many that are not counted.
    """
    return recipient != SHARED and message.delivery(recipient).clicks - but > FLOOD


def spans(new: Iterable[Pair]) -> set[Span]:
    """Return where the clicks are with which new ones are judged, and which these may change."""
    arriving = Counter((message.key, click.recipient) for message, click in new)
    return {
        Sitting.of(message.key, click).span
        for message, click in new
        if not is_closed(message, click.recipient)
        and not is_flooded(message, click.recipient, but=arriving[message.key, click.recipient])
    }


def near(
    wanted: Iterable[Span], new: Iterable[Pair], known_s: Mapping[Copy, Sequence[float]]
) -> set[Span]:
    """Return the parts of spans, each of a whole copy, in which clicks are near new ones.

    `known_s` are the moments of the clicks that are known there.
    """
    new_s: defaultdict[Copy, list[float]] = defaultdict(list)
    for message, click in new:
        new_s[message.key, click.recipient].append(click.made.at_s)
    return {
        Span(*copy, begin, end + _MOMENT_S)
        for copy in (span[:2] for span in wanted)
        for begin, end in _runs(new_s[copy], known_s.get(copy, ()))
    }


def _runs(new_s: Sequence[float], known_s: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield from when to when clicks were near each other, those that are known and new ones."""
    moments = sorted([*((at_s, 1, 0) for at_s in new_s), *((at_s, 0, 1) for at_s in known_s)])
    begin = last = -math.inf
    new = known = 0
    for at_s, is_new, is_known in [*moments, (math.inf, 0, 0)]:
        if at_s - last > APART_S:
            if new and known:
                yield begin, last
            begin, new, known = at_s, 0, 0
        last, new, known = at_s, new + is_new, known + is_known


def judge(clicks: Iterable[Pair], settings: Settings) -> None:
    """Judge clicks, given with all others of their sittings; those of closed copies only once.

    Those that are settled were judged for good.
    """
    together: dict[Sitting, list[Pair]] = {}
    for message, click in clicks:
        if click.made.is_settled:
            continue
        together.setdefault(Sitting.of(message.key, click), []).append((message, click))
    for sitting, pairs in together.items():
        message = pairs[0][0]
        members = [click for _, click in pairs]
        if is_closed(message, sitting.recipient):
            members = [click for click in members if click.verdict is NOT_JUDGED]
        found = _verdicts(message, sitting.recipient, members, settings)
        for click, verdict in zip(members, found, strict=True):
            click.verdict = verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A click of a message before and after it was attributed or judged anew."""

    message: Message
    before: Click
    after: Click

    def count(self, sums: Sums) -> None:
        """Change sums, and the human clicks of its copy, by the difference."""
        sums.add_click(self.before, -1)
        sums.add_click(self.after, 1)
        delivery = self.message.delivery(self.after.recipient)
        delivery.judged(self.before.verdict, -1)
        delivery.judged(self.after.verdict, 1)


def changes(before: Iterable[Click], now: Iterable[Pair]) -> list[Change]:
    """Return which clicks changed; `before` are copies from before, in the same order."""
    return [
        Change(message, old, click)
        for old, (message, click) in zip(before, now, strict=True)
        if old.state != click.state
    ]


def _verdicts(
    message: Message, recipient: int, clicks: Sequence[Click], settings: Settings
) -> list[Verdict]:
    about = About(message.key.sent_s, message.links, message.shared or recipient == SHARED)
    made = [click.made for click in clicks]
    if is_closed(message, recipient):
        return [judging.judge([each], about, settings)[0] for each in made]
    if is_flooded(message, recipient):
        return judging.flooded(made, about, settings)
    return judging.judge(made, about, settings)
