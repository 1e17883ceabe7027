"""Tracked links for what is not mail: SMS, push, chat, print.

Owns: the link itself, and the events that tell reports of it as of a message with one link.
Does not own: links in mail (`proxy.rewrite.render`), what may be asked for (`request`), tokens (`tokens`), codes
(`short_links`), ids (`tracker.urls.reader_id`), or how somebody asks (`tracker.cli.link`, `tracker.admin.admin`).

A link of one person counts as that person's; one without a person is shared, by however many.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.schema import Config
from tracker.decisions.consents import Consent, Consents
from tracker.events import Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.minting import short_links
from tracker.minting.request import LinkRequest, ResolvedRequest
from tracker.minting.short_links import ShortLinks
from tracker.persons import is_opaque
from tracker.tokens import MESSAGE_ID_OCTETS, SHARED, Keyring, Link, mint, tracked_url
from tracker.urls.reader_id import Identifier

if TYPE_CHECKING:
    from concurrent.futures import Future

PATIENCE_S = 10.0
"""How long the events of a link may take to become durable."""
PERSONAL = 1
"""Recipient number of the one person whose link it is."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A link. `message_id` is what `waypost revoke message` takes; None where nothing counts."""

    url: str
    destination: str
    tracked: bool
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes links; keys, consents and the secret of ids are asked anew for each.

    `identifier` gives ids under the parameter that it is asked with.
    """

    keyring: Callable[[], Keyring]
    consents: Callable[[], Consents]
    append: Callable[[Event], "Future[None]"]
    short_links: ShortLinks
    identifier: Callable[[str], Identifier]

    def link(self, config: Config, asked: LinkRequest) -> Minted:
        """Make a link, once all that reports need is durable.

        Raises wishes.Unfeasible, spool.SpoolError, KeyFileError and OSError.
        """
        wish = ResolvedRequest.of(asked, config)
        consent = self.consents().of(asked.person)
        tracked = wish.may_be_tracked and consent is not Consent.NONE
        if not tracked and not asked.short:
            return Minted(wish.destination, wish.destination, tracked=False, message_id=None)
        person = asked.person if tracked and consent is Consent.FULL else None
        destination = self._destination(wish, person)
        link = Link(
            os.urandom(MESSAGE_ID_OCTETS), PERSONAL if person else SHARED, 1, int(time.time()),
            destination, preview=not tracked,
        )  # fmt: skip
        if tracked:
            sent = wish.sent(identified=destination != wish.destination)
            self._tell(link, wish, person, sent)
        return self._written(link, wish)

    def _destination(self, wish: ResolvedRequest, person: str | None) -> str:
        """Give where the link leads; a site that is to be told is told who comes."""
        param = wish.tells if person else None
        if person is None or param is None:
            return wish.destination
        identifier = self.identifier(param)
        return identifier.marked(wish.destination, identifier.id_of(person, person))

    def _tell(self, link: Link, wish: ResolvedRequest, person: str | None, sent: SentLink) -> None:
        """Tell reports, and wait until that is durable."""
        message_id, at_s = link.message_id.hex(), time.time()
        pending = MessagePending(
            message_id=message_id,
            at_s=at_s,
            sender_domain=wish.sender_domain,
            campaign=wish.asked.campaign,
            shared=person is None,
            recipients=(_recipient(person),) if person else (),
            links=(sent,),
        )
        accepted = MessageAccepted(message_id, at_s, (link.recipient,))
        for future in [self.append(event) for event in (pending, accepted)]:
            future.result(PATIENCE_S)

    def _written(self, link: Link, wish: ResolvedRequest) -> Minted:
        token = mint(self.keyring(), link)
        if wish.asked.short:
            url = f"{wish.base_url.rstrip('/')}{short_links.PATH}{self.short_links.add(token)}"
        else:
            url = tracked_url(wish.base_url, token)
        message_id = None if link.preview else link.message_id.hex()
        return Minted(url, link.destination, tracked=not link.preview, message_id=message_id)


def _recipient(person: str) -> Recipient:
    """Name a person as mail does: an address is one, so that both are the same person's."""
    return Recipient(PERSONAL, person, person if is_opaque(person) else None)
