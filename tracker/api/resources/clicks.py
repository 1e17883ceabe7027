"""The API about single clicks.

Owns: these operations.
Does not own: the question (`tracker.reports.log`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.answers.errors import InvalidRequest
from tracker.api.current import COUNTED, current
from tracker.api.models import Moment, Page
from tracker.api.operations import Json, Operation
from tracker.api.requests import PageAsked, PeriodAsked, RowNumber, next_after
from tracker.reports.known import Unknown
from tracker.reports.log.filters import Filter, Label
from tracker.reports.log.page import page
from tracker.reports.period import Period


class ClicksAsked(PeriodAsked, PageAsked):
    """What may be asked of clicks."""

    campaign: RowNumber | None = Field(None, description="On messages of this campaign: its `id`.")
    link: RowNumber | None = Field(None, description="On this link, or on the one that it became.")
    person: str | None = Field(None, description="By this person: an address, or your own id.")
    label: Label | None = Field(None, description="What they were judged to be.")
    rule: str | None = Field(None, description="To which this rule gave points: docs/machines.md.")
    newest_first: bool = Field(
        False,  # noqa: FBT003
        description="The latest first, instead of in the order in which they were counted.",
    )


class Click(BaseModel):
    """A click, what it was judged to be, and for which reasons.

    `cursor`: with it as `after`, a list goes on behind this click, also with those that come later.
    """

    at: Moment
    cursor: int
    event_id: str
    message_id: str
    recipient: int
    link_number: int
    campaign_id: int
    campaign: str | None
    link_id: int
    link: str
    destination: str | None
    person: str | None
    method: str | None
    human: bool
    doubtful: bool
    score: int
    reasons: list[str]
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Clicks:
    """The operation; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET",
                "/clicks",
                self.clicks,
                Page[Click],
                "Clicks in the order in which they were counted",
                (Scope.PERSONS,),
                asks=True,
                also=COUNTED,
            ),
        )

    def clicks(self, asked: Annotated[ClicksAsked, Query()], response: Response) -> Json:
        """List clicks that fit all of the filters, each once, whatever is counted meanwhile.

        Where few of very many fit, a page may have fewer rows than asked for, or none, and `next` goes on.
        """
        wanted = Filter(
            asked.campaign,
            asked.link,
            asked.person,
            asked.label,
            asked.rule,
            asked.period or Period(),
        )
        with unknown_by_field(), current(self.config(), response) as db:
            found = page(
                db,
                wanted,
                cursor=asked.after,
                limit=asked.limit,
                newest_first=asked.newest_first,
            )
        return {"data": found.rows, "next": next_after(found.cursor if found.more else None)}


@contextmanager
def unknown_by_field() -> Iterator[None]:
    """Tell what a filter names, and the store does not know, by its field."""
    try:
        yield
    except Unknown as error:
        raise InvalidRequest([(error.kind, str(error))]) from None
