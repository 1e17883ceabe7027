"""The relay for one client's whole session: opened, lost, replaced, let go, closed.

Owns: how a relay session is opened and closed, that a transaction which the relay lost before
DATA is replayed on a fresh session once (DESIGN §3.8), and that no state of one transaction leaks
into the next.
Does not own: talking SMTP to the relay (`session`), what is known of the relay without a session
(`capability_cache`), which clients get one when (`proxy.client.identity`), or what they are told
besides (`proxy.session.session`).

Credentials of clients are not kept. So a session that a client had logged in to cannot be replaced: the
client is told to come back. One that uses our own login (`own_login`) can: we log in again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from config.schema import RelayConfig
from config.telemetry.observe import RELAY_AT_LIMIT, RELAY_BUSY, RELAY_REPLACED, log
from proxy.relay.keep_alive import IdleKeepAlive
from proxy.relay.pacing import TooMuchNow
from proxy.relay.relay import Relay
from proxy.relay.session import DataResult, Fault, Hold, Progress, RelaySession, RelayUnavailable
from proxy.smtp import replies
from proxy.smtp.client_info import ClientInfo, xclient, xforward
from proxy.smtp.replies import Reply

_WORTH_A_SECOND_TRY = frozenset({Fault.CLOSED, Fault.RESET, Fault.CLOSING, Fault.GIVEN_UP})
"""Faults of an old connection. A relay that is slow or talks nonsense would do so again."""

MAX_IDLE_NOOPS = 50
"""Between two messages of a session. Postfix takes a hundred commands that bring nothing."""

KEEP_ALIVE_S = 60.0
"""How long the relay may hear nothing from us during an upload, or while a client that is logged in is idle: RFC 5321 §4.5.3.2.7 has it wait
five minutes, many wait for less, and a login that is lost with the session cannot be repeated."""


class Upstream:
    """The way to the relay for one client. Nothing here raises for what the relay does."""

    def __init__(self, relay: Relay) -> None:
        """`relay` is where the client logs in, and its mail goes unless `ready` is told another."""
        self.on_lost: Callable[[], None] | None = None
        """Called when a session has been lost that cannot be replaced."""
        self.authenticated = False
        self.account: str | None = None
        """The name under which the client logged in, where the AUTH exchange told it."""
        self._home = relay
        self._relay = relay
        self._sessions: dict[Relay, RelaySession] = {}
        self._may_be_left_alone = True
        """As `Relay.may_be_left_alone` says of all that there was a session with."""
        self._wants_our_login = False
        self.client_info: Callable[[], ClientInfo] | None = None
        """Who the client is now, for `[relay] client_info`."""
        self._introduced: dict[Relay, ClientInfo | None] = {}
        self._reached = False
        self._others = False
        """There are other relays: mail for them goes on."""
        self._too_much = False
        self._idle_noops = 0
        self._noops: IdleKeepAlive | None = None
        self._stale: set[Relay] = set()
        """Where a transaction may still be open that is none any more."""
        self._replaced = False

    @property
    def _session(self) -> RelaySession | None:
        return self._sessions.get(self._relay)

    @property
    def at_home(self) -> bool:
        """The relay in use is the one to which the client logs in."""
        return self._relay is self._home

    @property
    def relay_name(self) -> str | None:
        """The name of the relay in use, where the configuration gives it one."""
        return self._relay.config.name

    @property
    def capabilities(self) -> Mapping[str, str]:
        """What the relay offers now; nothing while there is no session."""
        session = self._sessions.get(self._relay)
        return {} if session is None else session.capabilities

    @property
    def address(self) -> str | None:
        """The address of the relay in use; None while there is no session."""
        session = self._sessions.get(self._relay)
        return None if session is None else session.address_text

    @property
    def usable(self) -> bool:
        """A session is open, as far as can be known without asking."""
        session = self._sessions.get(self._relay)
        return session is not None and session.fault is None

    @property
    def no_relay(self) -> Reply:
        """The reply where no session can be opened; at the first need of the only relay, goodbye."""
        if self._too_much:
            return replies.RELAY_BUSY
        stays = self._reached or self._others
        return replies.NO_RELAY if stays else replies.NO_RELAY_AT_HELLO

    @property
    def lost_for_good(self) -> bool:
        """The session that the client logged in to is lost: the client must start over."""
        if not self.authenticated:
            return False
        session = self._sessions.get(self._home)
        return session is None or session.fault is not None

    async def open(self) -> bool:
        """Make sure that there is a session; False: the relay cannot be reached."""
        if self.usable and self._introduced_as_it_is:
            return True
        if self.authenticated and self.at_home:
            return False
        self._leave_if_there(self._relay)
        relay = self._relay
        try:
            session = await relay.open()
        except (RelayUnavailable, TooMuchNow) as error:
            self._too_much = isinstance(error, TooMuchNow)
            if self._too_much:
                _tell_busy(relay.config, "connections")
            return False
        self._sessions[relay] = session
        self._may_be_left_alone &= relay.may_be_left_alone
        self._reached = True
        session.when_lost(self._note_loss)
        await self._introduce(session)
        return self.usable

    async def offers(self, *, connect: bool) -> Mapping[str, str] | None:
        """Return what the relay offers, or None where it cannot be reached.

        With `connect`, or once there is a session, by asking in the client's own session; else what
        the relay was last seen to offer.
        """
        self.go_home()
        if (connect and not self._relay.slots.full) or self.usable:
            return self.capabilities if await self.open() else None
        return await self._relay.capability_cache.get()

    @property
    def _introduced_as_it_is(self) -> bool:
        """Whether the relay knows the client as it is now, or is not told, or cannot be told anew."""
        if self._relay.hears_mail_alone:
            return True
        if self._relay.config.client_info != "xclient" or self.client_info is None:
            return True
        known = self._introduced.get(self._relay) == self.client_info()
        return known or (self.authenticated and self.at_home)

    async def _introduce(self, session: RelaySession) -> None:
        """Tell the relay who the client is, where it is to judge by that; it then greets anew."""
        if self._relay.config.client_info != "xclient" or self.client_info is None:
            return
        info = self._introduced[self._relay] = self.client_info()
        line = xclient(info, session.capabilities.get("XCLIENT", ""))
        if not line:
            self._relay.tell_client_info_refused("XCLIENT is not offered")
            return
        (reply,) = await session.exchange((line,))
        if reply.positive:
            await session.hello_again(anew=True)
        elif session.fault is None:
            self._relay.tell_client_info_refused(str(reply))

    def _origin(self, session: RelaySession, lines: Sequence[bytes]) -> tuple[bytes, ...]:
        """Return what is to be said before a MAIL for the relay's log: Postfix forgets it after each."""
        if self._relay.config.client_info != "xforward" or self.client_info is None:
            return ()
        if not _begins_transaction(lines):
            return ()
        line = xforward(self.client_info(), session.capabilities.get("XFORWARD", ""))
        if not line:
            self._relay.tell_client_info_refused("XFORWARD is not offered")
        return (line,) if line else ()

    def lacks_any(self, keywords: Collection[str]) -> bool:
        """Return whether the open session was not offered all of these; False without one."""
        session = self._session
        return session is not None and not session.keywords.issuperset(keywords)

    async def ready(self, *, own_login: bool, relay: Relay | None = None) -> Reply | None:
        """Make sure of a session for a transaction; return the reply to MAIL where there is none.

        `relay` is the one of several that gets it, by default that of the client's login. With
        `own_login`, the relay sees it under our own login, if we have one and the client has not logged
        in there itself; without, never.
        """
        self._relay, self._others = relay or self._home, relay is not None
        self._wants_our_login = own_login and not (self.authenticated and self.at_home)
        if not self._wants_our_login:
            self.give_up_our_login()
        session = self._sessions.get(self._relay)
        usable = session is not None and session.fault is None
        if not (usable and self._introduced_as_it_is) and not await self.open():
            return self.no_relay
        return None if self._relay.own_login is None else await self._logged_in()

    def go_home(self) -> None:
        """Use the relay to which the client logs in."""
        self._relay = self._home

    def give_up_our_login(self) -> None:
        """End a relay session that has our login: its client is another now, or is to log in."""
        self._wants_our_login = False
        for relay, session in list(self._sessions.items()):
            if session.ours:
                self._leave(relay)

    def begin(self) -> None:
        """Start a transaction: it may be replayed on a fresh session once."""
        self._replaced = False
        self._idle_noops = 0

    def forget_transaction(self) -> None:
        """Have RSET sent before the next command: the relay may still hold a transaction."""
        self._stale.add(self._relay)

    async def exchange(
        self, lines: Sequence[bytes], transaction: Sequence[bytes] = ()
    ) -> list[Reply]:
        """Send command `lines` as one group; return the relay's reply to each.

        `transaction` are the lines that the relay has accepted before in the same transaction.
        """
        if self._relay.pace.limited and _begins_transaction(lines):
            try:
                await self._relay.pace.turn()
            except TooMuchNow:
                _tell_busy(self._relay.config, "rate")
                return [replies.RELAY_BUSY] * len(lines)
        session = self._sessions.get(self._relay)
        if session is not None and session.fault is None:
            answers = await self._try(session, lines)
            if answers[0] is not replies.NO_RELAY or not self._may_try_again():
                return answers
        failure = await self._replace(transaction)
        session = self._session
        if failure is not None or session is None:
            return [failure or replies.NO_RELAY] * len(lines)
        return await self._try(session, lines)

    async def ask(self, line: bytes) -> Reply:
        """Send RSET or NOOP; return the reply. A lost relay that can be replaced is a 250."""
        session = self._session
        if session is not None and session.fault is None:
            (answer,) = await self._try(session, (line,))
            if answer is not replies.NO_RELAY:
                return answer
        return replies.NO_RELAY_AT_HELLO if self.lost_for_good else replies.OK

    async def keep_alive(self) -> None:
        """Send NOOP where the relay has heard nothing for KEEP_ALIVE_S; called during an upload."""
        for session in list(self._sessions.values()):
            if session.fault is None and session.silent_s > KEEP_ALIVE_S:
                await session.exchange((b"NOOP",))

    def idle(self, *, in_transaction: bool) -> AbstractAsyncContextManager[None] | None:
        """Return a block in which to wait for the client; None where nothing is to be done meanwhile.

        Sessions that are logged in hear NOOP now and then, at most MAX_IDLE_NOOPS times between two
        messages. Those that can be replaced end if the relay has no more sessions for others.
        """
        if self._may_be_left_alone and not self.authenticated:
            return None
        relays = () if in_transaction else self._sessions
        mine = [each for each in relays if each.slots.limited and self._replaceable(each)]
        return self._idling(mine) if mine or self._has_login else None

    @asynccontextmanager
    async def _idling(self, mine: Sequence[Relay]) -> AsyncIterator[None]:
        for relay in mine:
            relay.slots.idle(self, partial(self._leave_if_there, relay))
        noops = self._noops
        if self._has_login:
            noops = self._noops = noops or IdleKeepAlive(self._keep_alive_idle, KEEP_ALIVE_S)
            noops.begin()
        try:
            yield
        finally:
            for relay in mine:
                relay.slots.busy(self)
            if noops is not None:
                await noops.end()

    @property
    def _has_login(self) -> bool:
        if not self.authenticated:
            for session in self._sessions.values():  # one, mostly: dearer by any()
                if session.ours:
                    return True
        return self.authenticated

    def _replaceable(self, relay: Relay) -> bool:
        return not (self.authenticated and relay is self._home)

    def _leave_if_there(self, relay: Relay) -> None:
        if relay in self._sessions:
            self._leave(relay)

    async def _keep_alive_idle(self) -> None:
        """Send NOOP as in an upload, unless that was done often enough."""
        if self._idle_noops < MAX_IDLE_NOOPS:
            self._idle_noops += 1
            await self.keep_alive()

    async def auth_line(self, line: bytes) -> Reply:
        """Pass on one line of an AUTH exchange; 235 makes this session irreplaceable."""
        if self._session is None or not self.at_home:
            return replies.NO_RELAY
        reply = await self._session.auth_line(line)
        self.authenticated |= reply.code == replies.AUTHENTICATED_CODE
        return reply

    async def data(
        self, content: bytes, transaction: Sequence[bytes], before_dot: Hold | None = None
    ) -> DataResult:
        """Send `content` as the message of `transaction`, on a fresh session where needed.

        The final dot waits for `before_dot`, if that is given.
        """
        session = self._sessions.get(self._relay)
        if session is None:
            return _unsent(replies.NO_RELAY)
        if session.fault is None:
            result = await session.data(content, before_dot)
            answered = result.reply is not replies.NO_RELAY
            if answered or result.progress is not Progress.NOTHING or not self._may_try_again():
                return result
        failure = await self._replace(transaction)
        session = self._session
        if failure is not None or session is None:
            return _unsent(failure or replies.NO_RELAY)
        return await session.data(content, before_dot)

    async def quit(self) -> None:
        """End the relay session with QUIT."""
        for session in self._sessions.values():
            if session.fault is None:
                await session.quit()
        self.drop()

    def let_go(self) -> None:
        """End the relay session with QUIT, at once; the next command opens another."""
        for relay in list(self._sessions):
            self._leave(relay)

    async def renew(self) -> bool:
        """Have the next command open a fresh session; False: the client has logged in to this."""
        if self.authenticated and self.at_home:
            return False
        if self._session is not None and self.usable:
            await self._session.quit()
        self._drop()
        return True

    def drop(self) -> None:
        """Drop the relay session at once, and any message that the relay has not accepted."""
        for session in self._sessions.values():
            session.abort()
        self._sessions.clear()
        self._stale.clear()
        if self._noops is not None:  # its timer would keep both
            self._noops.close()
            self._noops = None

    def _try(self, session: RelaySession, lines: Sequence[bytes]) -> Awaitable[list[Reply]]:
        """Exchange `lines` with the relay; a transaction that may still be open there is ended before."""
        if self._relay in self._stale:
            return self._try_anew(session, lines)
        if self._relay.hears_mail_alone:
            return session.exchange(lines)
        return self._say(session, lines)

    async def _try_anew(self, session: RelaySession, lines: Sequence[bytes]) -> list[Reply]:
        answers = await self._say(session, lines, before=(b"RSET",))
        self._stale.discard(self._relay)
        if not answers.pop(0).positive:
            session.abort()
            return [replies.NO_RELAY] * len(lines)
        return answers

    def _say(
        self, session: RelaySession, lines: Sequence[bytes], before: tuple[bytes, ...] = ()
    ) -> Awaitable[list[Reply]]:
        """Send `before` and `lines` as one group, and between them whose mail it is.

        Return the replies, but for that.
        """
        origin = self._origin(session, lines)
        if origin:
            return self._say_with_origin(session, lines, before, origin)
        return session.exchange((*before, *lines) if before else lines)

    async def _say_with_origin(
        self,
        session: RelaySession,
        lines: Sequence[bytes],
        before: tuple[bytes, ...],
        origin: tuple[bytes, ...],
    ) -> list[Reply]:
        answers = await session.exchange((*before, *origin, *lines))
        for _ in origin:
            reply = answers.pop(len(before))
            if reply.permanent:
                self._relay.tell_client_info_refused(str(reply))
        return answers

    def _may_try_again(self) -> bool:
        fault = self._session.fault if self._session is not None else None
        return not self._replaced and fault in _WORTH_A_SECOND_TRY

    async def _replace(self, transaction: Sequence[bytes]) -> Reply | None:
        """Replay `transaction` on a fresh session; return the reply to the client if that fails."""
        if self._replaced or not await self.open() or self._session is None:
            return replies.NO_RELAY
        refusal = await self._logged_in()
        if refusal is not None:
            return refusal
        self._replaced = True
        log(RELAY_REPLACED, address=str(self._session.address), commands=len(transaction))
        if transaction:
            answers = await self._say(self._session, transaction)
            if not all(answer.positive for answer in answers):
                self._drop()
                return replies.RELAY_CHANGED
        return None

    async def _logged_in(self) -> Reply | None:
        """Log in with our own login where that is wanted; return the reply if that fails."""
        session, own_login = self._session, self._relay.own_login
        if session is None or own_login is None or not self._wants_our_login or session.ours:
            return None
        return await own_login.log_in(session)

    def _note_loss(self) -> None:
        if self.lost_for_good and self.on_lost is not None:
            self.on_lost()

    def _drop(self) -> None:
        """Drop the session with the relay in use."""
        session = self._sessions.pop(self._relay, None)
        if session is not None:
            session.abort()
        self._stale.discard(self._relay)

    def _leave(self, relay: Relay) -> None:
        session = self._sessions.pop(relay)
        if session.fault is None:
            session.leave()
        self._stale.discard(relay)


def _begins_transaction(lines: Sequence[bytes]) -> bool:
    return lines[0][:4].upper() == b"MAIL"


def _tell_busy(config: RelayConfig, limit: str) -> None:
    """Log and count a client that has waited in vain for a session or a turn."""
    RELAY_BUSY.labels(limit).inc()
    log(RELAY_AT_LIMIT, relay=config.name or config.host, limit=limit)


def _unsent(reply: Reply) -> DataResult:
    return DataResult(reply, Progress.NOTHING, lost=True)
