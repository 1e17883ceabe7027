"""What running proxies leave untracked so often that somebody should know.

Owns: which reasons are worth a warning, from how much mail on, and the words.
Does not own: the metrics (`observe`, `exposition`), the reasons (`proxy.policy.reasons`), or who asks
(`tracker.cli.check`).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from config.telemetry.exposition import counted

FEWEST_COPIES = 20
"""Fewer say nothing about a configuration."""
SMALLEST_SHARE = 0.01
"""Of all copies that were looked at."""

MENDABLE = frozenset(
    {
        *("unknown_sender", "not_its_account", "no_from", "several_from", "foreign_signature"),
        *("relay_would_alter", "malformed", "too_large", "max_growth"),
        *("plan_failed", "rewrite_failed", "signing_failed"),
    }
)
"""Reasons about which somebody can do something; others are as their author or reader wants it."""


class Frequent(NamedTuple):
    """A reason that holds for much of the mail, and where to look for the cure."""

    what: str
    hint: str


def frequent(directory: Path) -> Iterator[Frequent]:
    """Yield what the processes whose metrics are in `directory` left alone often, the most first."""
    outcomes: Counter[str] = Counter()
    for labels, value in counted(directory, "waypost_planned_messages_total"):
        outcomes[labels["outcome"]] += int(value)
    looked_at = outcomes.total()
    for reason, copies in outcomes.most_common():
        if reason in MENDABLE and copies >= FEWEST_COPIES and copies >= SMALLEST_SHARE * looked_at:
            share = f"{copies} of {looked_at} messages went out untracked since the proxy started"
            yield Frequent(f"{share}: {reason}{_alterations(directory, reason)}", _HINT)


_HINT = "`waypost explain` with one of them names what is in the way, and the cure"


def _alterations(directory: Path, reason: str) -> str:
    """Return what the relay would alter, and how often, the most frequent first."""
    if reason != "relay_would_alter":
        return ""
    found: Counter[str] = Counter()
    for labels, value in counted(directory, "waypost_relay_alterations_total"):
        header = f" in {labels['header']}" if labels["header"] else ""
        found[f"{labels['alteration']}{header}"] += int(value)
    return f" ({', '.join(f'{name}: {copies}' for name, copies in found.most_common(5))})"
