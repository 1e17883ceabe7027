"""The API about figures: the report.

Owns: what may be asked of a report.
Does not own: the figures (`tracker.reports.summary`), or the store (`tracker.api.current`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.access.needs import access_of
from tracker.api.current import COUNTED, current
from tracker.api.models import CampaignFigures, DayClicks, Figures, LinkFigures
from tracker.api.operations import Json, Operation
from tracker.api.requests import PeriodAsked
from tracker.reports import summary


class ReportAsked(PeriodAsked):
    """What may be asked of a report."""

    campaign: str | None = Field(None, description="Only this campaign.")


class Report(BaseModel):
    """Figures in total, by campaign, by link and by day."""

    totals: Figures
    campaigns: list[CampaignFigures]
    links: list[LinkFigures]
    links_total: int
    days: list[DayClicks]
    unknown_messages: int


@dataclass(frozen=True, slots=True)
class Reports:
    """The operation; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET",
                "/report",
                self.report,
                Report,
                "As `waypost report --json` prints it",
                (Scope.FIGURES,),
                asks=True,
                also=COUNTED,
            ),
        )

    def report(
        self, asked: Annotated[ReportAsked, Query()], request: Request, response: Response
    ) -> Json:
        """Count messages, deliveries and clicks: in total, by campaign, by link."""
        with current(self.config(), response) as db:
            found = summary.report(
                db, campaign=asked.campaign, since_s=asked.since_s, until_s=asked.until_s
            )
        if Scope.PERSONS not in access_of(request).scopes:
            links = tuple(each.without_example() for each in found.links)
            found = replace(found, links=links)
        return found.json()
