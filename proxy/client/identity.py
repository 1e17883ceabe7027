"""Who a client is and what it may do: as it connects, and after TLS, AUTH, XCLIENT, XFORWARD.

Owns: the client as it is known now, and what AUTH, XCLIENT and XFORWARD change in that.
Does not own: the rules for addresses and attributes (`trust`), its logins (`login`), or when a
command may come (`proxy.session.session`).
"""

from typing import NamedTuple, Self

from config.addresses import within
from config.schema import ProxyConfig
from proxy.client import trust
from proxy.client.connection import ClientConnection
from proxy.client.trust import Client
from proxy.policy.accounts import Submitter
from proxy.relay.upstream import Upstream
from proxy.smtp import replies
from proxy.smtp.client_info import ClientInfo
from proxy.smtp.replies import Reply


class Judged(NamedTuple):
    """What the rules of `trust` say of a client."""

    trusted: bool
    trusted_unasked: bool
    may_send: bool
    network: str
    account: str
    submitter: Submitter

    @property
    def may_use_our_login(self) -> bool:
        """Whether its mail may go out under our own login at a relay to which it did not log in itself.

        That is for whoever is trusted; not for whom a mail server only answers for. With several relays,
        a client that logged in to one gets another only where that names its account.
        """
        return self.trusted

    @classmethod
    def by(
        cls, config: ProxyConfig, client: Client, account: str | None, *, authenticated: bool
    ) -> Self:
        """Ask them; `account` is the name of its login here, if it has one."""
        return cls(
            trust.trusted(client, config, authenticated=authenticated),
            trust.trusted(client, config, authenticated=False),
            trust.may_send(client, config, authenticated=authenticated),
            trust.network(client),
            trust.account(client) if account is None else f"account:{account}",
            trust.submitter(client, account, authenticated=authenticated),
        )


class ClientIdentity:
    """Who one client is and what it may do; `client` may be one that a front server speaks for."""

    def __init__(
        self,
        connection: ClientConnection,
        upstream: Upstream,
        client: Client,
        config: ProxyConfig,
        hostname: str,
    ) -> None:
        self.client = client
        self._front = client
        self._connection = connection
        self._upstream = upstream
        self._config = config
        self._hostname = hostname
        self._judged_for: tuple[Client, bool, str | None] | None = None
        self._last_judged: Judged

    @property
    def judged(self) -> Judged:
        """What it may do now: all of the below at one time. Judged anew only as the client changes."""
        upstream = self._upstream
        known = (self.client, upstream.authenticated, upstream.account)
        if known != self._judged_for:
            client, authenticated, account = known
            self._last_judged = Judged.by(
                self._config, client, account, authenticated=authenticated
            )
            self._judged_for = known  # last: where judging fails, nothing is known of this client
        return self._last_judged

    @property
    def account(self) -> str:
        """The name under which a retry of its messages is recognised."""
        return self.judged.account

    @property
    def trusted(self) -> bool:
        """Whether its mail may be tracked and signed (DESIGN §3.4)."""
        return self.judged.trusted

    @property
    def submitter(self) -> Submitter:
        """Who hands its mail in, as `accounts` of a [[sender]] may name it."""
        return self.judged.submitter

    @property
    def trusted_unasked(self) -> bool:
        """Whether it is trusted without logging in here, and so may have a relay session at once.

        Whoever else connects could be anybody, and the relay's sessions are few.
        """
        return self.judged.trusted_unasked

    def info(self, hello: str | None, *, esmtp: bool) -> ClientInfo:
        """Return what a relay may be told of it; `hello` is the name in its last EHLO or HELO.

        Where a front server speaks for it, that name is the front server's.
        """
        client = self.client
        return ClientInfo(
            client.address,
            name=client.name,
            helo=client.helo if client.vouched else hello,
            esmtp=esmtp,
            login=client.login,
            trusted=self.trusted,
        )

    @property
    def may_keep_relay(self) -> bool:
        """Whether its relay session stays open while it says nothing."""
        return self._upstream.authenticated or self.judged.trusted_unasked

    @property
    def network(self) -> str:
        """The network that it is in."""
        return self.judged.network

    @property
    def may_send(self) -> bool:
        """Whether MAIL is accepted from it."""
        return self.judged.may_send

    @property
    def may_show_password(self) -> bool:
        """Whether nobody else can overhear its login."""
        return self.encrypted or self.client.local

    @property
    def encrypted(self) -> bool:
        """Whether it speaks TLS, with us or with the load balancer that told of it."""
        return self._connection.tls or self._front.tls

    @property
    def may_speak_for_others(self) -> bool:
        """Whether it may use XCLIENT and XFORWARD."""
        return within(self._front.address, self._config.xclient_networks)

    def tell_client(self, arg: bytes) -> Reply:
        """Take over what a front server says of its client; success is answered as a greeting."""
        if self._upstream.authenticated:  # as the client of before, not as another
            return replies.ALREADY_AUTHENTICATED
        try:
            self.client = trust.with_xclient(self.client, trust.parse_attributes(arg))
        except trust.BadAttribute:
            return replies.XCLIENT_SYNTAX
        return replies.greeting(self._hostname)

    def tell_origin(self, arg: bytes) -> Reply:
        """Take over what a front server says of whose mail it passes on."""
        try:
            self.client = trust.with_xforward(self.client, trust.parse_attributes(arg))
        except trust.BadAttribute:
            return replies.XCLIENT_SYNTAX
        return replies.OK
