"""AUTH of one client: whether it may come now, the relay session for it, and what is told of it.

Owns: what is refused before the relay hears of it, and that a client which is trusted only once it
is logged in holds a relay session for that only while it logs in.
Does not own: the exchange line by line (`authentication`), how many may log in at the same time
(`login_slots`), how often they may fail (`login_limits`), or who the client is (`identity`).
"""

from collections.abc import Sequence

from config.telemetry.observe import LOGINS_CROWDED, about, log
from proxy.client.authentication import Login, authenticate
from proxy.client.connection import ClientConnection
from proxy.client.identity import ClientIdentity
from proxy.client.limits import LOGIN_PATIENCE_S
from proxy.client.login_limits import Guesses, LoginLimits, tell_refused
from proxy.client.login_slots import LoginsCrowded, LoginSlots
from proxy.relay.upstream import Upstream
from proxy.smtp import extensions, replies
from proxy.smtp.replies import Reply


class ClientLogin:
    """The logins that one client tries."""

    def __init__(
        self,
        connection: ClientConnection,
        upstream: Upstream,
        identity: ClientIdentity,
        limits: LoginLimits,
        slots: LoginSlots,
    ) -> None:
        self.mechanisms: tuple[str, ...] = ()
        """Those of our last EHLO reply."""
        self.refusal_told = False
        """Whether the log was told why the last login was refused."""
        self._connection = connection
        self._upstream = upstream
        self._identity = identity
        self._limits = limits
        self._slots = slots
        self._guesses = Guesses(limits, identity.client.address)

    @property
    def failed_too_often(self) -> bool:
        """Whether so many of its logins failed that its session ends."""
        return self._guesses.exhausted

    def begin_anew(self) -> None:
        """Forget failures: a front server has told of another client."""
        self._guesses = Guesses(self._limits, self._identity.client.address)

    async def log_in(self, arg: bytes, patience_s: float) -> Reply:
        """Pass a login to the relay, and return its reply.

        A client is given `patience_s` for each line of the exchange. A stranger has less, waits for
        a slot, and keeps the relay session only if it is logged in.
        """
        self.refusal_told = False
        refusal = self._refusal(arg)
        if refusal is not None:
            return refusal
        if self._identity.trusted_unasked:
            return await self._pass_on(arg, patience_s)
        try:
            async with self._slots.slot(self._identity.network):
                return await self._pass_on_for_stranger(arg, min(LOGIN_PATIENCE_S, patience_s))
        except LoginsCrowded:
            log(LOGINS_CROWDED, client=str(self._identity.client))
            self.refusal_told = True
            return replies.LOGINS_CROWDED

    async def _pass_on_for_stranger(self, arg: bytes, patience_s: float) -> Reply:
        try:
            reply = await self._pass_on(arg, patience_s)
            if not self._upstream.authenticated:
                await self._upstream.quit()  # before the reply: many a client is gone after it
        except BaseException:
            self._upstream.drop()
            raise
        return reply

    async def _pass_on(self, arg: bytes, patience_s: float) -> Reply:
        self._upstream.give_up_our_login()
        self._upstream.go_home()
        if not await self._upstream.open():
            return self._upstream.no_relay
        if not _names(arg, extensions.mechanisms(self._upstream.capabilities)):
            return replies.MECHANISM_NOT_NOW
        failed_before = self._guesses.failed
        login = await authenticate(self._connection, self._upstream, arg, patience_s, self._guesses)
        if self._upstream.authenticated:
            self._upstream.account = login.account
            about(account=login.account)
        elif self._guesses.failed > failed_before:
            self._tell_failed(login)
        elif login.reply is replies.TOO_MANY_LOGINS:
            self._tell_too_many()
        return replies.NO_RELAY if login.reply.intermediate else login.reply

    def _tell_failed(self, login: Login) -> None:
        client = str(self._identity.client)
        self.refusal_told = True
        self._limits.tell_failed(client, login.account, login.reply)
        if self._guesses.exhausted:
            tell_refused(client, "session")

    def _tell_too_many(self) -> None:
        self.refusal_told = True
        tell_refused(str(self._identity.client), "address")

    def _refusal(self, arg: bytes) -> Reply | None:
        """Return the reply to a login that the relay does not hear of, else None."""
        if not self._identity.may_show_password:
            return replies.TLS_NEEDED_FOR_AUTH
        if not self.mechanisms:
            return replies.NOT_IMPLEMENTED
        words = arg.split()
        if len(words) not in (1, 2) or b"\r" in arg or b"\0" in arg:
            return replies.AUTH_SYNTAX
        if not _names(arg, self.mechanisms):
            return replies.MECHANISM_UNKNOWN
        if self._limits.exhausted(self._identity.client.address):
            self._tell_too_many()
            return replies.TOO_MANY_LOGINS
        return None


def _names(arg: bytes, mechanisms: Sequence[str]) -> bool:
    """Return whether the argument of AUTH names one of `mechanisms`."""
    return arg.split()[0].upper() in {name.upper().encode("ascii") for name in mechanisms}
