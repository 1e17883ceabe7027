"""The figures at the head of a page, each with what it was before.

Owns: which figures these are, and what stands beneath each.
Does not own: the figures as values (`tracker.reports.figures`), or their words (`numbers`).
"""

from dataclasses import dataclass

from tracker.pages.rendering.numbers import Change, number, plural, rate
from tracker.reports.figures import Figures


@dataclass(frozen=True, slots=True)
class Card:
    """A figure, what it is called, a word on it, and how it changed (None: nothing to compare)."""

    name: str
    value: str
    note: str
    change: Change | None = None


def link_cards(now: Figures) -> tuple[Card, ...]:
    """Return the figures of a link, of which there are no deliveries."""
    return cards(now)[1:4]


def cards(now: Figures, before: Figures | None = None) -> tuple[Card, ...]:
    """Return the five figures of everything, a campaign or a period; `before` is the period before."""
    return (
        Card(
            "Click rate",
            rate(now.click_rate),
            f"{number(now.clicked)} of {plural(now.deliveries, 'delivery', 'deliveries')} clicked",
            Change.of_rate(now.click_rate, before.click_rate) if before else None,
        ),
        Card(
            "People who clicked",
            number(now.unique_human),
            f"{number(now.unique_doubtful)} of them doubtful"
            if now.unique_doubtful
            else "each once",
            Change.of_count(now.unique_human, before.unique_human) if before else None,
        ),
        Card(
            "Clicks by people",
            number(now.clicks_human),
            f"{number(now.clicks_doubtful)} of them doubtful"
            if now.clicks_doubtful
            else "none doubtful",
            Change.of_count(now.clicks_human, before.clicks_human) if before else None,
        ),
        Card(
            "Clicks by machines",
            number(now.clicks_machine),
            "in none of the other figures",
            Change.of_count(now.clicks_machine, before.clicks_machine) if before else None,
        ),
        Card(
            "Deliveries",
            number(now.deliveries),
            f"of {plural(now.messages, 'message')}",
            Change.of_count(now.deliveries, before.deliveries) if before else None,
        ),
    )
