"""One message at work: its copies with tracked links, signed, and the event that tells of them.

Owns: the order of work (own headers, splice, provider's header, signature), and what the tracker is
told.
Does not own: what to change (`planner`), which headers go (`header_edits`), how to sign
(`proxy.signing.signer`), or what becomes of a message when a step fails
(`proxy.delivery.delivery`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from proxy.message.editing import Edit, Message, keeps_newlines_paired, splice
from proxy.message.work_budget import spend
from proxy.policy.reasons import Untouched
from proxy.rewrite import pixel
from proxy.rewrite.header_edits import header_edits
from proxy.rewrite.missing_fields import MissingFields, host_for
from proxy.rewrite.planned import CLIP_OCTETS, Plan, PlannedLink
from proxy.rewrite.senders import Sender, SenderPlan
from proxy.rewrite.submission import Findings, Outgoing, Submission, step
from proxy.signing.signer import Signable, Signer
from tracker.decisions.consents import Consent, Consents, strictest
from tracker.events import MessagePending, Recipient, SentLink
from tracker.tokens import SHARED, Keyring, Minter, tracked_url
from tracker.urls.naming import LinkNaming
from tracker.urls.reader_id import Identifier

Clipped = tuple[tuple[int, int], ...]
"""As in `Findings.clipped`."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy for `recipients`, counted from 1, and by what it is known.

    Its tokens have `number`; its event has one of `numbers` for each recipient. `sent_s` is the second
    since 1970 that both tell.
    """

    message_id: bytes
    sent_s: int
    number: int
    recipients: Sequence[int]
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rendering:
    """All that is known of one message at work.

    `consents` are those known of persons, `unsaid` is the level of who never said, `signers` the sender's, `provider` the service behind the
    relay, `identifier` what tells destinations who clicked; `adds_missing`: a message that lacks a Date
    or a Message-ID gets it.
    """

    keyring: Keyring
    consents: Consents
    signers: tuple[Signer, ...]
    provider: str | None
    message: Message
    assigned: SenderPlan
    submission: Submission
    now_s: float
    identifier: Identifier | None = None
    adds_missing: bool = True
    unsaid: Consent = Consent.FULL

    @property
    def plan(self) -> Plan:
        """What is to be done."""
        return self.assigned.plan

    @property
    def sender(self) -> Sender | None:
        """Whose mail it is."""
        return self.assigned.sender

    def outgoing(self, recipients: Sequence[int]) -> Outgoing:
        """Return the copy for these recipients, counted from 1. Raises Fault."""
        spend(len(recipients))
        consent = self._consent(recipients)
        untouched = self.plan.untouched
        if untouched is None and consent is Consent.NONE:
            untouched = Untouched.CONSENT_NONE
        if untouched is not None:
            return self._left(untouched)
        copy = self._copy(recipients, personal=consent is Consent.FULL and len(recipients) == 1)
        with step(Untouched.REWRITE_FAILED):
            content, clipped = self._rewritten(copy)
        if self._is_too_large(content):
            return self._left(Untouched.TOO_LARGE, clipped)
        tells = self.plan.links or self.plan.has_pixel
        pending = self._pending(copy) if tells else None
        return Outgoing(content, pending, None, _findings(self.plan, clipped))

    def _copy(self, recipients: Sequence[int], *, personal: bool) -> _Copy:
        """Return by what the copy for these recipients is known."""
        message_id, sent_s = self.submission.message_id, int(self.now_s)
        numbers = tuple(recipients)
        if len(recipients) == 1 and self.submission.copy_ids:
            message_id, number, sent_s = self.submission.copy_ids[recipients[0] - 1]
            numbers = (number,)
        return _Copy(message_id, sent_s, numbers[0] if personal else SHARED, recipients, numbers)

    def _left(self, untouched: Untouched, clipped: Clipped = ()) -> Outgoing:
        """Return the message as it came, less our own headers; signed, where all of its sender is."""
        with step(Untouched.REWRITE_FAILED):
            signs = self.sender is not None and self.sender.signs_always
            missing = self._missing() if signs else None
            edits = header_edits(self.message, None, body_changes=False, missing=missing)
            content = splice(self.message.raw, edits) if edits else self.message.raw
            if signs:
                content = self._signed(content, edits)
        return Outgoing(content, None, untouched, _findings(self.plan, clipped))

    def _consent(self, recipients: Sequence[int]) -> Consent:
        """Return the strictest of its readers' levels: what they, or the message for them, said."""
        return strictest(*map(self._consent_of, recipients))

    def _consent_of(self, number: int) -> Consent:
        known = self.consents.said(self._address(number), self._person())
        said = [level for level in (known, self.plan.asked.consent) if level is not None]
        return strictest(*said) if said else self.unsaid

    def _address(self, number: int) -> str:
        return self.submission.rcpt_to[number - 1].decode("utf-8", "replace")

    def _person(self) -> str | None:
        """Return the application's own id; with several recipients nobody knows whose it is."""
        return self.plan.asked.person if len(self.submission.rcpt_to) == 1 else None

    def _rewritten(self, copy: _Copy) -> tuple[bytes, Clipped]:
        """Return the copy with tracked links, and which of its parts are clipped for it."""
        urls: dict[int, str] = {}
        minter = Minter(self.keyring, copy.message_id, copy.number, copy.sent_s)

        def url_for(link: PlannedLink) -> str:
            url = urls.get(link.number)
            if url is None:
                url = urls[link.number] = self._url(link, copy, minter)
            return url

        edits = [
            *header_edits(self.message, self.provider, body_changes=True, missing=self._missing()),
            *self.plan.changes(url_for),
        ]
        clipped = self._clipped(url_for)
        content = splice(self.message.raw, edits)
        signs = self.sender is not None and self.sender.signs
        return self._signed(content, edits) if signs else content, clipped

    def _missing(self) -> MissingFields | None:
        """Return what the message gets if it lacks it."""
        if not self.adds_missing:
            return None
        host = host_for(self.assigned.domain, self.sender.domain if self.sender else None)
        return MissingFields(self.now_s, self.submission.unique, host)

    def _url(self, link: PlannedLink, copy: _Copy, minter: Minter) -> str:
        destination = link.destination
        if link.identified and self.identifier and copy.number != SHARED:
            person_id = self.identifier.id_of(self._address(copy.recipients[0]), self._person())
            destination = self.identifier.marked(destination, person_id)
        token = minter.token(link.number, destination)
        base_url = self.sender.policy.base_urls[0] if self.sender else ""
        return tracked_url(base_url, token, app=link.app)

    def _signed(self, content: bytes, edits: Sequence[Edit]) -> bytes:
        """Return what was made by `edits`, signed with every key of the sender. Raises SigningError."""
        if not self.signers:
            return content
        profile = self.sender.policy.signing.relay_profile if self.sender else "default"
        raw, facts = self.message.raw, self.message.facts
        paired = not facts.bare_newlines and keeps_newlines_paired(raw, edits)
        message = Signable.read(content, profile, newlines_paired=paired)
        now_s = int(self.now_s)
        signatures = [signer.signature(message, now_s) for signer in self.signers]
        return b"".join((*signatures, content))

    def _is_too_large(self, content: bytes) -> bool:
        limit_octets = self.submission.relay_size_octets or len(content)
        return limit_octets < len(content)

    def _pending(self, copy: _Copy) -> MessagePending:
        person = self._person() if copy.number != SHARED else None
        return MessagePending(
            message_id=copy.message_id.hex(),
            at_s=self.now_s,
            sender_domain=self.assigned.domain,
            campaign=self.plan.campaign,
            shared=copy.number == SHARED,
            recipients=tuple(
                Recipient(number, self._address(each), person)
                for number, each in zip(copy.numbers, copy.recipients, strict=True)
            ),
            links=self._sent_links(),
            opens=self.plan.has_pixel,
            sent_s=copy.sent_s,
        )

    def _sent_links(self) -> tuple[SentLink, ...]:
        """Return what the store is told of each link."""
        volatile = self.sender.policy.volatile_params if self.sender else frozenset()
        id_param = self.identifier.param if self.identifier else None
        return sent_links(self.plan.links, volatile, id_param)

    def _clipped(self, url_for: Callable[[PlannedLink], str]) -> Clipped:
        """Return the parts that mail programs clip by our doing: their octets before and after."""
        clipped = []
        for part in self.plan.parts:
            room_octets = CLIP_OCTETS - len(part.view.html)
            most_octets = sum(link.url_octets for _, _, link in part.tracked)
            most_octets += pixel.octets(part.pixel[1].url_octets) if part.pixel else 0
            if not 0 <= room_octets < most_octets:
                continue
            before, after = part.html_octets(url_for)
            if before <= CLIP_OCTETS < after:
                clipped.append((before, after))
        return tuple(clipped)


def sent_links(
    links: Iterable[PlannedLink], volatile: frozenset[str], id_param: str | None = None
) -> tuple[SentLink, ...]:
    """Return each number once, in the same words whichever copy it is.

    `volatile` are parameters that are no part of a link's name, `id_param` is the one that tells
    destinations who clicked.
    """
    sent: dict[int, SentLink] = {}
    for link in links:
        if link.number not in sent:
            naming = LinkNaming(
                *(link.author_url, link.destination, link.group),
                id_param if link.identified else None,
            )
            sent[link.number] = naming.sent_link(link.number, link.text, volatile)
    return tuple(sent.values())


def _findings(plan: Plan, clipped: Clipped) -> Findings:
    skipped = Counter(str(link.reason) for link in plan.skipped)
    return Findings(len(plan.links), skipped, clipped, plan.asked.odd, plan.diagnosis)
