"""The page of everything: figures of a period, clicks by day, campaigns, top links.

Owns: what may be asked of it, and what it shows.
Does not own: the questions (`tracker.reports`), or what it looks like (`templates/overview.html`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.schema import Config
from tracker.pages import query
from tracker.pages.query import Days, PeriodView
from tracker.pages.reading import asking
from tracker.pages.rendering import charts
from tracker.pages.rendering.cards import cards
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import render
from tracker.reports import period, summary
from tracker.reports.campaigns import listing
from tracker.reports.campaigns.listing import Listing, Order
from tracker.reports.figures import Figures, Report, scattered
from tracker.reports.links import Links
from tracker.sql.db import Db

CAMPAIGNS = 25
TOP_LINKS = 10
_RISING: frozenset[Order] = frozenset({"name"})
"""Orders that begin with the lowest value, unless they are turned round."""

Sort = Annotated[str, Field(pattern=f"^-?({'|'.join(listing.ORDERS)})$")]


class OverviewView(PeriodView):
    """A period, and the order of campaigns; a minus turns it round."""

    sort: Sort = "sent"
    after: str | None = None

    @property
    def order(self) -> Order:
        """What campaigns are in order of."""
        return cast("Order", self.sort.removeprefix("-"))

    @property
    def rising(self) -> bool:
        """Whether the lowest value comes first."""
        return self.sort.startswith("-") != (self.order in _RISING)

    def turned(self, order: Order) -> str:
        """Return the `sort` that a click on the head of a column asks for."""
        return f"-{order}" if self.sort == order else order


@dataclass(frozen=True, slots=True)
class Overview:
    """The page; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where it is."""
        return [page("/", self._show)]

    def _show(self, request: Request) -> Response:
        asked = OverviewView.of(request)
        days = asked.days
        assert days is not None  # noqa: S101 - there is a usual period
        with asking(self.config()) as store:
            now = period.of_campaign(store.db, days.period, 0)
            before = period.of_campaign(store.db, days.before.period, 0)
            campaigns = _campaigns(store.db, asked, days)
            return render(
                request,
                "overview.html",
                view=asked,
                days=days,
                not_counted=store.not_counted,
                cards=cards(now, before),
                totals=now,
                notes=_notes(store.db, days, now, campaigns),
                chart=charts.of_days(days, summary.days(store.db, days.period, 0)),
                campaigns=campaigns,
                next=query.cursor(*campaigns.next) if campaigns.next else None,
                links=Links(store.db, 0, days.period).top_by_people(TOP_LINKS),
            )


def _campaigns(db: Db, asked: OverviewView, days: Days) -> Listing:
    kind = str if asked.order == "name" else float
    after = query.cursor_values(asked.after, kind, int)
    return listing.listing(
        db,
        days.period,
        asked.order,
        rising=asked.rising,
        after=cast("listing.Place | None", after),
        limit=CAMPAIGNS,
    )


def _notes(db: Db, days: Days, totals: Figures, campaigns: Listing) -> list[str]:
    unknown = summary.unknown_messages(db, days.period)
    report = Report(totals, (), (), unknown_messages=unknown)
    return [*report.notes(), *scattered(campaigns.single, campaigns.total)]
