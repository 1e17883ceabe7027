"""Tracked links for what is not mail: SMS, push, chat, print.

Owns: the link itself, and the events by which reports count it, as a message with one link.
Does not own: links in mail (`proxy.rewrite.render`), what may be asked for (`request`), tokens
(`tracker.tokens`), codes (`short_links`), ids of readers (`tracker.urls.reader_id`), or how
somebody asks (`tracker.cli.link`, `tracker.api.resources.links`).

A link of one person counts as that person's; one without a person is shared, by however many, and asks for
nobody's consent.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from config.schema import Config
from config.telemetry.observe import EVENT_NOT_DURABLE, log
from tracker.decisions import heard
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.events import MessageAccepted, MessagePending, MessageRefused, Recipient
from tracker.minting.request import LinkRequest, ResolvedRequest
from tracker.minting.short_links import ShortLinks
from tracker.persons import is_opaque
from tracker.spool.parcel import SpoolError
from tracker.spool.writer import Spool
from tracker.tokens import MESSAGE_ID_OCTETS, SHARED, SHORT_PATH, Keyring, Link, mint, tracked_url
from tracker.urls.reader_id import Identifier, secret_of

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
    """Makes links. What is called is called anew for each link, as what it returns changes.

    `secret` is that of ids of readers.
    """

    keyring: Callable[[], Keyring]
    consents: Callable[[], Consents]
    spool: Spool
    short_links: ShortLinks
    secret: Callable[[], bytes]

    def link(self, config: Config, request: LinkRequest) -> Minted:
        """Make a link, once all that reports need is durable.

        Raises request.CannotMake, KeyFileError and OSError (SpoolError, TimeoutError and, for one
        person, NeverHeard among them); then nothing counts.
        """
        resolved = ResolvedRequest.of(request, config)
        unsaid = Consent(config.privacy.consent) if request.person else Consent.FULL
        consent = self.consents().of(request.person, unsaid=unsaid)
        tracked = resolved.may_be_tracked and consent is not Consent.NONE
        if tracked and request.person:
            heard.require(config.store, "link of one person is made")
        if not tracked and not request.short:
            url = resolved.destination
            return Minted(url, url, tracked=False, message_id=None)
        person = request.person if tracked and consent is Consent.FULL else None
        link = Link(
            message_id=os.urandom(MESSAGE_ID_OCTETS),
            recipient=PERSONAL if person else SHARED,
            number=1,
            sent_at_s=int(time.time()),
            destination=self._destination(resolved, person),
            preview=not tracked,
        )
        return self._told(link, resolved, person) if tracked else self._minted(link, resolved)

    def _destination(self, resolved: ResolvedRequest, person: str | None) -> str:
        """Return where the link leads, with the person's id where that site is told who comes."""
        param = resolved.id_param if person else None
        if person is None or param is None:
            return resolved.destination
        identifier = Identifier(param, self.secret())
        return identifier.marked(resolved.destination, identifier.id_of(person, person))

    def _told(self, link: Link, resolved: ResolvedRequest, person: str | None) -> Minted:
        """Make a link that counts from the moment that there is one."""
        pending = _pending(link, resolved, person)
        about = (pending.message_id, pending.at_s, (link.recipient,))
        try:
            self.spool.append(pending).result(PATIENCE_S)
            minted = self._minted(link, resolved)
        except BaseException:
            self.spool.append(MessageRefused(*about, sent_s=link.sent_at_s))
            raise
        try:
            accepted = MessageAccepted(*about, sent_s=link.sent_at_s)
            self.spool.append_written(accepted).result(PATIENCE_S)
        except (SpoolError, TimeoutError) as error:  # it is kept, and the link is as good as any
            log(EVENT_NOT_DURABLE, message=pending.message_id, cause=repr(error))
        return minted

    def _minted(self, link: Link, resolved: ResolvedRequest) -> Minted:
        token = mint(self.keyring(), link)
        if resolved.request.short:
            code = self.short_links.add(token)
            url = f"{resolved.base_url.rstrip('/')}{SHORT_PATH}{code}"
        else:
            url = tracked_url(resolved.base_url, token)
        message_id = None if link.preview else link.message_id.hex()
        return Minted(url, link.destination, tracked=not link.preview, message_id=message_id)


def _pending(link: Link, resolved: ResolvedRequest, person: str | None) -> MessagePending:
    """Return what reports need to know of a link before it counts."""
    identified = link.destination != resolved.destination
    return MessagePending(
        message_id=link.message_id.hex(),
        at_s=link.sent_at_s,
        sender_domain=resolved.sender_domain,
        campaign=resolved.request.campaign,
        shared=person is None,
        recipients=(_recipient(person),) if person else (),
        links=(resolved.sent_link(identified=identified),),
        sent_s=link.sent_at_s,
    )


def mint_once(
    config: Config,
    keyring: Keyring,
    request: LinkRequest,
    register: Callable[[str, str], bool] = lambda _code, _token: True,
) -> Minted:
    """Make one link where no tracker runs; raises what `Mint.link` does.

    `register` has all nodes know a code (`short_links`).
    """
    consents = Consents.from_records(CONSENTS.merged(config.store.file).records)
    codes = ShortLinks(config.store.file, register)
    spool = Spool.open(config.store.spool_dir, "link")
    try:
        maker = Mint(lambda: keyring, lambda: consents, spool, codes, lambda: secret_of(config))
        return maker.link(config, request)
    finally:
        spool.close()


def _recipient(person: str) -> Recipient:
    """Name a person as mail does: an address is one, so that both are the same person's."""
    return Recipient(PERSONAL, person, person if is_opaque(person) else None)
