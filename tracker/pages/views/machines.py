"""The page of machines: what each rule caught, with examples, and by recipient domain.

Owns: what may be asked of it, and what it shows.
Does not own: the questions (`tracker.reports.machines`), or what it looks like
(`templates/machines.html`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.schema import Config
from tracker.access.access import Scope
from tracker.access.needs import access_of
from tracker.judging.rules import Settings
from tracker.pages.query import PeriodView
from tracker.pages.reading import asking
from tracker.pages.rendering.cards import Card
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.numbers import Change, number, rate
from tracker.pages.rendering.page import render
from tracker.reports.machines.rules import ByRule, by_rule
from tracker.reports.machines.sample import Sample, sample

DOMAINS = 25


class MachinesView(PeriodView):
    """A period."""


@dataclass(frozen=True, slots=True)
class Machines:
    """The page; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where it is."""
        return [page("/machines", self._show)]

    def _show(self, request: Request) -> Response:
        asked = MachinesView.of(request)
        days = asked.days
        assert days is not None  # noqa: S101 - there is a usual period
        config = self.config()
        sees_persons = Scope.PERSONS in access_of(request).scopes
        with asking(config) as store:
            now = by_rule(store.db, days.period)
            before = by_rule(store.db, days.before.period)
            latest = sample(store.db, days.period, examples=sees_persons)
        return render(
            request,
            "machines.html",
            view=asked,
            days=days,
            not_counted=store.not_counted,
            cards=_cards(now, before),
            rules=now.rules,
            settings=Settings.of(config),
            sample=latest,
            domains=latest.domains[:DOMAINS],
            examples=_examples(now, latest),
            sees_persons=sees_persons,
        )


def _cards(now: ByRule, before: ByRule) -> tuple[Card, ...]:
    """Return the figures at the head: what clicks were judged to be, and the period before."""
    found, earlier = now.total, before.total
    change = Change.of_count
    certain = found.human - found.doubtful
    return (
        Card(
            "Share of machines",
            rate(found.machine_share),
            f"of {number(found.clicks)} clicks",
            Change.of_rate(found.machine_share, earlier.machine_share),
        ),
        Card(
            "Clicks by machines",
            number(found.machines),
            "in no figure of people",
            change(found.machines, earlier.machines),
        ),
        Card(
            "Clicks by people",
            number(found.human),
            f"{number(certain)} of them beyond doubt",
            change(found.human, earlier.human),
        ),
        Card(
            "Doubtful",
            number(found.doubtful),
            "counted as clicks by people",
            change(found.doubtful, earlier.doubtful),
        ),
        Card(
            "Rules",
            number(len(now.rules)),
            "gave points to a click",
            change(len(now.rules), len(before.rules)),
        ),
    )


def _examples(now: ByRule, latest: Sample) -> list[tuple[str, list[dict[str, object]]]]:
    """Return examples by rule, in the order of rules."""
    return [
        (each.rule, latest.examples[each.rule])
        for each in now.rules
        if latest.examples.get(each.rule)
    ]
