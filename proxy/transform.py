"""The work on one message between the client's final dot and the relay's DATA.

Owns: whose mail is tracked and signed, the order of work (plan, own headers, splice, provider's
header, signature), what happens when one of them fails, and the event that tells of the message.
Does not own: what to track (`rewrite`, `policy`), how to sign (`signing`), sending (`delivery`).

Whatever fails here, the message goes on as it came, less our own headers, and the log says why;
only with `sign = "always"` a message that cannot be signed is refused for now (SigningRefused).
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from config.keys import read_dkim_key
from config.observe import (
    CLIPPED_MESSAGES,
    HEADER_ODD,
    LINKS,
    MESSAGE_CLIPPED,
    MESSAGE_LEFT,
    MESSAGE_TRACKED,
    MESSAGE_UNTOUCHED,
    PLANNED_MESSAGES,
    log,
)
from config.schema import Config
from proxy.headers_out import header_edits
from proxy.message import Message, parse, splice
from proxy.plan import CLIP_OCTETS, Plan, PlannedLink
from proxy.policy.params import without
from proxy.policy.reasons import Untouched
from proxy.policy.switches import Consent
from proxy.senders import Assigned, Sender, Senders
from proxy.signing import Signer, SigningError
from tracker.events import MessagePending, Recipient, SentLink
from tracker.tokens import MESSAGE_ID_OCTETS, Keyring, Link, mint, tracked_url

SHARED = 0
"""The recipient number of tokens in a copy that several people get."""


class SigningRefused(Exception):
    """With `sign = "always"`: the message could not be signed, and must not go out unsigned."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What the session knows of a message. Paths are without brackets, the null sender is empty.

    `relay_size_octets` is the relay's SIZE, None or 0 where it has no limit.
    """

    mail_from: bytes
    rcpt_to: tuple[bytes, ...]
    trusted: bool
    relay_8bitmime: bool = True
    relay_size_octets: int | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the relay gets, and the event that tells of its tracked links, if it has any."""

    content: bytes
    pending: MessagePending | None
    untouched: Untouched | None = None


class Transformer:
    """Does the work for one configuration; safe to use from several threads.

    `signers` are those of each [[sender]], by its domain.
    """

    def __init__(
        self, config: Config, keyring: Keyring, signers: Mapping[str, Sequence[Signer]]
    ) -> None:
        self.keyring = keyring
        self.signers = {domain.lower(): tuple(each) for domain, each in signers.items()}
        self.provider = config.relay.provider
        self._shares = config.proxy.copies == "shared"
        self._senders = Senders(config, [domain for domain, each in signers.items() if each])

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Load the keys that `config` names. Raises KeyFileError, KeyUnusable, ValueError."""
        if config.keys.file is None:
            raise ValueError("[keys] file is not set: there is nothing to mint links with")
        profile = config.relay.provider or "default"
        signers = {
            sender.domain: [
                Signer(
                    sender.domain, key.selector, read_dkim_key(key.key_file, key.algorithm), profile
                )
                for key in sender.dkim
            ]
            for sender in config.sender
        }
        return cls(config, Keyring.load(config.keys.file), signers)

    def prepare(self, content: bytes, submission: Submission, now_s: float) -> "Prepared":
        """Work out what becomes of a message. Raises SigningRefused, and nothing else."""
        if not submission.trusted:
            return _as_it_came(content, Untouched.UNTRUSTED)
        try:
            prepared = self._prepared(content, submission, now_s)
            if self._shares or len(submission.rcpt_to) == 1:
                prepared.shared()  # kept there; done now, as this may be a thread of its own
        except SigningRefused:
            raise
        except Exception as error:  # noqa: BLE001 - promise 3: mail passes, whatever is wrong with us
            log(MESSAGE_UNTOUCHED, exc_info=error)
            return _as_it_came(content, Untouched.PLAN_FAILED)
        return prepared

    def _prepared(self, content: bytes, submission: Submission, now_s: float) -> "Prepared":
        message = parse(content)
        assigned = self._senders.assign(
            message,
            null_sender=not submission.mail_from,
            relay_8bitmime=submission.relay_8bitmime,
        )
        _tell(assigned.plan)
        job = Job(self, message, assigned, submission, now_s)
        return Prepared(assigned.plan.untouched, len(submission.rcpt_to), job.outgoing)


def _tell(plan: Plan) -> None:
    """Count and log what was decided."""
    for name in plan.asked.odd:
        log(HEADER_ODD, header=name)
    for link in plan.skipped:
        LINKS.labels(link.reason).inc()
    LINKS.labels("tracked").inc(len(plan.links))
    PLANNED_MESSAGES.labels(plan.untouched or "changed").inc()
    if plan.untouched is None:
        log(MESSAGE_TRACKED, links=len(plan.links), skipped=len(plan.skipped))
    elif plan.failure is not None:
        log(MESSAGE_UNTOUCHED, reason=plan.untouched, exc_info=plan.failure)
    else:
        log(MESSAGE_LEFT, reason=plan.untouched, skipped=len(plan.skipped))


@dataclass(frozen=True, slots=True)
class Job:
    """All that is known of one message at work."""

    transformer: Transformer
    message: Message
    assigned: Assigned
    submission: Submission
    now_s: float
    message_id: bytes = field(default_factory=lambda: os.urandom(MESSAGE_ID_OCTETS))

    @property
    def plan(self) -> Plan:
        """What is to be done."""
        return self.assigned.plan

    @property
    def sender(self) -> Sender | None:
        """Whose mail it is."""
        return self.assigned.sender

    @property
    def anonymous(self) -> bool:
        """Whether clicks must not be anyone's."""
        return self.plan.asked.consent is Consent.ANONYMOUS

    def outgoing(self, recipients: Sequence[int]) -> Outgoing:
        """Give the copy for these recipients, counted from 1. Raises SigningRefused."""
        untouched = self.plan.untouched
        if untouched is None:
            try:
                content = self._rewritten(self._number(recipients))
            except Exception as error:  # noqa: BLE001 - the original is always there to be sent
                signing = isinstance(error, SigningError)
                untouched = Untouched.SIGNING_FAILED if signing else Untouched.REWRITE_FAILED
                log(MESSAGE_UNTOUCHED, reason=untouched, exc_info=error)
            else:
                if not self._is_too_large(content):
                    return Outgoing(content, self._pending(recipients) if self.plan.links else None)
                untouched = Untouched.TOO_LARGE
                log(MESSAGE_LEFT, reason=untouched, size_octets=len(content))
            PLANNED_MESSAGES.labels(untouched).inc()
        return Outgoing(self._original(), None, untouched)

    def _number(self, recipients: Sequence[int]) -> int:
        return SHARED if self.anonymous or len(recipients) != 1 else recipients[0]

    def _rewritten(self, number: int) -> bytes:
        urls: dict[int, str] = {}

        def url_for(link: PlannedLink) -> str:
            if link.number not in urls:
                urls[link.number] = self._url(link, number)
            return urls[link.number]

        provider = self.transformer.provider
        edits = [
            *header_edits(self.message, provider, body_changes=True),
            *self.plan.changes(url_for),
        ]
        self._warn_of_clipping(url_for)
        content = splice(self.message.raw, edits)
        return self._signed(content) if self.sender and self.sender.signs else content

    def _url(self, link: PlannedLink, number: int) -> str:
        token = mint(
            self.transformer.keyring,
            Link(self.message_id, number, link.number, int(self.now_s), link.destination),
        )
        base_url = self.sender.policy.base_urls[0] if self.sender else ""
        return tracked_url(base_url, token)

    def _signed(self, content: bytes) -> bytes:
        """Sign with every key of the sender."""
        signers = self.transformer.signers[self.sender.domain] if self.sender else ()
        return b"".join((*(s.signature(content, int(self.now_s)) for s in signers), content))

    def _original(self) -> bytes:
        """Give the message as it came, less our own headers. Raises SigningRefused."""
        edits = header_edits(self.message, None, body_changes=False)
        content = splice(self.message.raw, edits) if edits else self.message.raw
        if self.sender is None or not self.sender.signs_always:
            return content
        try:
            return self._signed(content)
        except Exception as error:
            raise SigningRefused(str(error)) from error

    def _is_too_large(self, content: bytes) -> bool:
        limit_octets = self.submission.relay_size_octets or len(content)
        return limit_octets < len(content)

    def _pending(self, recipients: Sequence[int]) -> MessagePending:
        addresses = self.submission.rcpt_to
        # The header tells of one person; with several recipients nobody knows whom.
        person = self.plan.asked.person if len(addresses) == 1 and not self.anonymous else None
        return MessagePending(
            message_id=self.message_id.hex(),
            at_s=self.now_s,
            sender_domain=self.assigned.domain,
            campaign=self.plan.campaign,
            shared=self._number(recipients) == SHARED,
            recipients=tuple(
                Recipient(number, addresses[number - 1].decode("utf-8", "replace"), person)
                for number in recipients
            ),
            links=self._sent_links(),
        )

    def _sent_links(self) -> tuple[SentLink, ...]:
        """Tell of each number once; what varies from reader to reader is left out of the URL."""
        volatile = self.sender.policy.volatile_params if self.sender else frozenset()
        sent: dict[int, SentLink] = {}
        for link in self.plan.links:
            url = without(link.destination, volatile)
            group = None if link.group == url else link.group
            sent.setdefault(link.number, SentLink(link.number, url, group, link.text))
        return tuple(sent.values())

    def _warn_of_clipping(self, url_for: Callable[[PlannedLink], str]) -> None:
        for part in self.plan.parts:
            before, after = part.html_octets(url_for)
            if before <= CLIP_OCTETS < after:
                CLIPPED_MESSAGES.inc()
                log(MESSAGE_CLIPPED, html_octets=after, without_tracking=before)


class Prepared:
    """What becomes of one message. Copies are made when asked for, the shared one only once.

    `untouched` is why nothing in it is changed, or None; `copy_for` makes the copy for some of the
    `recipients`, which are counted from 1.
    """

    __slots__ = ("_copy_for", "_recipients", "_shared", "untouched")

    def __init__(
        self,
        untouched: Untouched | None,
        recipients: int,
        copy_for: Callable[[Sequence[int]], Outgoing],
    ) -> None:
        self.untouched = untouched
        self._recipients = recipients
        self._copy_for = copy_for
        self._shared: Outgoing | None = None

    def shared(self) -> Outgoing:
        """Give the one copy for all recipients; with one recipient it is personal.

        Raises SigningRefused.
        """
        if self._shared is None:
            self._shared = self._copy_for(range(1, self._recipients + 1))
        return self._shared

    def personal(self, index: int) -> Outgoing:
        """Give the copy of the recipient at `index` of `rcpt_to`. Raises SigningRefused."""
        return self._copy_for((index + 1,))


def _as_it_came(content: bytes, reason: Untouched) -> Prepared:
    """Leave a message entirely alone."""
    outgoing = Outgoing(content, None, reason)
    return Prepared(reason, 0, lambda _: outgoing)
