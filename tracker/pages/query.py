"""The view that a URL asks for: its query, read, and written into the links of a page.

Owns: periods, cursors, and what is wrong with a query, by the name of its field.
Does not own: what a page shows of it, or how an error looks (`rendering`).

The whole state of a page is in its URL, so that a view can be sent to a colleague.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tracker.answers.errors import InvalidRequest
from tracker.minting.request import problems_of
from tracker.reports.period import Period
from tracker.store.reserved import DAY_S

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
PERIODS = ("7", "30", "90")
"""Periods that are offered, in days up to today."""
MOST_CHARACTERS = 2048
"""Of a text that is looked for; longer than any link that mail programs take."""

_Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
LAST_ROW = 2**63 - 1
RowId = Annotated[int, Field(ge=0, le=LAST_ROW)]
"""The number of a campaign or a link, as it stands in URLs."""
Words = Annotated[str, Field(max_length=MOST_CHARACTERS)]
"""A text to look for."""
CursorValue = int | float | str


def today() -> date:
    """Return the day that it is in UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class Days:
    """Days, the first and the last included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Days":
        """As many days, that end where these begin."""
        last = self.first - timedelta(days=1)
        return Days(last - (self.last - self.first), last)

    @property
    def period(self) -> Period:
        """The same as reports take it."""
        return Period(_seconds(self.first), _seconds(self.last) + DAY_S)


def _seconds(day: date) -> float:
    return (day - FIRST_DAY).days * DAY_S


class View(BaseModel):
    """What may be asked of a page; a page of its own adds fields. What is empty was not asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return what a request asks for; raises InvalidRequest."""
        asked = {name: value for name, value in request.query_params.items() if value}
        try:
            return cls.model_validate(asked, by_alias=True, by_name=False)
        except ValidationError as error:
            raise InvalidRequest(
                (field or "query", problem) for field, problem in problems_of(error)
            ) from None

    def query(self, **changes: object) -> str:
        """Return the query of this view with some fields changed; None takes one away.

        As pages follow each other only in one order, `after` goes with every change.
        """
        asked = self.model_dump(by_alias=True, exclude_defaults=True, mode="json")
        asked |= {"after": None} | {name.rstrip("_"): value for name, value in changes.items()}
        found = urlencode({name: each for name, each in asked.items() if each is not None})
        return f"?{found}"

    def fields(self, *without: str) -> dict[str, str]:
        """Return what a form has to send along that asks for fields `without` these."""
        asked = self.model_dump(by_alias=True, exclude_defaults=True, mode="json")
        left = {*without, "after"}
        return {name: str(value) for name, value in asked.items() if name not in left}


class PeriodView(View):
    """A view of what was sent on some days: `period=30`, or `from=2026-11-01&to=2026-11-30`."""

    usual_period: ClassVar[str | None] = "30"
    """What is meant where nothing is asked; None: of all times."""

    period: Literal["7", "30", "90"] | None = None
    from_: _Day | None = Field(default=None, alias="from")
    to: _Day | None = None

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if self.period and (self.from_ or self.to):
            raise ValueError("either period, or from and to")
        if self.to and not self.from_:
            raise ValueError("to goes with from")
        if self.from_ and self.from_ > (self.to or today()):
            raise ValueError("from is after to")
        return self

    @property
    def days(self) -> Days | None:
        """The days that are meant; None: all."""
        if self.from_:
            return Days(self.from_, self.to or today())
        if (length := self.period or self.usual_period) is None:
            return None
        last = today()  # asked once: midnight may come
        return Days(last - timedelta(days=int(length) - 1), last)

    @property
    def is_usual(self) -> bool:
        """Whether no period was asked for."""
        return self.period is None and self.from_ is None

    @property
    def shown_period(self) -> str | None:
        """Which of PERIODS it is; None where it is none of them."""
        return self.period or (None if self.from_ else self.usual_period)


def row_of(request: Request) -> int:
    """Return the row that the path of a request names; raises HTTPException where it names none."""
    text = request.path_params["id"]
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(LAST_ROW)):
        raise HTTPException(404)
    return min(int(text), LAST_ROW)


def cursor(*values: CursorValue) -> str:
    """Return what `after` is for the page behind a row that has these values."""
    packed = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def cursor_values(after: str | None, *kinds: type[CursorValue]) -> tuple[CursorValue, ...] | None:
    """Return the values of a cursor, which are of these kinds; None where there is none.

    Raises InvalidRequest where it is none of ours.
    """
    if after is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, RecursionError):
        values = None
    is_ours = (
        isinstance(values, list)
        and len(values) == len(kinds)
        and all(_is(kind, value) for kind, value in zip(kinds, values, strict=True))
    )
    if not is_ours:
        raise InvalidRequest([("after", "is no cursor of this list")])
    return tuple(values)


def _is(kind: type[CursorValue], value: object) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63
    if kind is int:
        return type(value) is int and abs(value) < 2**63
    return isinstance(value, kind)
