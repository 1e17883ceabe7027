"""The API about links: one is made for SMS, push, chat or print.

Owns: these operations.
Does not own: what may be asked for (`tracker.minting.request`), or the link itself
(`tracker.minting.mint`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from pydantic import BaseModel

from config.schema import Config
from tracker.access.access import Scope
from tracker.answers.errors import InvalidRequest
from tracker.api.operations import Json, Operation
from tracker.minting.mint import Minted
from tracker.minting.request import CannotMake, LinkRequest

MakeLink = Callable[[Config, LinkRequest], Minted]
"""Makes a link; may block. Raises what `Mint.link` does."""


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
                "POST",
                "/links",
                self.make,
                MadeLink,
                "The link",
                (Scope.LINKS,),
                status=201,
            ),
        )

    def make(self, body: LinkRequest) -> Json:
        """Make a tracked link for SMS, push, chat or print, as `waypost link` does."""
        try:
            return asdict(self.make_link(self.config(), body))
        except CannotMake as error:
            raise InvalidRequest([(error.field, str(error))]) from None
