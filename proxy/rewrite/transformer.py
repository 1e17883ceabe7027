"""The work on messages between the client's final dot and the relay's DATA.

Owns: the keys and policies of one configuration, whose mail is worked on, and the last resort:
whatever fails, the message goes on as it came, and the log says why. Only with `sign = "always"`
a message that cannot be signed is refused for now (SigningRefused).
Does not own: the work on one message (`render`), what to track (`planner`, `policy`), how to sign
(`proxy.signing.signer`), sending (`proxy.delivery.delivery`).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from config.keys.dkim_keys import read_dkim_key
from config.schema import Config
from config.telemetry.observe import MESSAGE_UNTOUCHED, log
from proxy.message.editing import parse
from proxy.policy.reasons import Untouched
from proxy.rewrite.render import Rendering
from proxy.rewrite.senders import Senders
from proxy.rewrite.submission import Outgoing, SigningRefused, Submission
from proxy.signing.self_check import probe
from proxy.signing.signer import Signer
from tracker.decisions.consents import ConsentRecord, Consents
from tracker.decisions.files import CONSENTS
from tracker.records.live import LiveRecords
from tracker.tokens import Keyring
from tracker.urls.reader_id import Identifier

__all__ = ["ConsentsInForce", "Outgoing", "Prepared", "SigningRefused", "Submission", "Transformer"]

ConsentsInForce = LiveRecords[ConsentRecord, Consents]


class Transformer:
    """Does the work for one configuration; safe to use from several threads.

    `signers` are those of each [[sender]], by its domain. Without `identifier`, no destination is
    told who clicked. Without `consents`, they are read here, and their copy is left to others.
    """

    def __init__(
        self,
        config: Config,
        keyring: Keyring,
        signers: Mapping[str, Sequence[Signer]],
        identifier: Identifier | None = None,
        consents: ConsentsInForce | None = None,
    ) -> None:
        self._keyring = keyring
        self._identifier = identifier
        self._signers = {domain.lower(): tuple(each) for domain, each in signers.items()}
        self._provider = config.relay.provider
        self._consents = consents or LiveRecords(CONSENTS, config.store.path)
        self._shares = config.proxy.copies == "shared"
        self._senders = Senders(config, [domain for domain, each in signers.items() if each])

    @classmethod
    def from_config(cls, config: Config, consents: ConsentsInForce | None = None) -> Self:
        """Load the keys that `config` names, and have dkimpy verify what they sign.

        Raises KeyFileError, KeyUnusable, ProbeFailed, ValueError.
        """
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
        for signer in itertools.chain.from_iterable(signers.values()):
            probe(signer)
        param = config.tracking.identify.param
        identifier = Identifier.load(param, config.keys.file) if param else None
        return cls(config, Keyring.load(config.keys.file), signers, identifier, consents)

    @property
    def sign_always(self) -> bool:
        """Whether mail of some sender must not go out unsigned."""
        return self._senders.sign_always

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
        except Exception as error:
            # Promise 3: mail passes, whatever is wrong with us, unless it must not pass unsigned.
            if self.sign_always:
                raise SigningRefused(repr(error)) from error
            log(MESSAGE_UNTOUCHED, exc_info=error)
            return _as_it_came(content, Untouched.PLAN_FAILED)
        return prepared

    def _prepared(self, content: bytes, submission: Submission, now_s: float) -> "Prepared":
        self._consents.look()
        message = parse(content)
        assigned = self._senders.assign(
            message,
            null_sender=not submission.mail_from,
            relay_8bitmime=submission.relay_8bitmime,
        )
        domain = assigned.sender.domain if assigned.sender else ""
        signers = self._signers.get(domain, ())
        job = Rendering(
            self._keyring,
            self._consents(),
            signers,
            self._provider,
            message,
            assigned,
            submission,
            now_s,
            self._identifier,
        )
        return Prepared(assigned.plan.untouched, len(submission.rcpt_to), job.outgoing)


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
