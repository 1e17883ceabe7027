"""One client of aiosmtpd, and its session with the relay.

Owns: which of its commands reach the relay when, what EHLO offers, and that a message whose end
aiosmtpd has seen is handed on though its client goes away.
Does not own: reading commands and messages, TLS and AUTH (aiosmtpd), who the client is (`peers`), MAIL
and RCPT (`proxy.session.transactions`), from the message to the relay's verdict
(`proxy.delivery.delivery`), nor the hooks of aiosmtpd (`handler`).
"""

import asyncio
from collections.abc import Mapping

from config.telemetry.observe import DELIVERED_UNACKED, MESSAGES_UNACKED, SESSIONS, log
from proxy.client.trust import Client
from proxy.delivery.delivery import Delivery, Verdict
from proxy.plugin.peers import Peer
from proxy.relay.relay import Relay
from proxy.relay.upstream import Upstream
from proxy.session.services import Services
from proxy.session.transactions import Transactions
from proxy.session.upload import REFUSALS
from proxy.smtp import extensions, replies
from proxy.smtp.data import DataReader, Received, stuffed
from proxy.smtp.envelope import Transaction
from proxy.smtp.replies import Reply

OFFERED_BY_AIOSMTPD = frozenset({"SIZE", "8BITMIME", "SMTPUTF8"})
"""What aiosmtpd offers that needs the relay; all else that it offers is its own affair."""


class Conversation:
    """What one client says. `local` is our address to which it connected, None for a Unix socket."""

    def __init__(self, services: Services, client: Client, local: tuple[str, int] | None) -> None:
        self._services = services
        self._client = str(client)
        self._home = services.relays.of_listener(local) if local else services.relays.all[0]
        self._upstream = Upstream(self._home)
        self._transactions = Transactions(self._upstream, services.proxy)
        self._delivery = Delivery(
            services.dispatcher,
            services.awaited_spool,
            services.delivered_db,
            services.hostname,
            self._upstream,
            services.config.privacy,
        )
        self._delivering: asyncio.Task[Verdict] | None = None
        self._said: Verdict | None = None
        """A verdict of which nobody knows yet whether the client has heard it."""
        self._cut_off = False
        """The client went away before there was a verdict."""
        SESSIONS.inc()

    async def hello(self, peer: Peer, responses: list[str]) -> list[str] | None:
        """Return aiosmtpd's lines for EHLO, less what the relay does not offer; None: no relay."""
        capabilities = await self._begin(peer)
        if capabilities is None:
            return None
        most_octets = self._services.proxy.max_size
        offered = [_limited(line, capabilities, most_octets) for line in responses]
        kept = [line for line in offered if line is not None]
        keywords = {_keyword(line) for line in kept[1:]}
        self._transactions.offered = frozenset(keywords & OFFERED_BY_AIOSMTPD)
        return kept

    async def hello_without_extensions(self, peer: Peer) -> bool:
        """Begin anew, as HELO does; False: the relay cannot be reached."""
        self._transactions.offered = frozenset()
        return await self._begin(peer) is not None

    async def _begin(self, peer: Peer) -> Mapping[str, str] | None:
        await self.heard()
        self._transactions.end()
        relays = self._services.relays
        capabilities = await self._upstream.offers(connect=peer.may_send(self._services.proxy))
        return await relays.common(self._home, capabilities) if relays.several else capabilities

    async def pass_on(self, peer: Peer, verb: bytes, arg: bytes) -> Reply:
        """Send MAIL or RCPT to the relay; return its reply."""
        await self.heard()
        if verb == b"MAIL":  # aiosmtpd forgets a message that it refuses itself, and tells nobody
            self._transactions.end()
        if verb == b"MAIL" and not peer.may_send(self._services.proxy):
            reply = replies.AUTH_REQUIRED
        else:
            trusted = peer.trusted(self._services.proxy)
            (reply,) = await self._transactions.pass_on(
                [(verb, arg)],
                may_grow=trusted,
                own_login=trusted,
                relay_for=self._relay_for(peer) if self._services.relays.several else None,
            )
        if not reply.positive:
            how = self._services.config.privacy.log_recipients
            self._services.refusals.tell(peer.client, verb, arg, reply, how)
        return reply

    def _relay_for(self, peer: Peer) -> "_RelayFor":
        return _RelayFor(self._services, peer, self._home)

    async def reset(self) -> Reply:
        """End the transaction, here and at the relay."""
        await self.heard()
        self._transactions.clear()
        return await self._upstream.ask(b"RSET")

    async def data(self, peer: Peer, content: bytes) -> Reply:
        """Bring a message (CRLF lines, without transparency dots) to the relay; return its reply.

        Cancelled, as when the client goes away, it is brought there all the same.
        """
        transaction = self._transactions.transaction
        if transaction is None or not transaction.rcpts:
            return replies.MAIL_FIRST if transaction is None else replies.NO_VALID_RECIPIENTS
        received = await self._looked_through(content)
        del content
        if received.refusal is not None:
            reply = REFUSALS[received.refusal]
            self._services.refusals.count(b"DATA", reply)
            self._transactions.end()
            return reply
        self._transactions.clear()
        delivering = self._deliver(received, transaction, peer)
        self._delivering = asyncio.get_running_loop().create_task(delivering)
        try:
            verdict = await asyncio.shield(self._delivering)
        except asyncio.CancelledError:
            self._cut_off = True
            raise
        if not verdict.reply.positive:
            self._services.refusals.count(b"DATA", verdict.reply)
        return verdict.reply

    async def _looked_through(self, content: bytes) -> Received:
        """Return a message as an upload would have brought it: limited, and nothing smuggled in it."""
        proxy = self._services.proxy
        most_octets = extensions.size_limit(self._upstream.capabilities, proxy.max_size)
        reader = DataReader(most_octets, normalise=proxy.bare_newlines == "normalise")
        for chunk, _last in stuffed(content):
            reader.feed(chunk)
            await asyncio.sleep(0)
        received, _nothing = reader.finish()
        return received

    async def _deliver(self, received: Received, transaction: Transaction, peer: Peer) -> Verdict:
        verdict = await self._delivery.deliver(
            received.take(),
            transaction,
            trusted=peer.trusted(self._services.proxy),
            account=peer.account,
            submitter=peer.submitter,
        )
        if not verdict.delivered:
            self._upstream.forget_transaction()
        self._said = verdict
        return verdict

    async def heard(self) -> None:
        """Note that the client goes on, and so has heard what it was told of its message."""
        if self._said is not None:
            verdict, self._said = self._said, None
            await self._delivery.settle(verdict, told=True)

    def end(self) -> asyncio.Task[None] | None:
        """End the relay session; return the task that does so once a message is through."""
        SESSIONS.dec()
        if self._delivering is None or (self._delivering.done() and self._said is None):
            self._upstream.let_go()
            return None
        return asyncio.get_running_loop().create_task(self._leave(self._delivering))

    async def _leave(self, delivering: asyncio.Task[Verdict]) -> None:
        """End what a client has left behind that went away, perhaps without its verdict."""
        verdict = await delivering
        if verdict.delivered and self._cut_off:
            MESSAGES_UNACKED.inc()
            log(DELIVERED_UNACKED, client=self._client, reply=str(verdict.reply))
        await self._delivery.settle(verdict, told=False)
        self._upstream.let_go()


class _RelayFor:
    """Tells which of several relays gets a message of one client, by its envelope sender."""

    def __init__(self, services: Services, peer: Peer, home: Relay) -> None:
        self._services = services
        self._peer = peer
        self._home = home

    def __call__(self, path: bytes) -> Relay:
        # Nobody has logged in at a relay: the login is aiosmtpd's, and the relay gets our own.
        relays, submitter = self._services.relays, self._peer.submitter
        return relays.for_mail(path, submitter, self._home, authenticated=False)


def _keyword(line: str) -> str:
    return line[4:].partition(" ")[0].upper()


def _limited(line: str, capabilities: Mapping[str, str], most_octets: int) -> str | None:
    """Return a line of aiosmtpd's reply to EHLO as far as the relay goes along; None: not at all."""
    keyword = _keyword(line)
    if keyword not in OFFERED_BY_AIOSMTPD:
        return line
    if keyword == "SIZE":
        ours_octets = int(line.rpartition(" ")[2])
        return (
            f"{line[:4]}SIZE {min(ours_octets, extensions.offered_size(capabilities, most_octets))}"
        )
    return line if keyword in capabilities else None
