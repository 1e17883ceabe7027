"""The API about campaigns: all of them, and one.

Owns: these operations.
Does not own: the questions (`tracker.reports.lists.campaigns`), or a report by name (`reports`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.api.current import COUNTED, current
from tracker.api.models import CampaignFigures, Day, DayClicks, Page
from tracker.api.operations import Json, Operation
from tracker.api.requests import LAST_ROW, PageAsked, PeriodAsked, next_after
from tracker.reports import summary
from tracker.reports.lists import campaigns
from tracker.reports.period import Period

Number = Annotated[int, Path(alias="id", ge=0, le=LAST_ROW, description="As `campaigns` says.")]


class CampaignsAsked(PeriodAsked, PageAsked):
    """What may be asked of a list of campaigns."""


class Campaign(CampaignFigures):
    """A campaign, its figures, and the first and last day on which it was sent."""

    id: int
    first_sent: Day | None
    last_sent: Day | None


class CampaignByDay(Campaign):
    """The same, with the clicks on it by the day on which they were made."""

    days: list[DayClicks] = Field(description="By when they were made, whatever the period.")


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The operations; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET",
                "/campaigns",
                self.campaigns,
                Page[Campaign],
                "Campaigns, by number",
                (Scope.FIGURES,),
                asks=True,
                also=COUNTED,
            ),
            Operation(
                "GET",
                "/campaigns/{id}",
                self.campaign,
                CampaignByDay,
                "The campaign",
                (Scope.FIGURES,),
                asks=True,
                may_be_unknown=True,
                also=COUNTED,
            ),
        )

    def campaigns(self, asked: Annotated[CampaignsAsked, Query()], response: Response) -> Json:
        """List campaigns with their figures, of all times or of a period."""
        with current(self.config(), response) as db:
            part = campaigns.campaigns(db, asked.period, after=asked.after or 0, limit=asked.limit)
        return {"data": [each.json() for each in part.rows], "next": next_after(part.next)}

    def campaign(
        self, number: Number, asked: Annotated[PeriodAsked, Query()], response: Response
    ) -> Json:
        """Tell the figures of one campaign, of all times or of a period; its links: `links?campaign=`."""
        with current(self.config(), response) as db:
            found = campaigns.campaign(db, number, asked.period)
            if found is None:
                raise HTTPException(404, f"no campaign {number} is known")
            days = list(summary.days(db, Period.of_days(asked.since_s, asked.until_s), number))
        return {**found.json(), "days": [each.json() for each in days]}
