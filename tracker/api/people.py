"""The API about people: who is behind an id, and what they agreed to.

Owns: these operations.
Does not own: ids (`tracker.urls.reader_id`), who is behind one (`tracker.store.persons`), or consents
(`tracker.decisions.consents`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.api.current import COUNTED, current
from tracker.api.operations import Json, Operation
from tracker.api.requests import Asked
from tracker.decisions import files
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.store.persons import identified


class IdAsked(Asked):
    """What may be asked of an id."""

    id: str = Field(description="What [tracking.identify] told a destination.")


class ConsentGiven(Asked):
    """What somebody agreed to."""

    person: str = Field(pattern=r"\S", description="An address, or your own id.")
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
        merged = CONSENTS.merged(self.config().store.path)
        return [asdict(each) for each in Consents.from_records(merged.records).latest.values()]

    def consent(self, body: ConsentGiven) -> Json:
        """Note what a person agreed to, as `waypost consent` does."""
        return asdict(files.record(self.config().store.path, body.person, body.consent))
