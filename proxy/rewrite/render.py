"""One message at work: its copies with tracked links, signed, and the event that tells of them.

Owns: the order of work (own headers, splice, provider's header, signature), and what the tracker is
told, and that it can be told before the copy is signed.
Does not own: what to change (`planner`), which headers go (`header_edits`), how to sign
(`proxy.signing.signer`), or what becomes of a message when a step fails
(`proxy.delivery.delivery`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter

from config.value_objects import value
from proxy.message.editing import Edit, Message, keeps_newlines_paired, splice
from proxy.message.work_budget import spend
from proxy.policy.reasons import Untouched
from proxy.rewrite import missing_fields
from proxy.rewrite.header_edits import header_edits
from proxy.rewrite.missing_fields import MissingFields, host_for
from proxy.rewrite.planned import Clipped, Plan, PlannedLink
from proxy.rewrite.senders import Sender, SenderPlan
from proxy.rewrite.submission import REWRITING, Findings, Outgoing, Submission, TellPending
from proxy.signing.signer import Signable, Signer
from tracker.decisions.consents import Consent, Consents, strictest
from tracker.events import MessagePending, Recipient, SentLink
from tracker.tokens import SHARED, Keyring, Minter, tracked_url
from tracker.urls.naming import told
from tracker.urls.reader_id import Identifier


@value
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


@dataclass(slots=True)
class Rendering:
    """All that is known of one message at work.

    `consents` are those known of persons, `unsaid` is the level of who never said, `signers` the sender's, `provider` the service behind the
    relay, `identifier` what tells destinations who clicked; `adds_missing`: a message that lacks a Date
    or a Message-ID gets it. `tell_pending` hears of each copy's event while the copy has yet to be signed.
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
    tell_pending: TellPending | None = None
    _told: tuple[SentLink, ...] | None = field(default=None, init=False, compare=False)
    """What all copies have in common, once somebody has asked for it."""

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
        plan, consent = self.plan, self._consent(recipients)
        untouched = plan.untouched
        if untouched is None and consent is Consent.NONE:
            untouched = Untouched.CONSENT_NONE
        if untouched is not None:
            return self._left(untouched)
        copy = self._copy(recipients, personal=consent is Consent.FULL and len(recipients) == 1)
        with REWRITING:
            content, edits, clipped = self._rewritten(copy)
            pending = self._pending(copy) if plan.links or plan.has_pixel else None
            signs = self.sender is not None and self.sender.signs
            signable = self._signable(content, edits) if signs else None
            # Now: what is left to do hardly fails, and lets go of the interpreter. To hash the body does so as
            # well, but for so short that the spool's thread, woken before, would make it wait.
            if pending is not None and self.tell_pending and not self._is_too_large(content):
                self.tell_pending(pending)
            content = self._signed(content, signable)
        if self._is_too_large(content):
            return self._left(Untouched.TOO_LARGE, clipped)
        return Outgoing(content, pending, None, _findings(plan, clipped))

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
        with REWRITING:
            signs = self.sender is not None and self.sender.signs_always
            missing = self._missing() if signs else None
            edits = header_edits(self.message, None, body_changes=False, missing=missing)
            content = splice(self.message.raw, edits) if edits else self.message.raw
            if signs:
                content = self._signed(content, self._signable(content, edits))
        return Outgoing(content, None, untouched, _findings(self.plan, clipped))

    def _consent(self, recipients: Sequence[int]) -> Consent:
        """Return the strictest of its readers' levels: what they, or the message for them, said."""
        if recipients and not self.consents.latest:  # nobody has ever said anything
            return self.plan.asked.consent or self.unsaid
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

    def _rewritten(self, copy: _Copy) -> tuple[bytes, Sequence[Edit], Clipped]:
        """Return the copy with tracked links, unsigned, by which edits, and which of its parts are clipped for it."""
        changes, clipped = self.plan.written(self._urls(copy))
        missing = self._missing()
        edits = header_edits(self.message, self.provider, body_changes=True, missing=missing)
        edits += changes
        return splice(self.message.raw, edits), edits, clipped

    def _missing(self) -> MissingFields | None:
        """Return what the message gets if it lacks it."""
        if not self.adds_missing or self.message.names >= missing_fields.NAMES:
            return None
        host = host_for(self.assigned.domain, self.sender.domain if self.sender else None)
        return MissingFields(self.now_s, self.submission.unique, host)

    def _urls(self, copy: _Copy) -> Callable[[PlannedLink], str]:
        """Return what gives the tracked URL of a link in this copy; links of one number have one."""
        minter = Minter(self.keyring, copy.message_id, copy.number, copy.sent_s)
        before, before_app = _beginnings(self.sender.policy.base_urls[0] if self.sender else "")
        mark = self._mark(copy)
        urls: dict[int, str] = {}

        def url_for(link: PlannedLink) -> str:
            number = link.number
            url = urls.get(number)
            if url is None:
                destination = mark(link.destination) if link.identified else link.destination
                before_token = before_app if link.app else before
                url = urls[number] = before_token + minter.token(number, destination)
            return url

        return url_for

    def _mark(self, copy: _Copy) -> Callable[[str], str]:
        """Return what adds to a destination who its reader is, where that is known."""
        identifier = self.identifier
        if identifier is None or copy.number == SHARED:
            return str
        person_id = identifier.id_of(self._address(copy.recipients[0]), self._person())
        return lambda destination: identifier.marked(destination, person_id)

    def _signable(self, content: bytes, edits: Sequence[Edit]) -> Signable | None:
        """Return what was made by `edits` as signatures see it, None without keys. Raises SigningError."""
        if not self.signers:
            return None
        profile = self.sender.policy.signing.relay_profile if self.sender else "default"
        raw, facts, block = self.message.raw, self.message.facts, self.message.header
        paired = not facts.bare_newlines and keeps_newlines_paired(raw, edits)
        same = block.usual and min(map(_start_of, edits), default=len(raw)) >= block.body_start
        return Signable.read(
            content, profile, newlines_paired=paired, header=block if same else None
        )

    def _signed(self, content: bytes, message: Signable | None) -> bytes:
        """Return the content of a message, signed with every key of the sender. Raises SigningError."""
        if message is None:
            return content
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
                [
                    Recipient(number, self._address(each), person)
                    for number, each in zip(copy.numbers, copy.recipients, strict=True)
                ]
            ),
            links=self._sent_links(),
            opens=self.plan.has_pixel,
            sent_s=copy.sent_s,
        )

    def read_texts(self) -> None:
        """Read what is on the links, which is told of all copies alike, before there is any."""
        if self.plan.untouched is None:
            self._sent_links()

    def _sent_links(self) -> tuple[SentLink, ...]:
        """Return what the store is told of each link."""
        if self._told is None:
            volatile = self.sender.policy.volatile_params if self.sender else frozenset()
            id_param = self.identifier.param if self.identifier else None
            self._told = sent_links(self.plan.links, volatile, id_param)
        return self._told


@lru_cache(maxsize=64)
def _beginnings(base_url: str) -> tuple[str, str]:
    """Return what stands before the tokens of a sender's links, and of those that open an app."""
    return tracked_url(base_url, ""), tracked_url(base_url, "", app=True)


_start_of = itemgetter(0)


def sent_links(
    links: Iterable[PlannedLink], volatile: frozenset[str], id_param: str | None = None
) -> tuple[SentLink, ...]:
    """Return each number once, in the same words whichever copy it is.

    `volatile` are parameters that are no part of a link's name, `id_param` is the one that tells
    destinations who clicked.
    """
    sent: dict[int, SentLink] = {}
    for link in links:
        number = link.number
        if number not in sent:
            named = link.author_url, link.destination, link.group
            url, group, ignored = told(*named, id_param if link.identified else None, volatile)
            sent[number] = SentLink(number, url, group, link.text, ignored)
    return tuple(sent.values())


def _findings(plan: Plan, clipped: Clipped) -> Findings:
    skipped: dict[str, int] = {}
    for link in plan.skipped:
        reason = str(link.reason)
        skipped[reason] = skipped.get(reason, 0) + 1
    return Findings(len(plan.links), skipped, clipped, plan.asked.odd, plan.diagnosis)
