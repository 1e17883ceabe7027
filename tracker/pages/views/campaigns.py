"""The page of one campaign, alone or beside another, and its lists as files.

Owns: what may be asked of it, and what it shows.
Does not own: the questions (`tracker.reports`), or what it looks like (`templates/campaign.html`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field, model_validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.schema import Config
from tracker.access.access import Access, Scope
from tracker.access.needs import access_of
from tracker.pages.query import Days, PeriodView, RowId, View, row_of
from tracker.pages.reading import asking
from tracker.pages.rendering import charts
from tracker.pages.rendering.cards import cards
from tracker.pages.rendering.charts import Chart
from tracker.pages.rendering.downloads import csv_file
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import render
from tracker.reports import clicks, period, summary
from tracker.reports.campaigns import campaign
from tracker.reports.campaigns.campaign import Campaign
from tracker.reports.campaigns.comparison import compare
from tracker.reports.campaigns.domains import domains
from tracker.reports.figures import Figures, Json, Report
from tracker.reports.links import Links
from tracker.sql.db import Db

TOP_LINKS = 25
DOMAINS = 20
COMPARED_LINKS = 50
OTHERS = 50
"""Campaigns, the latest, that are offered to compare with."""
LINK_COLUMNS = (
    *("link", "url", "text", "people", "share_of_deliveries", "clicks_human", "clicks_doubtful"),
    *("clicks_machine", "clicks_all"),
)


class CampaignView(PeriodView):
    """A period, of all times unless one is asked for; or another campaign to compare with."""

    usual_period = None

    with_: RowId | None = Field(default=None, alias="with")

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if self.with_ is not None and not self.is_usual:
            raise ValueError("either with, or a period: campaigns are compared over all times")
        return self


class FileView(View):
    """A file is of all there is."""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The page and its files; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            page("/campaigns/{id}", self._show),
            page("/campaigns/{id}/links.csv", self._links),
            page("/campaigns/{id}/clickers.csv", self._clickers, Scope.PERSONS),
        ]

    def _show(self, request: Request) -> Response:
        asked = CampaignView.of(request)
        with asking(self.config()) as store:
            found = campaign.find(store.db, row_of(request))
            if asked.with_ is not None:
                other = campaign.find(store.db, asked.with_)
                shown = _beside(store.db, found, other)
            else:
                shown = _alone(store.db, found, asked.days)
            return render(
                request,
                "campaign.html",
                view=asked,
                days=asked.days,
                not_counted=store.not_counted,
                campaign=found,
                others=campaign.latest(store.db, OTHERS, found.id),
                **shown,
            )

    def _links(self, request: Request) -> Response:
        asked = CampaignView.of(request)
        with asking(self.config()) as store:
            found = campaign.find(store.db, row_of(request))
            rows = _link_rows(store.db, found, asked.days, access_of(request))
            return csv_file(f"links {found.name.for_people}", rows, LINK_COLUMNS)

    def _clickers(self, request: Request) -> Response:
        FileView.of(request)
        with asking(self.config()) as store:
            found = campaign.find(store.db, row_of(request))
            rows = clicks.clickers_of(store.db, None, found.id)
            return csv_file(f"clickers {found.name.for_people}", rows, clicks.CLICKERS)


def _alone(db: Db, found: Campaign, days: Days | None) -> dict[str, Any]:
    """Return what the page shows of one campaign."""
    figures = _figures(db, found, days)
    asked = days.period if days else None
    return {
        "other": None,
        "cards": cards(figures),
        "figures": figures,
        "notes": list(Report(figures, (), ()).notes()),
        "charts": list(_charts(db, found, days)),
        "links": Links(db, found.id, asked).top_by_people(TOP_LINKS),
        "domains": domains(db, found.id, asked),
        "most_domains": DOMAINS,
    }


def _beside(db: Db, found: Campaign, other: Campaign) -> dict[str, Any]:
    """Return what the page shows of a campaign beside another."""
    figures, others = (summary.totals(db, each.id) for each in (found, other))
    return {
        "other": other,
        "cards": cards(figures, others),
        "figures": figures,
        "other_figures": others,
        "notes": [],
        "pairs": compare(db, found.id, other.id, COMPARED_LINKS),
    }


def _figures(db: Db, found: Campaign, days: Days | None) -> Figures:
    if days is None:
        return summary.totals(db, found.id)
    return period.of_campaign(db, days.period, found.id)


def _charts(db: Db, found: Campaign, days: Days | None) -> Iterator[Chart]:
    """Yield clicks by hour of the first days, unless a period is asked for, and clicks by day."""
    by_day = list(summary.days(db, (days.period if days else period.Period()), found.id))
    if days is None and found.first_hour is not None:
        by_hour = campaign.by_hour(db, found.id, found.first_hour, 2 * charts.HOURS)
        first = min(by_hour, default=found.first_hour)
        yield charts.of_hours(first, by_hour)
    if days is None and by_day:
        days = charts.days_of(by_day, found.first)
    if days is not None:
        yield charts.of_days(days, by_day)


def _link_rows(db: Db, found: Campaign, days: Days | None, access: Access) -> Iterator[Json]:
    deliveries = _figures(db, found, days).deliveries
    for every in Links(db, found.id, days.period if days else None).every():
        each = every if Scope.PERSONS in access.scopes else every.without_example()
        yield {
            "link": each.link,
            "url": each.url,
            "text": each.text,
            "people": each.figures.unique_human,
            "share_of_deliveries": each.figures.unique_human / deliveries if deliveries else None,
            "clicks_human": each.figures.clicks_human,
            "clicks_doubtful": each.figures.clicks_doubtful,
            "clicks_machine": each.figures.clicks_machine,
            "clicks_all": each.figures.clicks_all,
        }
