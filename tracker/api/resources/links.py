"""The API about links: all of them, and one; and one that is made for SMS, push, chat or print.

Owns: these operations.
Does not own: the questions (`tracker.reports.lists.links`), what may be asked for
(`tracker.minting.request`), or the link that is made (`tracker.minting.mint`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.access.needs import access_of
from tracker.answers.errors import InvalidRequest
from tracker.api.current import COUNTED, current
from tracker.api.models import Counts, LinkFigures, Ours, Page
from tracker.api.operations import Json, Operation
from tracker.api.requests import LAST_ROW, PageAsked, PeriodAsked, RowNumber, next_after
from tracker.minting.mint import Minted
from tracker.minting.request import CannotMake, LinkRequest
from tracker.reports.figures import LinkFigures as Found
from tracker.reports.lists import links
from tracker.reports.lists.campaigns import is_known
from tracker.reports.names import Name

MakeLink = Callable[[Config, LinkRequest], Minted]
"""Makes a link; may block. Raises what `Mint.link` does."""


CAMPAIGNS = 100
"""Campaigns that are told of one link."""
Number = Annotated[int, Path(alias="id", ge=0, le=LAST_ROW, description="As `links` says.")]


class LinksAsked(PeriodAsked, PageAsked):
    """What may be asked of a list of links."""

    campaign: RowNumber | None = Field(
        None, description="Only links of this campaign, and clicks in it: its `id`."
    )


class Link(LinkFigures):
    """A link, and its number, which others may lead on to."""

    id: int


class InCampaign(BaseModel):
    """How often a link was clicked in one campaign."""

    id: int
    campaign: str | None
    purged_campaign: Ours = True
    clicks: Counts
    unique_clickers: Counts


class LinkOfCampaigns(Link):
    """A link, and in which campaigns it is: CAMPAIGNS at most."""

    campaigns: list[InCampaign]


class MadeLink(BaseModel):
    """A link, where it leads, whether its clicks are counted, and by what it is withdrawn."""

    url: str
    destination: str
    tracked: bool
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Links:
    """The operations; `config` is called for each request."""

    config: Callable[[], Config]
    make_link: MakeLink

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET",
                "/links",
                self.links,
                Page[Link],
                "Links, by number",
                (Scope.FIGURES,),
                asks=True,
                also=COUNTED,
            ),
            Operation(
                "GET",
                "/links/{id}",
                self.link,
                LinkOfCampaigns,
                "The link, or the one that it became",
                (Scope.FIGURES,),
                may_be_unknown=True,
                also=COUNTED,
            ),
            Operation(
                "POST",
                "/links",
                self.make,
                MadeLink,
                "The link",
                (Scope.LINKS,),
                status=201,
            ),
        )

    def links(
        self, asked: Annotated[LinksAsked, Query()], request: Request, response: Response
    ) -> Json:
        """List links that were clicked, or that a campaign has, with their figures.

        Of all campaigns or of one, of all times or of a period. A page may have fewer rows than asked for.
        """
        of = links.Asked(asked.campaign or 0, asked.period)
        with current(self.config(), response) as db:
            if asked.campaign is not None and not is_known(db, asked.campaign):
                raise InvalidRequest([("campaign", f"no campaign {asked.campaign} is known")])
            part = links.links(db, of, after=asked.after or 0, limit=asked.limit)
        return {"data": [_link(each, request) for each in part.rows], "next": next_after(part.next)}

    def link(self, number: Number, request: Request, response: Response) -> Json:
        """Tell the figures of one link, and of it in each campaign."""
        with current(self.config(), response) as db:
            number = links.number_now(db, number)
            found = links.figures(db, links.Asked(), [number])
            if not found:
                raise HTTPException(404, f"no link {number} is known")
            campaigns = links.campaigns_of(db, number, CAMPAIGNS)
        return {
            **_link(found[0], request),
            "campaigns": [_in_campaign(*each) for each in campaigns],
        }

    def make(self, body: LinkRequest) -> Json:
        """Make a tracked link for SMS, push, chat or print, as `waypost link` does."""
        try:
            return asdict(self.make_link(self.config(), body))
        except CannotMake as error:
            raise InvalidRequest([(error.field, str(error))]) from None


def _link(found: Found, request: Request) -> Json:
    """Return a link as whoever asks may see it."""
    if Scope.PERSONS not in access_of(request).scopes:
        found = found.without_example()
    return {"id": found.id, **found.names_json(), **found.figures.clicks_json()}


def _in_campaign(number: int, name: Name, found: Found) -> Json:
    mark = {"purged_campaign": True} if name.purged else {}
    return {"id": number, "campaign": name.text, **mark, **found.figures.clicks_json()}
