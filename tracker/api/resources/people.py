"""The API about people: who they are, what they were sent and clicked, and what they agreed to.

Owns: these operations.
Does not own: the questions (`tracker.reports.lists.people`, `tracker.reports.lookup`), who is behind an id
(`tracker.store.rows.persons`), or consents (`tracker.decisions.consents`).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal, Self

from fastapi import Path, Query
from pydantic import BaseModel, Field, model_validator
from starlette.exceptions import HTTPException
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.answers.errors import InvalidRequest
from tracker.api.current import COUNTED, current
from tracker.api.models import Counts, Moment, Page
from tracker.api.operations import Json, Operation
from tracker.api.requests import LAST_ROW, MAX_ROWS, Asked, PersonName, next_after
from tracker.decisions import files
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.reports.clicks import moment
from tracker.reports.lists import people
from tracker.reports.lookup import timeline
from tracker.reports.lookup.persons import starting_with
from tracker.sql.db import Db
from tracker.store.rows.persons import identified

Number = Annotated[int, Path(alias="id", ge=0, le=LAST_ROW, description="As `people` says.")]
LAST_MOMENT_S = 1e10


class PeopleAsked(Asked):
    """What may be asked of people."""

    person: str | None = Field(
        None, min_length=1, description="Who is known by this address, or this id of yours."
    )
    search: str | None = Field(
        None, min_length=1, description="Whose id or address begins with this."
    )
    after: str | None = Field(None, description="Go on behind this: `next` of the answer before.")
    limit: int = Field(100, ge=1, le=MAX_ROWS, description="How many rows at most.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.person is not None and (self.search is not None or self.after is not None):
            raise ValueError("person goes with neither search nor after")
        return self


class TimelineAsked(Asked):
    """Which part of a timeline is asked for."""

    after: float | None = Field(
        None,
        ge=0,
        le=LAST_MOMENT_S,
        allow_inf_nan=False,
        description="Go on behind this: `next` of the answer before.",
    )
    limit: int = Field(100, ge=1, le=MAX_ROWS, description="How many rows, about.")


class Person(BaseModel):
    """A person, and what went to them.

    `timeline` is the path of what they were sent and clicked. `consent` is told of one who was asked for:
    what they agreed to, null where they never said.
    """

    id: int
    person: str
    addresses: list[str]
    messages: int
    clicks: Counts
    last_sent: Moment | None
    timeline: str
    consent: Consent | None = None


class Happened(BaseModel):
    """What a person was sent (with its subject), or clicked (with all that is kept of the click)."""

    at: Moment
    event: Literal["sent", "clicked"]
    message_id: str
    campaign_id: int
    campaign: str | None
    subject: str | None = None
    event_id: str | None = None
    link_id: int | None = None
    link: str | None = None
    destination: str | None = None
    human: bool | None = None
    doubtful: bool | None = None
    score: int | None = None
    reasons: list[str] | None = None
    why: str | None = None
    ip: str | None = None
    user_agent: str | None = None


class IdAsked(Asked):
    """What may be asked of an id."""

    id: str = Field(description="What [tracking.identify] told a destination.")


class ConsentGiven(Asked):
    """What somebody agreed to."""

    person: PersonName
    consent: Consent


class Identified(BaseModel):
    """Who is behind an id, and where they got mail."""

    id: str
    person: str
    addresses: list[str]


class ConsentNoted(BaseModel):
    """What somebody agreed to, and when. The person of one who was forgotten is a salted hash."""

    at: str
    person: str
    consent: Consent


@dataclass(frozen=True, slots=True)
class People:
    """The operations; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        needed = (Scope.PERSONS,)
        return (
            Operation(
                "GET",
                "/people",
                self.people,
                Page[Person],
                "People",
                needed,
                asks=True,
                also=COUNTED,
            ),
            Operation(
                "GET",
                "/people/{id}/timeline",
                self.timeline,
                Page[Happened],
                "What happened, the latest first",
                needed,
                asks=True,
                may_be_unknown=True,
                also=COUNTED,
            ),
            Operation(
                "GET",
                "/identify",
                self.identify,
                Identified,
                "The person, and the addresses known",
                needed,
                asks=True,
                may_be_unknown=True,
                also=COUNTED,
            ),
            Operation("GET", "/consents", self.consents, list[ConsentNoted], "All of them", needed),
            Operation(
                "POST",
                "/consents",
                self.consent,
                ConsentNoted,
                "What was noted",
                needed,
                status=201,
            ),
        )

    def people(self, asked: Annotated[PeopleAsked, Query()], response: Response) -> Json:
        """List people by number, find them by how an address or id begins, or tell who one is."""
        with current(self.config(), response) as db:
            if asked.person is not None:
                rows = people.told(db, people.called(db, asked.person))
                return {"data": [self._consenting(row) for row in rows], "next": None}
            found, following = _found(db, asked)
        return {"data": [_person(row) for row in found], "next": following}

    def _consenting(self, row: Json) -> Json:
        records = CONSENTS.merged(self.config().store.file).records
        said = Consents.from_records(records).said(row["person"], *row["addresses"])
        return {**_person(row), "consent": said}

    def timeline(
        self, number: Number, asked: Annotated[TimelineAsked, Query()], response: Response
    ) -> Json:
        """Tell what a person was sent and clicked, with the reasons for what each click was judged to be.

        What happened at one moment is on one page, which may have some more rows for it than asked for.
        """
        with current(self.config(), response) as db:
            known = people.told(db, [number])
            if not known:
                raise HTTPException(404, f"no person {number} is known")
            names = {known[0]["person"], *known[0]["addresses"]}
            found = timeline.timeline(
                db,
                *sorted(names),
                before_s=timeline.FAR_S if asked.after is None else asked.after,
                limit=asked.limit,
            )
        rows = [_happened(row) for row in found.rows]
        return {"data": rows, "next": None if found.cursor_s is None else repr(found.cursor_s)}

    def identify(self, asked: Annotated[IdAsked, Query()], response: Response) -> Json:
        """Tell who is behind an id, as `waypost identify` does; 404 for an unknown one."""
        config = self.config()
        with current(config, response) as db:
            found = identified(db, config, asked.id)
        if found is None:
            raise HTTPException(404, f"nobody is known as {asked.id}")
        return {"id": asked.id, **found._asdict()}

    def consents(self) -> list[Json]:
        """Tell the last word of everyone who ever said what they agree to."""
        merged = CONSENTS.merged(self.config().store.file)
        return [asdict(each) for each in Consents.from_records(merged.records).latest.values()]

    def consent(self, body: ConsentGiven) -> Json:
        """Note what a person agreed to, as `waypost consent` does."""
        return asdict(files.record(self.config().store.file, body.person, body.consent))


def _found(db: Db, asked: PeopleAsked) -> tuple[Sequence[Json], str | None]:
    """Return people by number, or by how they are called; and where the next page goes on."""
    try:
        if asked.search is None:
            part = people.people(db, after=_number(asked.after), limit=asked.limit)
            return part.rows, next_after(part.next)
        found = starting_with(db, asked.search, after=asked.after or "", limit=asked.limit)
    except ValueError:
        raise InvalidRequest([("after", "is no cursor of this list")]) from None
    return people.told(db, people.named(db, {row["person"] for row in found.rows})), found.cursor


def _number(after: str | None) -> int:
    """Return the number that a cursor is; raises ValueError."""
    if after is None:
        return 0
    if not (after.isascii() and after.isdigit() and int(after) <= LAST_ROW):
        raise ValueError(after)
    return int(after)


def _person(row: Json) -> Json:
    return {**row, "timeline": f"/api/v1/people/{row['id']}/timeline"}


def _happened(row: Json) -> Json:
    name = row["campaign"]
    return {
        **row,
        "at": moment(row["at_s"]),
        "campaign": name if name is None or isinstance(name, str) else name.text,
    }
