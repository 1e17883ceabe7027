"""Tracked links for what is not mail: SMS, push, chat, print.

Owns: what may be asked for such a link, the link itself, and the events that tell reports of it as
of a message with one link.
Does not own: links in mail (`proxy.job`), tokens (`tokens`), codes (`shortlinks`), or how somebody
asks (`links_cli`, `admin`).

A link of one person counts as that person's; one without a person is shared, by however many.
"""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from config.schema import Config
from tracker import params, shortlinks
from tracker.consents import Consent, Consents
from tracker.events import Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.groups import VOLATILE_PARAMS, GroupPattern, identity
from tracker.hosts import host, is_below
from tracker.shortlinks import ShortLinks
from tracker.tokens import (
    MESSAGE_ID_OCTETS,
    Keyring,
    Link,
    is_destination,
    mint,
    tracked_url,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

PATIENCE_S = 10.0
"""How long the events of a link may take to become durable."""
SHARED, PERSONAL = 0, 1
"""Recipient numbers."""
MAX_NAME = 200
"""Characters of a name, as in the headers of mail."""


def _destination(url: str) -> str:
    if not is_destination(url):
        raise ValueError("write an http(s) URL in ASCII, percent-encoded where needed")
    return url


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f]+$")]


class LinkRequest(BaseModel):
    """What may be asked for."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    url: Annotated[str, AfterValidator(_destination)] = Field(description="Where the link leads.")
    person: Name | None = Field(None, description="Whose link it is: an address, or your own id.")
    campaign: Name | None = Field(None, description="The campaign it counts for.")
    group: Name | None = Field(None, description="What reports call the link, instead of its URL.")
    track: bool = Field(True, description="Whether clicks are counted.")  # noqa: FBT003
    url_params: bool = Field(
        True,  # noqa: FBT003
        description="Whether [tracking.url_params] are added.",
    )
    short: bool = Field(
        False,  # noqa: FBT003
        description="Give a short link, which needs the file of short links.",
    )


@dataclass(frozen=True, slots=True)
class Minted:
    """A link. `message_id` is what `waypost revoke message` takes; None where nothing counts."""

    url: str
    destination: str
    tracked: bool
    message_id: str | None


class TooLong(ValueError):
    """With its parameters, the destination is longer than a link may hold."""


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes links; keys and consents are asked anew for each."""

    keyring: Callable[[], Keyring]
    consents: Callable[[], Consents]
    append: Callable[[Event], "Future[None]"]
    short_links: ShortLinks

    def link(self, config: Config, wanted: LinkRequest) -> Minted:
        """Make a link, once all that reports need is durable.

        Raises TooLong, `spool.SpoolError` and OSError.
        """
        destination = _lengthened(wanted, config)
        consent = self.consents().of(wanted.person)
        tracked = _may_track(wanted, config, destination) and consent is not Consent.NONE
        if not tracked and not wanted.short:
            return Minted(destination, destination, tracked=False, message_id=None)
        person = wanted.person if consent is Consent.FULL else None
        number = PERSONAL if person and tracked else SHARED
        link = Link(
            os.urandom(MESSAGE_ID_OCTETS), number, 1, int(time.time()), destination,
            preview=not tracked,
        )  # fmt: skip
        if tracked:
            self._tell(link, wanted, person, config)
        return self._written(link, config.tracking.base_url, short=wanted.short)

    def _tell(self, link: Link, wanted: LinkRequest, person: str | None, config: Config) -> None:
        """Tell reports, and wait until that is durable."""
        message_id, at_s = link.message_id.hex(), time.time()
        pending = MessagePending(
            message_id=message_id,
            at_s=at_s,
            sender_domain="",
            campaign=wanted.campaign,
            shared=person is None,
            recipients=(Recipient(PERSONAL, person, person),) if person else (),
            links=(_sent(link.destination, wanted.group, config),),
        )
        accepted = MessageAccepted(message_id, at_s, (link.recipient,))
        for future in [self.append(event) for event in (pending, accepted)]:
            future.result(PATIENCE_S)

    def _written(self, link: Link, base_url: str, *, short: bool) -> Minted:
        token = mint(self.keyring(), link)
        if short:
            url = f"{base_url}{shortlinks.PATH}{self.short_links.add(token)}"
        else:
            url = tracked_url(base_url, token)
        message_id = None if link.preview else link.message_id.hex()
        return Minted(url, link.destination, tracked=not link.preview, message_id=message_id)


def _lengthened(wanted: LinkRequest, config: Config) -> str:
    """Give the destination with its parameters; raises TooLong."""
    destination, tracking = wanted.url, config.tracking
    if wanted.url_params and (tracking.enabled or tracking.params_when_off):
        asked = tuple(tracking.url_params.items())
        destination = params.added(destination, params.filled(asked, wanted.campaign))
    if len(destination) > tracking.max_destination:
        raise TooLong(f"longer than {tracking.max_destination} characters")
    return destination


def _may_track(wanted: LinkRequest, config: Config, destination: str) -> bool:
    """Whether a link may be tracked: what is final in mail is final here."""
    untracked = is_below(host(destination), config.tracking.untracked_hosts)
    return wanted.track and config.tracking.enabled and not untracked


def _sent(destination: str, group: str | None, config: Config) -> SentLink:
    tracking = config.tracking
    volatile = VOLATILE_PARAMS | {name.lower() for name in tracking.volatile_params}
    patterns = tuple(GroupPattern(re.compile(each.pattern), each.name) for each in tracking.group)
    name = group or identity(destination, patterns, volatile)
    url = params.without(destination, volatile)
    return SentLink(1, url, None if name == destination else name, "")
