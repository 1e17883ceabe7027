"""What answers of the API consist of, as far as several of them have it in common.

Owns: these models, from which the document that describes the API is written.
Does not own: what single answers have (`resources`), or where the figures come from
(`tracker.reports`).
"""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

Row = TypeVar("Row")
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment in UTC, as ISO 8601."""
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
"""A day in UTC."""
Ours = Literal[True]
"""Marks what is called `(purged)` by us: an author may call something so as well. Else it is not there."""


class Page(BaseModel, Generic[Row]):
    """Part of a list, and what to ask for the next one with, as `after`: null at the end."""

    data: list[Row]
    next: str | None


class Counts(BaseModel):
    """Clicks or people. `human` includes `doubtful`; `all` has machines as well."""

    human: int
    doubtful: int
    all: int


class Shared(BaseModel):
    """Copies that several recipients had together: nobody knows whose a click on one is."""

    messages: int
    recipients: int
    clicks: int


class Figures(BaseModel):
    """What was sent and clicked (docs/figures.md)."""

    messages: int
    deliveries: int
    clicked_deliveries: int
    clicks: Counts
    unique_clickers: Counts
    click_rate: float | None = Field(ge=0, le=1)
    shared: Shared


class LinkFigures(BaseModel):
    """A link: what it is called, a URL of it, the text that people saw, and who clicked.

    The URL of a link that somebody named may be one reader's own: only who may see persons is told it.
    """

    link: str
    url: str
    text: str
    clicks: Counts
    unique_clickers: Counts
    purged_link: Ours = True


class CampaignFigures(Figures):
    """A campaign (null: messages without one) and its figures."""

    campaign: str | None
    purged_campaign: Ours = True


class DayClicks(BaseModel):
    """The clicks that were made on a day, in UTC."""

    day: Day
    clicks: Counts


class Failed(BaseModel):
    """Why something was not done."""

    error: str


class Problem(BaseModel):
    """What is wrong with a field."""

    field: str
    problem: str


class Refused(Failed):
    """What is wrong with which field of a request."""

    problems: list[Problem]
