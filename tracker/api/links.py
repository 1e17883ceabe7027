"""The API about links: one is made for SMS, push, chat or print.

Owns: this operation.
Does not own: what may be asked for (`tracker.minting.request`), or the link itself
(`tracker.minting.mint`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from config.schema import Config
from tracker.answers.errors import InvalidRequest
from tracker.answers.responses import json_response
from tracker.api.openapi import STRING, Operation, object_of
from tracker.api.requests import parse_body
from tracker.minting.mint import Minted
from tracker.minting.request import CannotMake, LinkRequest

LINK = object_of(
    {
        "url": STRING,
        "destination": STRING,
        "tracked": {"type": "boolean"},
        "message_id": {"type": ["string", "null"]},
    }
)
"""The schema of `Minted`."""

MakeLink = Callable[[Config, LinkRequest], Minted]
"""Makes a link; may block. Raises what `Mint.link` does."""


@dataclass(frozen=True, slots=True)
class Links:
    """The operation; `config` is called for each request."""

    config: Callable[[], Config]
    make_link: MakeLink

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "POST",
                "/api/v1/links",
                self._link,
                "Make a tracked link for SMS, push, chat or print, as `waypost link` does.",
                "The link",
                LINK,
                body=LinkRequest,
                status=201,
            ),
        )

    async def _link(self, request: Request) -> Response:
        link_request = await parse_body(LinkRequest, request)
        try:
            minted = await run_in_threadpool(self.make_link, self.config(), link_request)
        except CannotMake as error:
            raise InvalidRequest([(error.field, str(error))]) from None
        return json_response(asdict(minted), 201)
