"""An operation of the API as it is declared: what it takes, what it answers, and what it needs.

Owns: the declaration, what every operation may answer where it fails, and the route that comes of it.
Does not own: the operations (`resources`), scopes (`tracker.access.access`), or the document
that describes them (`document`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fastapi import APIRouter, Depends
from fastapi.params import Depends as Dependency

from tracker.access.access import Scope
from tracker.access.needs import needs
from tracker.api.models import Failed, Refused
from tracker.api.requests import nothing

Json = dict[str, Any]

_RETRY = {"retry-after": {"description": "Seconds.", "schema": {"type": "string"}}}
_ALWAYS: dict[int | str, Json] = {
    400: {"model": Refused, "description": "What is wrong with which field"},
    401: {
        "model": Failed,
        "description": "Nobody said who asks, or not rightly",
        "headers": {"www-authenticate": {"schema": {"type": "string"}}},
    },
    403: {"model": Failed, "description": "Whoever asks lacks a scope"},
    421: {"model": Failed, "description": "Without a password: asked for by a name from elsewhere"},
    429: {
        "model": Failed,
        "description": "Too many wrong passwords from this address",
        "headers": _RETRY,
    },
    503: {"model": Failed, "description": "Not possible now; try again", "headers": _RETRY},
}
_UNKNOWN: dict[int | str, Json] = {404: {"model": Failed, "description": "There is no such thing"}}
_OF_BODIES: dict[int | str, Json] = {
    408: {"model": Failed, "description": "The body did not come in time"},
    413: {"model": Failed, "description": "The body is too large"},
    415: {"model": Failed, "description": "The body is not application/json"},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the API does.

    The parameters of `endpoint` say what may be asked; its first line of documentation is the summary.
    `answer` is the type of what comes back with `status`, `answered` says what that is. Where a thing
    that is asked for need not be there, `may_be_unknown`. `asks`: there are parameters in the query.
    """

    method: Literal["GET", "POST"]
    path: str
    endpoint: Callable[..., Any]
    answer: Any
    answered: str
    scopes: tuple[Scope, ...]
    status: int = 200
    asks: bool = False
    may_be_unknown: bool = False
    also: Mapping[int | str, Json] = field(default_factory=dict)

    def add_to(self, router: APIRouter) -> None:
        """Have a router answer it."""
        summary, _, more = (self.endpoint.__doc__ or "").partition("\n")
        needed = " and ".join(f"`{each}`" for each in self.scopes)
        router.add_api_route(
            self.path,
            self.endpoint,
            methods=[self.method],
            response_model=self.answer,
            response_model_exclude_unset=True,
            response_description=self.answered,
            status_code=self.status,
            summary=summary,
            description=f"{' '.join(more.split())}\n\nNeeds the scope {needed}.".strip(),
            operation_id=self.endpoint.__name__,
            responses=self._failures(),
            dependencies=self._dependencies(),
            openapi_extra={"x-scopes": list(self.scopes)},
        )

    def _dependencies(self) -> list[Dependency]:
        wanted = [Depends(needs(*self.scopes))]
        return wanted if self.asks else [*wanted, Depends(nothing)]

    def _failures(self) -> dict[int | str, Json]:
        unknown = _UNKNOWN if self.may_be_unknown else {}
        of_bodies = _OF_BODIES if self.method == "POST" else {}
        return {**_ALWAYS, **unknown, **of_bodies, **self.also}
