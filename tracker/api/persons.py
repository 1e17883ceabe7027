"""The API about persons: who is behind an id, and what they agreed to.

Owns: these operations.
Does not own: ids (`tracker.urls.reader_id`), who is behind one (`tracker.store.persons`), consents
(`tracker.decisions.consents`), or who may ask.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from config.schema import Config
from tracker.answers.responses import json_response
from tracker.api.openapi import STRING, Operation, array_of, object_of
from tracker.api.requests import parse_body, parse_query
from tracker.decisions import files
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.store import database
from tracker.store.persons import identified

CONSENT_RECORD = object_of({"at": STRING, "person": STRING, "consent": STRING})
PERSON = object_of({"id": STRING, "person": STRING, "addresses": array_of(STRING)})


class IdQuery(BaseModel):
    """What may be asked of an id."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="What [tracking.identify] told a destination.")


class ConsentGiven(BaseModel):
    """What somebody agreed to."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(pattern=r"\S", description="An address, or your own id.")
    consent: Consent


@dataclass(frozen=True, slots=True)
class Persons:
    """The operations; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET",
                "/api/v1/identify",
                self._identify,
                "Who is behind an id, as `waypost identify` says; 404 for an unknown one.",
                "The person, and the addresses known",
                PERSON,
                query=IdQuery,
            ),
            Operation(
                "GET",
                "/api/v1/consents",
                self._consents,
                "The last word of everyone who ever said what they agree to.",
                "All of them",
                array_of(CONSENT_RECORD),
            ),
            Operation(
                "POST",
                "/api/v1/consents",
                self._consent,
                "Note what a person agreed to, as `waypost consent` does.",
                "What was noted",
                CONSENT_RECORD,
                body=ConsentGiven,
                status=201,
            ),
        )

    def _identify(self, request: Request) -> Response:
        person_id, config = parse_query(IdQuery, request).id, self.config()
        catch_up(config, BRIEF_S)
        with database.reading(config.store.path) as db:
            found = identified(db, config, person_id)
        if found is None:
            raise HTTPException(404, f"nobody is known as {person_id}")
        return json_response({"id": person_id, **found._asdict()})

    def _consents(self, _request: Request) -> Response:
        merged = CONSENTS.merged(self.config().store.path)
        return json_response(
            [asdict(each) for each in Consents.from_records(merged.records).latest.values()]
        )

    async def _consent(self, request: Request) -> Response:
        body = await parse_body(ConsentGiven, request)
        store_path = self.config().store.path
        record = await run_in_threadpool(files.record, store_path, body.person, body.consent)
        return json_response(asdict(record), 201)
