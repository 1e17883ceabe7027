"""How well verdicts meet the truth of a trace: precision and recall of human, by kind, and clickers."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.traces import scanners
from tests.traces.generate import Json
from tracker.judging import networks, trace
from tracker.judging.judge import Verdict
from tracker.judging.rules import Settings

PRECISION, RECALL, READER, SCANNER = 0.98, 0.985, 0.95, 0.96
"""The bars: of human, and of each kind."""
OTHER_PRECISION, OTHER_RECALL, OTHER_CLICKERS = 0.88, 0.98, 0.06
"""The bars on kinds that the rules were not chosen by; unique clickers may be so far from the truth."""


@dataclass
class Tally:
    """Requests of one kind, and how many were judged right."""

    requests: int = 0
    right: int = 0
    doubtful: int = 0

    @property
    def share(self) -> float:
        """Return the share judged right."""
        return self.right / self.requests if self.requests else 1.0


@dataclass
class Figures:
    """What one way of judging makes of a trace. A link alone counts nowhere but in `kinds`."""

    kinds: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    human: dict[str, bool] = field(default_factory=dict)
    true_human: int = 0
    judged_human: int = 0
    both: int = 0
    clickers_true: set[object] = field(default_factory=set)
    clickers_judged: set[object] = field(default_factory=set)
    clickers_alone: set[object] = field(default_factory=set)
    """Copies of which a machine fetched one link alone, and was taken for a person."""

    @property
    def precision(self) -> float:
        """Return how many of those judged human are."""
        return self.both / self.judged_human if self.judged_human else 1.0

    @property
    def recall(self) -> float:
        """Return how many of those human are judged so."""
        return self.both / self.true_human if self.true_human else 1.0

    @property
    def precision_with_alone(self) -> float:
        """Return the same with links alone counted."""
        alone = self.kinds[scanners.LONE]
        return self.both / (self.judged_human + alone.requests - alone.right)

    @property
    def clickers(self) -> float:
        """Return the unique clickers counted, as a share of the true ones."""
        return len(self.clickers_judged) / len(self.clickers_true)

    def below_bars(self) -> list[str]:
        """Return what misses its bar."""
        missed = []
        if self.precision < PRECISION:
            missed.append(f"precision {self.precision:.4f}")
        if self.recall < RECALL:
            missed.append(f"recall {self.recall:.4f}")
        for kind, tally in self.kinds.items():
            bar = READER if self.human[kind] else SCANNER
            if kind != scanners.LONE and tally.share < bar:
                missed.append(f"{kind} {tally.share:.4f}")
        return missed

    def below_bars_of_others(self) -> list[str]:
        """Return what misses its bar where the rules were not chosen by the kinds."""
        missed = []
        if self.precision < OTHER_PRECISION:
            missed.append(f"precision {self.precision:.4f}")
        if self.recall < OTHER_RECALL:
            missed.append(f"recall {self.recall:.4f}")
        if abs(self.clickers - 1) > OTHER_CLICKERS:
            missed.append(f"clickers {self.clickers:.4f}")
        return missed


def judged(lines: Iterable[Json]) -> list[Verdict]:
    """Return the verdicts of `waypost classify` on a trace."""
    parsed = [trace.parse(json.dumps(line)) for line in lines]
    return trace.classify(parsed, networks.built_in(), Settings())


def figures(lines: Sequence[Json], humans: Iterable[bool], doubtful: Iterable[bool]) -> Figures:
    """Return the figures of verdicts on a trace."""
    found = Figures()
    requests = [line for line in lines if line["type"] == "request"]
    for line, human, doubt in zip(requests, humans, doubtful, strict=True):
        truth, kind = bool(line["human"]), str(line["kind"])
        tally = found.kinds[kind]
        found.human[kind] = truth
        tally.requests += 1
        tally.right += truth == human
        tally.doubtful += doubt
        copy = (line["message_id"], line["recipient"])
        if kind != scanners.LONE:
            _count(found, copy, truth=truth, human=human)
        elif human:
            found.clickers_alone.add(copy)
    return found


def _count(found: Figures, copy: object, *, truth: bool, human: bool) -> None:
    found.true_human += truth
    found.judged_human += human
    found.both += truth and human
    if truth:
        found.clickers_true.add(copy)
    if human:
        found.clickers_judged.add(copy)


def of_rules(lines: Sequence[Json]) -> Figures:
    """Return the figures of all rules."""
    verdicts = judged(lines)
    return figures(lines, (each.human for each in verdicts), (each.doubtful for each in verdicts))


def of_head_only(lines: Sequence[Json]) -> Figures:
    """Return the figures of taking HEAD alone for a machine's."""
    humans = [line["method"] != "HEAD" for line in lines if line["type"] == "request"]
    return figures(lines, humans, [False] * len(humans))
