"""Who a client is and what it may do: as it connects, and after TLS, AUTH, XCLIENT, XFORWARD.

Owns: the client as it is known now, and what AUTH, XCLIENT and XFORWARD change in that.
Does not own: the rules for addresses and attributes (`trust`), the exchange of a login
(`authentication`) and how often it may fail (`login_limits`), or when a command may come (`session`).
"""

from config.addresses import within
from config.schema import ProxyConfig
from proxy.policy.accounts import Submitter
from proxy.relay.upstream import Upstream
from proxy.session import trust
from proxy.session.authentication import Login, authenticate
from proxy.session.connection import ClientConnection
from proxy.session.login_limits import Guesses, LoginLimits, tell_refused
from proxy.session.trust import Client
from proxy.smtp import extensions, replies
from proxy.smtp.replies import Reply


class ClientIdentity:
    """Who one client is and what it may do; `client` may be one that a front server speaks for."""

    def __init__(
        self,
        connection: ClientConnection,
        upstream: Upstream,
        client: Client,
        config: ProxyConfig,
        hostname: str,
        login_limits: LoginLimits,
    ) -> None:
        self.client = client
        self._front = client
        self._connection = connection
        self._upstream = upstream
        self._config = config
        self._hostname = hostname
        self._login_limits = login_limits
        self._guesses = Guesses(login_limits, client.address)

    @property
    def account(self) -> str:
        """The name under which a retry of its messages is recognised."""
        login = self._upstream.account
        return trust.account(self.client) if login is None else f"account:{login}"

    @property
    def trusted(self) -> bool:
        """Whether its mail may be tracked and signed (DESIGN §3.4)."""
        authenticated = self._upstream.authenticated
        return trust.trusted(self.client, self._config, authenticated=authenticated)

    @property
    def submitter(self) -> Submitter:
        """Who hands its mail in, as `accounts` of a [[sender]] may name it."""
        authenticated = self._upstream.authenticated
        return trust.submitter(self.client, self._upstream.account, authenticated=authenticated)

    @property
    def may_send(self) -> bool:
        """Whether MAIL is accepted from it."""
        authenticated = self._upstream.authenticated
        return trust.may_send(self.client, self._config, authenticated=authenticated)

    @property
    def may_show_password(self) -> bool:
        """Whether nobody else can overhear its login."""
        return self._connection.tls or self.client.local

    @property
    def may_speak_for_others(self) -> bool:
        """Whether it may use XCLIENT and XFORWARD."""
        return within(self._front.address, self._config.xclient_networks)

    @property
    def failed_too_often(self) -> bool:
        """Whether so many of its logins failed that its session ends."""
        return self._guesses.exhausted

    async def log_in(self, arg: bytes, offered: frozenset[str]) -> Reply:
        """Pass a login to the relay, and return its reply; `offered` are keywords of our EHLO."""
        refusal = self._refusal(arg, offered)
        if refusal is not None:
            return refusal
        if not await self._upstream.open():
            return replies.NO_RELAY
        failed_before = self._guesses.failed
        login = await authenticate(
            self._connection, self._upstream, arg, self._config.idle_timeout, self._guesses
        )
        if self._upstream.authenticated:
            self._upstream.account = login.account
        elif self._guesses.failed > failed_before:
            self._tell_failed(login)
        elif login.reply is replies.TOO_MANY_LOGINS:
            tell_refused(str(self.client), "address")
        return replies.NO_RELAY if login.reply.intermediate else login.reply

    def _tell_failed(self, login: Login) -> None:
        self._login_limits.tell_failed(str(self.client), login.account, login.reply)
        if self._guesses.exhausted:
            tell_refused(str(self.client), "session")

    def _refusal(self, arg: bytes, offered: frozenset[str]) -> Reply | None:
        if not self.may_show_password:
            return replies.TLS_NEEDED_FOR_AUTH
        if "AUTH" not in offered:
            return replies.NOT_IMPLEMENTED
        words = arg.split()
        if len(words) not in (1, 2) or b"\r" in arg or b"\0" in arg:
            return replies.AUTH_SYNTAX
        relayed = extensions.mechanisms(self._upstream.capabilities)
        known = {name.upper().encode("ascii") for name in relayed}
        return None if words[0].upper() in known else replies.MECHANISM_UNKNOWN

    def tell_client(self, arg: bytes) -> Reply:
        """Take over what a front server says of its client; success is answered as a greeting."""
        if self._upstream.authenticated:  # as the client of before, not as another
            return replies.ALREADY_AUTHENTICATED
        try:
            self.client = trust.with_xclient(self.client, trust.parse_attributes(arg))
        except trust.BadAttribute:
            return replies.XCLIENT_SYNTAX
        self._guesses = Guesses(self._login_limits, self.client.address)
        return replies.greeting(self._hostname)

    def tell_origin(self, arg: bytes) -> Reply:
        """Take over what a front server says of whose mail it passes on."""
        try:
            self.client = trust.with_xforward(self.client, trust.parse_attributes(arg))
        except trust.BadAttribute:
            return replies.XCLIENT_SYNTAX
        return replies.OK
