"""The work on messages between the client's final dot and the relay's DATA.

Owns: the keys and policies of one configuration, and whose mail is worked on.
Does not own: the work on one message (`render`), what to track (`planner`, `proxy.policy`), how to
sign (`proxy.signing.signer`), sending, or what becomes of a message when the work fails
(`proxy.delivery.delivery`).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Self, TypeVar

from config.keys.dkim_keys import read_dkim_key
from config.schema import Config
from proxy.message import work_budget
from proxy.message.editing import Message, parse
from proxy.policy.reasons import Untouched
from proxy.rewrite.render import Rendering
from proxy.rewrite.senders import SenderPlan, Senders
from proxy.rewrite.submission import (
    PLANNING,
    Fault,
    Findings,
    Outgoing,
    Step,
    Submission,
    TellPending,
)
from proxy.signing.self_check import probe
from proxy.signing.signed_fields import PROFILES
from proxy.signing.signer import Signer
from tracker.decisions.consents import Consent, Consents
from tracker.tokens import Keyring
from tracker.urls.reader_id import Identifier

KnownConsents = Callable[[], Consents]
"""Returns what persons agreed to, as far as it is known now."""


def _profile(config: Config) -> str:
    """Return by whose habits is signed: any of several relays may get a message.

    A profile leaves fields out of signatures that a relay would change, which is right for all.
    """
    providers = [relay.provider for relay in config.relays if relay.provider is not None]
    return next((each for each in providers if each in PROFILES), "default")


T = TypeVar("T")


def within(most_steps: int, work: Callable[[], T]) -> T | None:
    """Return what work on a message makes; None, and nothing is done, where it takes more steps."""
    try:
        with work_budget.limit(most_steps):
            return work()
    except work_budget.BudgetExceeded:
        return None


class Transformer:
    """Does the work for one configuration; safe to use from several threads.

    `signers` are those of each [[sender]], by its domain; `consents` is asked for each message.
    Without `identifier`, no destination is told who clicked.
    """

    def __init__(
        self,
        config: Config,
        keyring: Keyring,
        signers: Mapping[str, Sequence[Signer]],
        identifier: Identifier | None = None,
        consents: KnownConsents = Consents,
    ) -> None:
        self._keyring = keyring
        self._identifier = identifier
        self._signers = {domain.lower(): tuple(each) for domain, each in signers.items()}
        self._provider = config.relay.provider
        self._providers = {relay.name: relay.provider for relay in config.relays}
        self._adds_missing = config.proxy.add_missing
        self._unsaid = Consent(config.privacy.consent)
        self._consents = consents
        self._shares = config.proxy.copies == "shared"
        self._senders = Senders(config, [domain for domain, each in signers.items() if each])

    @classmethod
    def from_config(cls, config: Config, consents: KnownConsents, *, probed: bool = False) -> Self:
        """Return one with the keys that `config` names; dkimpy verifies what they sign.

        `probed`: it did so before, in another process of the same service.
        Raises KeyFileError, KeyUnusable, ProbeFailed, ValueError.
        """
        if config.keys.file is None:
            raise ValueError("[keys] file is not set: there is nothing to mint links with")
        profile = _profile(config)
        signers = {
            sender.domain: [
                Signer(
                    sender.domain, key.selector, read_dkim_key(key.key_file, key.algorithm), profile
                )
                for key in sender.dkim
            ]
            for sender in config.sender
        }
        if not probed:
            for signer in itertools.chain.from_iterable(signers.values()):
                probe(signer)
        param = config.tracking.identify.param
        identifier = Identifier.load(param, config.keys.file) if param else None
        return cls(config, Keyring.load(config.keys.file), signers, identifier, consents)

    @property
    def sign_always(self) -> bool:
        """Whether mail of some sender must not go out unsigned."""
        return self._senders.sign_always

    def prepare(
        self,
        content: bytes,
        submission: Submission,
        now_s: float,
        tell_pending: TellPending | None = None,
    ) -> "Prepared":
        """Return what becomes of a message; `tell_pending` hears of each copy's event. Raises Fault."""
        if not submission.trusted:
            outgoing = Outgoing(content, None, Untouched.UNTRUSTED)
            return Prepared(Untouched.UNTRUSTED, 0, lambda _: outgoing)
        with PLANNING:
            message = parse(content, submission.facts)
            plan = self._senders.assign(
                message,
                submission.submitter,
                null_sender=not submission.mail_from,
                relay_8bitmime=submission.relay_8bitmime,
                lists_links=False,
            )
            if plan.refused:
                refused = _refused(message, plan)
                return Prepared(refused.untouched, 0, lambda _: refused)
            known = self._consents()
            rendering = self._rendering(message, plan, submission, now_s, known, tell_pending)
        recipients = len(submission.rcpt_to)
        prepared = Prepared(plan.plan.untouched, recipients, rendering.outgoing)
        if self._shares or recipients == 1:
            prepared.shared()  # kept there; done now, as this may be a thread of its own
        else:
            with PLANNING:
                rendering.read_texts()  # as above: work on the message, and not on each copy
        return prepared

    def left_alone(
        self, content: bytes, submission: Submission, now_s: float, fault: Fault
    ) -> Outgoing:
        """Return a message as it came, less our own headers; signed, where all of its sender is.

        For a message the work on which ended with `fault`. Raises Fault.
        """
        with Step(fault.reason):
            message = parse(content, submission.facts)
            plan = self._senders.left_alone(message, fault.reason, submission.submitter)
            if plan.refused:
                return _refused(message, plan)
            rendering = self._rendering(message, plan, submission, now_s, Consents())
        return rendering.outgoing(range(1, len(submission.rcpt_to) + 1))

    def _rendering(
        self,
        message: Message,
        plan: SenderPlan,
        submission: Submission,
        now_s: float,
        consents: Consents,
        tell_pending: TellPending | None = None,
    ) -> Rendering:
        domain = plan.sender.domain if plan.sender else ""
        return Rendering(
            self._keyring,
            consents,
            self._signers.get(domain, ()),
            self._providers.get(submission.relay, self._provider),
            message,
            plan,
            submission,
            now_s,
            self._identifier,
            self._adds_missing,
            self._unsaid,
            tell_pending,
        )


def _refused(message: Message, plan: SenderPlan) -> Outgoing:
    findings = Findings(diagnosis=plan.plan.diagnosis)
    return Outgoing(message.raw, None, plan.plan.untouched, findings, refused=True)


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
        """Return the one copy for all recipients; with one recipient it is personal.

        Raises Fault.
        """
        if self._shared is None:
            self._shared = self._copy_for(range(1, self._recipients + 1))
        return self._shared

    def personal(self, index: int) -> Outgoing:
        """Return the copy of the recipient at `index` of `rcpt_to`. Raises Fault."""
        return self._copy_for((index + 1,))
