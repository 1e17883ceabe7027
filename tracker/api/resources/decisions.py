"""The API about decisions: links that were sent are withdrawn or repaired.

Owns: these operations.
Does not own: what an order comes to (`tracker.orders.links`), or where it is kept
(`tracker.decisions.files`).
"""

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.access.needs import access_of
from tracker.answers.errors import InvalidRequest
from tracker.api.current import COUNTED, current
from tracker.api.models import Moment
from tracker.api.operations import Json, Operation
from tracker.api.requests import Asked
from tracker.decisions.decide import CannotDecide
from tracker.decisions.overrides import Decision
from tracker.orders import links
from tracker.reports import sent_links
from tracker.store.database import StoreError

MOST_CHARACTERS = 8192
"""Of a name or URL; longer than any link."""
_HEADERS: dict[int | str, Json] = {201: COUNTED[200]}


class Revocation(Asked):
    """Links that are withdrawn: of a message or a campaign, or to a host. With `undo`, taken back."""

    kind: Literal["message", "campaign", "host"]
    value: str = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="A message's id, or any link of it; a campaign's name; or a host.",
    )
    undo: bool = False


class Redirect(Asked):
    """Links to `old` are led to `new`. With `undo`, and without `new`, where they were written to again."""

    old: str = Field(min_length=1, max_length=MOST_CHARACTERS, description="The URL, as written.")
    new: str | None = Field(None, min_length=1, max_length=MOST_CHARACTERS)
    undo: bool = False

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.undo == (self.new is not None):
            raise ValueError("give old and new, or old and undo")
        return self


class Revoked(BaseModel):
    """What was decided, when and by whom; `messages` is how many of a campaign."""

    at: Moment
    by: str
    action: Literal["revoke", "restore"]
    kind: Literal["message", "campaign", "host"]
    value: str
    messages: int


class Redirected(BaseModel):
    """What was decided, when and by whom.

    `known`: whether the store has such a link, which one that nobody clicked need not be; null: cannot be said.
    """

    at: Moment
    by: str
    action: Literal["redirect", "restore"]
    old: str
    new: str | None
    known: bool | None


@dataclass(frozen=True, slots=True)
class Decisions:
    """The operations; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        needed = (Scope.LINKS,)
        return (
            Operation(
                "POST",
                "/revocations",
                self.revoke,
                Revoked,
                "What was decided",
                needed,
                status=201,
                also=_HEADERS,
            ),
            Operation(
                "POST",
                "/redirects",
                self.redirect,
                Redirected,
                "What was decided",
                needed,
                status=201,
                also=_HEADERS,
            ),
        )

    def revoke(self, body: Revocation, request: Request, response: Response) -> Json:
        """Withdraw links that were sent, as `waypost revoke` does: readers get a plain page (410).

        In force within seconds. Of a campaign, links of the messages that it has up to now.
        """
        config = self.config()

        def messages_of(campaign: str) -> Collection[str]:
            with current(config, response) as db:
                return sent_links.messages_of(db, campaign)

        with _by_field("value"):
            if body.undo:
                made = links.restoration(config, body.kind, body.value)
            else:
                made = links.withdrawal(config, body.kind, body.value, messages_of)
        kept = links.keep(config, made, access_of(request).name)
        return {
            **_told(kept),
            "kind": kept.kind,
            "value": kept.value,
            "messages": len(kept.messages),
        }

    def redirect(self, body: Redirect, request: Request, response: Response) -> Json:
        """Lead all links to a URL to another one, as `waypost redirect` does. In force within seconds."""
        config = self.config()
        with _by_field("old" if body.new is None else "new"):
            if body.new is None:
                made = links.restoration(config, "destination", body.old)
            else:
                made = links.repair(config, body.old, body.new)
        kept = links.keep(config, made, access_of(request).name)
        known = self._is_known(config, body.old, response)
        return {**_told(kept), "old": body.old, "new": body.new, "known": known}

    def _is_known(self, config: Config, url: str, response: Response) -> bool | None:
        """Return whether the store has a link to a URL; None: with the store lost, that cannot be said."""
        with contextlib.suppress(StoreError), current(config, response) as db:
            return sent_links.is_known(db, url, config)
        return None


def _told(made: Decision) -> Json:
    return {"at": made.at, "by": made.by, "action": made.action}


@contextlib.contextmanager
def _by_field(field: str) -> Iterator[None]:
    """Tell what cannot be decided by the field of the request that asks for it."""
    try:
        yield
    except CannotDecide as error:
        raise InvalidRequest([(field, str(error))]) from None
