"""MAIL and RCPT of one session: checked, passed on in groups, remembered.

Owns: which of them reach the relay, with which SIZE, the transaction that results from the relay's
answers, and that no parameter goes to a relay session which does not offer it (our EHLO reply may
be older than the session).
Does not own: their grammar (`proxy.smtp.envelope`), or how they reach the relay
(`proxy.relay.upstream`).
"""

from collections.abc import Callable, Sequence

from config.schema import ProxyConfig
from config.telemetry.observe import about
from proxy.relay.relay import Relay
from proxy.relay.upstream import Upstream
from proxy.session.limits import MAX_RECIPIENTS
from proxy.smtp import extensions, replies
from proxy.smtp.envelope import (
    BadEnvelope,
    MailCommand,
    RcptCommand,
    Transaction,
    parse_mail,
    parse_rcpt,
)
from proxy.smtp.extensions import GROWTH_ALLOWANCE_OCTETS
from proxy.smtp.replies import Reply

RelayFor = Callable[[bytes], Relay]
"""Returns the relay for mail of an envelope sender."""

Command = tuple[bytes, bytes]
"""A verb in upper case, and its argument as it came."""

_ToRelay = tuple[MailCommand | RcptCommand, bytes]
"""A sound command, and the line that is sent to the relay."""


class Transactions:
    """The mail transactions of one session, one after the other."""

    def __init__(self, upstream: Upstream, config: ProxyConfig) -> None:
        self.transaction: Transaction | None = None
        self.offered: frozenset[str] = frozenset()
        """Keywords of our last EHLO reply: what MAIL and RCPT may carry."""
        self._upstream = upstream
        self._max_size_octets = config.max_size
        copies = config.copies == "per-recipient"
        self._max_rcpts = config.max_copies if copies else MAX_RECIPIENTS
        self._mail: MailCommand | None = None
        self._rcpts = 0

    def end(self) -> None:
        """Forget the transaction; the relay is told to before the next."""
        if self.transaction is not None:
            self._upstream.forget_transaction()
        self.clear()

    def clear(self) -> None:
        """Forget the transaction, as the relay has done."""
        self.transaction = None
        about(message=None)

    async def pass_on(
        self,
        commands: Sequence[Command],
        *,
        may_grow: bool,
        own_login: bool,
        relay_for: RelayFor | None = None,
    ) -> list[Reply]:
        """Send a group of MAIL and RCPT to the relay; return the reply to each.

        `may_grow`: the message may become larger on its way through us. `own_login`: it may go out
        under our own login at the relay. `relay_for` tells which of several relays gets it.
        """
        self._mail, self._rcpts = None, 0
        transaction = self.transaction
        accepted: Sequence[bytes] = ()
        if transaction is not None:
            self._mail, self._rcpts = transaction.mail, len(transaction.rcpts)
            accepted = transaction.lines
        elif commands[0][0] == b"MAIL":
            relay = relay_for(self._sender(commands[0][1])) if relay_for else None
            refusal = await self._upstream.ready(own_login=own_login, relay=relay)
            if refusal is not None:
                return [refusal] * len(commands)
        checked = [self._check(verb, arg, may_grow=may_grow) for verb, arg in commands]
        lines = [each[1] for each in checked if not isinstance(each, Reply)]
        answers = iter(await self._upstream.exchange(lines, accepted) if lines else ())
        return [
            each if isinstance(each, Reply) else self._note(*each, next(answers))
            for each in checked
        ]

    def _sender(self, arg: bytes) -> bytes:
        """Return the path in MAIL, empty where it is none, and will be refused."""
        try:
            return parse_mail(arg, self.offered).path
        except BadEnvelope:
            return b""

    def _check(self, verb: bytes, arg: bytes, *, may_grow: bool) -> _ToRelay | Reply:
        try:
            if verb == b"MAIL":
                return self._check_mail(arg, may_grow=may_grow)
            return self._check_rcpt(arg)
        except BadEnvelope as error:
            return error.reply

    def _check_mail(self, arg: bytes, *, may_grow: bool) -> _ToRelay | Reply:
        if self._mail is not None:
            return replies.NESTED_MAIL
        mail = parse_mail(arg, self.offered)
        if not mail.params:
            self._mail = mail
            self._upstream.begin()
            return mail, mail.line
        if self._upstream.lacks_any(mail.extensions):
            return replies.PARAMETER_NOT_NOW
        if mail.size_octets is not None and mail.size_octets > self._max_size_octets:
            return replies.TOO_BIG
        self._mail = mail
        self._upstream.begin()
        return mail, self._grown(mail) if may_grow else mail.line

    def _grown(self, mail: MailCommand) -> bytes:
        """Return the line with the SIZE that the message may have when it leaves (DESIGN §3)."""
        if mail.size_octets is None:
            return mail.line
        most_octets = extensions.relay_size(self._upstream.capabilities) or self._max_size_octets
        grown_octets = min(mail.size_octets + GROWTH_ALLOWANCE_OCTETS, most_octets)
        return mail.with_size(max(grown_octets, mail.size_octets))

    def _check_rcpt(self, arg: bytes) -> _ToRelay | Reply:
        if self._mail is None:
            return replies.MAIL_FIRST
        if self._rcpts >= self._max_rcpts:
            return replies.TOO_MANY_RECIPIENTS
        rcpt = parse_rcpt(arg, self.offered)
        if rcpt.params and self._upstream.lacks_any(rcpt.extensions):
            return replies.PARAMETER_NOT_NOW
        self._rcpts += 1
        return rcpt, rcpt.line

    def _note(self, command: MailCommand | RcptCommand, line: bytes, answer: Reply) -> Reply:
        """Update the transaction by the relay's `answer` to `command`, and return that answer."""
        if isinstance(command, MailCommand):
            self._begin(Transaction(command, line) if answer.positive else None)
        elif self.transaction is not None and answer.positive:
            self.transaction.accept(command)
        elif self.transaction is not None:
            self.transaction.refused += 1
        return answer

    def _begin(self, transaction: Transaction | None) -> None:
        """Have lines of the log say from here on which message they are about."""
        self.transaction = transaction
        about(message=transaction.message_id.hex() if transaction else None)
