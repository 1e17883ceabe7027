"""One client's SMTP session (RFC 5321), mapped on one relay session (DESIGN §3).

Owns: the order of commands, what state each leaves, and that the session ends. Every verb is a
method that returns its reply as a value; a 421, ours or the relay's, ends the session.
Does not own: the octets on the wire (`proxy.client.connection`), the grammar of arguments
(`proxy.smtp.envelope`), who may do what (`proxy.client.identity`), AUTH (`proxy.client.login`),
MAIL and RCPT (`transactions`), taking in a message (`upload`) and handing it on
(`proxy.delivery.delivery`), what a stop allows (`shutdown`), nor the relay
(`proxy.relay.upstream`).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from functools import partial
from types import MappingProxyType

from config.telemetry.observe import (
    DELIVERED_UNACKED,
    MESSAGES_UNACKED,
    RELAY_DIFFERS,
    SESSION_DROPPED,
    SESSION_FAILED,
    SESSION_UNUSED,
    TLS_FAILED,
    about,
    log,
)
from proxy.client.connection import ClientConnection, ClientGone, LineTooLong
from proxy.client.identity import ClientIdentity
from proxy.client.limits import MAX_AUTH_LINE_OCTETS, MAX_COMMAND_OCTETS
from proxy.client.login import ClientLogin
from proxy.client.trust import Client
from proxy.delivery.delivery import Delivery, Verdict
from proxy.relay.relay import Relay
from proxy.relay.upstream import Upstream
from proxy.scheduling.loop_budget import COMMAND_WORTH_OCTETS, HELLO_WORTH_OCTETS
from proxy.session.limits import (
    MAX_COMMANDS_WITHOUT_MAIL,
    MAX_ERRORS,
    MAX_PIPELINED_COMMANDS,
    RELAY_IDLE_S,
    SILENCE_S,
)
from proxy.session.memory_budget import Lease
from proxy.session.services import Services
from proxy.session.shutdown import Shutdown
from proxy.session.transactions import Command, Transactions
from proxy.session.upload import REFUSALS, UploadAborted, receive
from proxy.smtp import extensions, replies
from proxy.smtp.client_info import ClientInfo
from proxy.smtp.envelope import Transaction
from proxy.smtp.replies import Reply


class Session:
    """From greeting to goodbye. `run` is the whole life of it."""

    def __init__(self, connection: ClientConnection, services: Services, client: Client) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._now_s = self._loop.time
        self._services = services
        self._proxy = services.proxy
        self._home = services.relays.of_listener(connection.local)
        self._upstream = Upstream(self._home)
        self._identity = ClientIdentity(
            connection, self._upstream, client, services.proxy, services.hostname
        )
        self._login = ClientLogin(
            connection,
            self._upstream,
            self._identity,
            services.login_limits,
            services.login_slots,
        )
        self._delivery = Delivery(
            services.dispatcher,
            services.awaited_spool,
            services.delivered_db,
            services.hostname,
            self._upstream,
            services.config.privacy,
        )
        self._upstream.client_info = self._client_info
        self._hello: tuple[str, bool] | None = None
        """The name in the client's last EHLO or HELO, and whether it was EHLO."""
        self._greeted = False
        self._transactions = Transactions(self._upstream, services.proxy)
        self._errors = 0
        self._idle_commands = 0
        self._ended = False
        self._waiting = False
        """For the client's next command."""
        self._heard = False
        """The client has said something."""
        self._shutdown = Shutdown()
        self._may_end = False
        """A stop or a login has begun: without, nothing ends the session but what its client says."""
        self._context = copy_context()
        """What lines of the log say of this session, for calls that come from elsewhere."""

    @property
    def may_be_cut_off(self) -> bool:
        """No client could take the end of the session for the verdict on a message."""
        return self._shutdown.may_be_cut_off(self._now_s())

    async def run(self) -> None:
        """Serve the client until it leaves, is cut off, or is told 421.

        Raises CancelledError alone; the caller cancels only a session that `may_be_cut_off`.
        """
        self._upstream.on_lost = self._leave_once_silent
        try:
            await self._converse()
            self._connection.close()
            await self._upstream.quit()
        except asyncio.CancelledError:
            self._drop("stopped", replies.SHUTTING_DOWN)
            raise
        except Exception as error:  # noqa: BLE001 - one session's fault must not be another's
            log(SESSION_FAILED, client=str(self._identity.client), exc_info=error)
            self._drop("failed", replies.OUR_FAULT_CLOSING)
        finally:
            # These break cycles: freed now, not by the collector.
            self._upstream.on_lost = self._upstream.client_info = None
            self._connection.close()

    async def _converse(self) -> None:
        try:
            self._say(replies.greeting(self._services.hostname))
            while not self._ended:
                await self._serve_command()
            await self._connection.drain()
        except ClientGone:
            if not self._ended:  # else it had QUIT or a 421
                self._drop("gone")
        except TimeoutError:
            self._drop("silent", replies.TIMED_OUT)
        except UploadAborted as error:
            self._drop(error.why, error.reply)

    def stop(self) -> None:
        """End the session (RFC 5321 §3.8): now if it is idle, else after its client's message."""
        self._may_end = True
        self._shutdown.stop(in_transaction=self._in_transaction)
        self._leave_once_silent()

    @property
    def _in_transaction(self) -> bool:
        return self._transactions.transaction is not None

    def _leave_once_silent(self) -> None:
        """Send the farewell where there is one, unless the client speaks first."""
        if not self._ended:
            wait_s = self._shutdown.silence_left_s(self._now_s())
            self._loop.call_later(wait_s, self._leave_if_silent, context=self._context)

    def _leave_if_silent(self) -> None:
        heard = self._connection.next_line(MAX_AUTH_LINE_OCTETS) is not None
        silent = self._waiting and not heard and not self._shutdown.silence_left_s(self._now_s())
        farewell = self._farewell()
        if farewell is not None and silent and not self._ended:
            self._leave(farewell)

    def _farewell(self) -> Reply | None:
        farewell, relay_lost = None, self._upstream.lost_for_good
        if relay_lost or self._shutdown.stopping:
            farewell = self._shutdown.farewell(
                in_transaction=self._in_transaction, relay_lost=relay_lost
            )
        if farewell is None and self._login.failed_too_often:
            return replies.TOO_MANY_LOGINS
        return farewell

    def _leave(self, farewell: Reply) -> None:
        self._drop(_WHY_LEFT[farewell], farewell)
        self._connection.close()

    # Commands.

    async def _next_command(self) -> bytes:
        """Return the next command line; raises ClientGone, LineTooLong, or TimeoutError."""
        self._waiting = True
        leaves = self._may_end and self._farewell() is not None
        patience_s = SILENCE_S if leaves else self._proxy.idle_timeout
        in_transaction = self._transactions.transaction is not None
        letting_go = None if in_transaction else self._relay_let_go_when_idle()
        idling = self._upstream.idle(in_transaction=in_transaction)
        try:
            if idling is None:
                line = await self._connection.line(MAX_AUTH_LINE_OCTETS, patience_s)
            else:
                async with idling:
                    line = await self._connection.line(MAX_AUTH_LINE_OCTETS, patience_s)
        finally:
            self._waiting = False
            if letting_go is not None:
                letting_go.cancel()
        self._heard = True
        return line

    def _relay_let_go_when_idle(self) -> asyncio.TimerHandle | None:
        """Have a relay session end that nobody logged in to, where no message is on its way to it."""
        if self._identity.may_keep_relay or not self._upstream.usable:
            return None
        return self._loop.call_later(RELAY_IDLE_S, self._upstream.let_go)

    async def _serve_command(self) -> None:
        try:
            line = await self._next_command()
        except LineTooLong:
            self._answer(replies.LINE_TOO_LONG, b"")
            return
        except TimeoutError:
            farewell = self._farewell()
            if farewell is None:
                self._end("silent", replies.TIMED_OUT)
            else:
                self._leave(farewell)
            return
        verb, arg = _split(line)
        loop_budget = self._services.loop_budget
        worth_octets = HELLO_WORTH_OCTETS if verb in _HELLOS else COMMAND_WORTH_OCTETS
        if not loop_budget.taken(worth_octets):
            await loop_budget.take(worth_octets)
        refusal = self._refusal(verb, line)
        if refusal is not None:
            self._answer(refusal, verb, arg)
        elif verb in (b"MAIL", b"RCPT"):
            await self._envelope(verb, arg)
        else:
            reply = await _VERBS.get(verb, Session.on_unknown)(self, arg)
            if reply is not None:
                self._answer(reply, verb, arg)
        if self._connection.choked:
            await self._connection.drain()

    def _refusal(self, verb: bytes, line: bytes) -> Reply | None:
        """Return the reply to a command that is refused whatever its argument, else None."""
        farewell = self._refused_with_all(verb) if self._may_end else None
        if farewell is not None:
            return farewell
        if len(line) >= MAX_COMMAND_OCTETS and verb != b"AUTH":
            return replies.LINE_TOO_LONG
        # A browser may have been made to post here: header fields come before its body.
        return replies.FIELD_FOR_COMMAND if verb.endswith(b":") else None

    def _refused_with_all(self, verb: bytes) -> Reply | None:
        """Return the 421 for a command of a session that ends."""
        stopping = self._shutdown.stopping
        if stopping and not self._shutdown.serves(verb, in_transaction=self._in_transaction):
            return replies.SHUTTING_DOWN
        if self._upstream.lost_for_good and verb != b"QUIT":
            return replies.NO_RELAY_AT_HELLO
        if self._login.failed_too_often and verb != b"QUIT":
            return replies.TOO_MANY_LOGINS
        return None

    async def on_unknown(self, _arg: bytes) -> Reply:
        """Refuse a command that we do not know."""
        return replies.UNKNOWN_COMMAND

    async def on_not_implemented(self, _arg: bytes) -> Reply:
        """Refuse a command that we know and do not offer."""
        return replies.NOT_IMPLEMENTED

    async def on_help(self, _arg: bytes) -> Reply:
        """Point to the standard."""
        return replies.HELP

    async def on_vrfy(self, arg: bytes) -> Reply:
        """Neither confirm nor deny that an address exists (RFC 5321 §3.5.3)."""
        return replies.CANNOT_VERIFY if arg else replies.ADDRESS_WANTED

    async def on_noop(self, _arg: bytes) -> Reply:
        """Pass NOOP on, so that the relay's session stays alive too."""
        return await self._upstream.ask(b"NOOP")

    async def on_quit(self, arg: bytes) -> Reply:
        """End the session."""
        if arg:
            return replies.NO_ARGUMENT_WANTED
        self._ended = True
        return replies.GOODBYE

    async def on_rset(self, arg: bytes) -> Reply:
        """End the transaction, here and at the relay."""
        if arg:
            return replies.NO_ARGUMENT_WANTED
        self._transactions.clear()
        return await self._upstream.ask(b"RSET")

    async def on_helo(self, arg: bytes) -> Reply:
        """Make sure that there is a relay, and greet a client that knows no extensions."""
        if not arg:
            return replies.HELLO_SYNTAX
        self._hello = (arg.decode("utf-8", "replace"), False)
        capabilities = await self._begin()
        if capabilities is None:
            return replies.NO_RELAY_AT_HELLO
        self._offer_logins(capabilities)
        return replies.hello(self._services.hostname)

    async def on_ehlo(self, arg: bytes) -> Reply:
        """Make sure that there is a relay, and offer what the relay offers and we allow."""
        if not arg:
            return replies.HELLO_SYNTAX
        self._hello = (arg.decode("utf-8", "replace"), True)
        capabilities = await self._begin()
        if capabilities is None:
            return replies.NO_RELAY_AT_HELLO
        lines = extensions.offers(
            capabilities,
            max_size_octets=self._proxy.max_size,
            starttls=self._services.tls_context is not None and not self._identity.encrypted,
            auth=self._identity.may_show_password,
            xclient=self._identity.may_speak_for_others,
        )
        self._transactions.offered = extensions.keywords(lines)
        self._offer_logins(capabilities)
        return replies.hello(self._services.hostname, lines)

    def _offer_logins(self, capabilities: Mapping[str, str]) -> None:
        """Take logins with what the relay offers; after HELO too, as Postfix does."""
        safe = self._identity.may_show_password
        self._login.mechanisms = extensions.mechanisms(capabilities) if safe else ()

    def _client_info(self) -> ClientInfo:
        name, esmtp = self._hello or (None, True)
        return self._identity.info(name, esmtp=esmtp)

    async def _begin(self) -> Mapping[str, str] | None:
        """End the transaction, as EHLO and HELO do (RFC 5321 §4.1.4).

        Return what the relay offers, by a session opened for this client if that is trusted
        unasked, else as far as is known; None: the relay cannot be reached, nor any other that may
        get its mail.
        """
        self._forget_hello()
        self._transactions.end()
        capabilities = await self._upstream.offers(connect=self._identity.trusted_unasked)
        relays = self._services.relays
        # Who has to log in needs the relay where that is done, whichever gets the mail.
        if relays.several and (capabilities is not None or self._identity.may_send):
            capabilities = await relays.common(self._home, capabilities)
        self._greeted = capabilities is not None
        return capabilities

    # STARTTLS, AUTH, XCLIENT and XFORWARD.

    async def on_starttls(self, arg: bytes) -> Reply | None:
        """Encrypt from here on (RFC 3207); the client has to send EHLO again."""
        context = self._services.tls_context
        if arg:
            return replies.NO_ARGUMENT_WANTED
        if context is None:
            return replies.NOT_IMPLEMENTED
        if self._identity.encrypted:
            return replies.ALREADY_TLS
        if self._in_transaction or self._upstream.authenticated:
            return replies.NOT_IN_TRANSACTION
        self._upstream.give_up_our_login()
        self._say(replies.READY_FOR_TLS)
        try:
            await self._connection.start_tls(context)
        except OSError as error:
            log(TLS_FAILED, client=str(self._identity.client), cause=str(error))
            raise ClientGone from None
        self._forget_hello()
        return None

    async def on_auth(self, arg: bytes) -> Reply:
        """Pass the client's login to the relay (RFC 4954)."""
        if not self._greeted:
            return replies.HELLO_FIRST
        if self._upstream.authenticated:
            return replies.ALREADY_AUTHENTICATED
        if self._in_transaction:
            return replies.NOT_IN_TRANSACTION
        self._may_end = True
        return await self._login.log_in(arg, self._proxy.idle_timeout)

    async def on_xclient(self, arg: bytes) -> Reply:
        """Learn from a front server who its client is; the session starts over for that client."""
        refusal = self._front_refusal()
        if refusal is not None:
            return refusal
        reply = self._identity.tell_client(arg)
        if reply.positive:
            about(client=str(self._identity.client))
            self._forget_hello()
            self._login.begin_anew()
            self._upstream.give_up_our_login()
            if not self._identity.trusted_unasked:
                self._upstream.let_go()
        return reply

    async def on_xforward(self, arg: bytes) -> Reply:
        """Learn from a front server whose mail it passes on."""
        refusal = self._front_refusal()
        if refusal is not None:
            return refusal
        self._upstream.give_up_our_login()
        reply = self._identity.tell_origin(arg)
        about(client=str(self._identity.client))
        return reply

    def _front_refusal(self) -> Reply | None:
        if not self._identity.may_speak_for_others:
            return replies.XCLIENT_FORBIDDEN
        return replies.NOT_IN_TRANSACTION if self._in_transaction else None

    def _forget_hello(self) -> None:
        self._greeted, self._transactions.offered = False, frozenset()
        self._login.mechanisms = ()

    # The mail transaction.

    async def _envelope(self, verb: bytes, arg: bytes) -> None:
        """Pass on this command, with the RCPTs after it that the client has sent already."""
        group = [(verb, arg), *self._further_rcpts()]
        client = self._identity.judged
        answers = self._refused_group(group, may_send=client.may_send)
        if answers is None:
            self._idle_commands = 0
            answers = await self._transactions.pass_on(
                group,
                may_grow=client.trusted,
                own_login=client.may_use_our_login,
                relay_for=self._relay_for if self._services.relays.several else None,
            )
        if len(group) == 1:
            self._answer(answers[0], verb, arg)
            return
        with self._connection.together():
            for command, reply in zip(group, answers, strict=True):
                if not self._ended:
                    self._answer(reply, *command)

    def _further_rcpts(self) -> list[Command]:
        """Take the RCPTs that the client has sent already, as far as one group goes."""
        rcpts: list[Command] = []
        while len(rcpts) < MAX_PIPELINED_COMMANDS - 1:
            line = self._connection.next_line(MAX_COMMAND_OCTETS)
            if line is None:
                break
            command = _split(line)
            if command[0] != b"RCPT":
                break
            self._connection.skip_line()
            rcpts.append(command)
        return rcpts

    def _refused_group(self, group: list[Command], *, may_send: bool) -> list[Reply] | None:
        """Return the replies to a group that is refused whole, else None."""
        if not self._greeted:
            return [replies.HELLO_FIRST] * len(group)
        if not may_send and group[0][0] == b"MAIL":
            return [replies.AUTH_REQUIRED, *[replies.MAIL_FIRST] * (len(group) - 1)]
        return None

    def _relay_for(self, path: bytes) -> Relay:
        return self._services.relays.for_mail(
            path,
            self._identity.submitter,
            self._home,
            authenticated=self._upstream.authenticated,
        )

    def _seen_whose_it_is(self, content: bytes) -> bytes:
        """Return `content`; log where its header From is of another relay than the one that gets it."""
        relays = self._services.relays
        meant = relays.of_header_from(content) if relays.several else None
        if meant is not None and meant.config.name != self._upstream.relay_name:
            log(RELAY_DIFFERS, relay=self._upstream.relay_name, header_from=meant.config.name)
        return content

    async def on_data(self, arg: bytes) -> Reply | None:
        """Take a message (RFC 5321 §4.1.1.4): the 354 is ours, the reply to the dot the relay's."""
        transaction = self._transactions.transaction
        if arg:
            return replies.NO_ARGUMENT_WANTED
        if transaction is None:
            return replies.MAIL_FIRST
        if not transaction.rcpts:
            return replies.NO_VALID_RECIPIENTS if transaction.refused else replies.RCPT_FIRST
        client = self._identity.judged
        holders = (client.account, client.network)
        with Lease(self._services.memory_budget, holders) as lease:
            if not lease.may_begin:
                return replies.NO_MEMORY
            self._say(replies.GO_AHEAD)
            await self._message(transaction, lease)
        self._transactions.clear()
        return None

    async def _message(self, transaction: Transaction, lease: Lease) -> None:
        proxy = self._proxy
        if transaction.mail.size_octets:
            self._expect(transaction.mail.size_octets)
        received = await receive(
            self._connection,
            lease,
            self._services.loop_budget,
            extensions.size_limit(self._upstream.capabilities, proxy.max_size),
            normalise=proxy.bare_newlines == "normalise",
            meanwhile=partial(self._between_chunks, lease),
        )
        if received.refusal is not None:
            self._upstream.forget_transaction()
            self._answer(REFUSALS[received.refusal], b"DATA")
            return
        self._shutdown.committing = True
        client = self._identity.judged
        verdict = await self._delivery.deliver(
            self._seen_whose_it_is(received.take()),
            transaction,
            trusted=client.trusted,
            account=client.account,
            submitter=client.submitter,
            facts=received.facts,
        )
        if not verdict.delivered:
            self._upstream.forget_transaction()
        await self._acknowledge(verdict)

    async def _between_chunks(self, lease: Lease) -> None:
        self._expect(lease.held_octets)
        await self._upstream.keep_alive()

    def _expect(self, octets: int) -> None:
        """Have a message of so many octets expected, if it will be looked at."""
        if self._identity.trusted:
            self._services.dispatcher.expect(octets)

    async def _acknowledge(self, verdict: Verdict) -> None:
        """Send the verdict to the client; log it where the client has gone."""
        if verdict.reply is replies.STILL_PENDING:
            self._tell_refusal(verdict.reply, b"DATA", b"")
        elif not verdict.reply.positive:  # the log has been told of the message itself
            self._services.refusals.count(b"DATA", verdict.reply)
        self._answer(verdict.reply)
        self._shutdown.told_verdict(self._now_s())
        unheard = self._connection.lost or self._connection.finished
        if verdict.suppressed is not None:
            await self._delivery.settle(verdict, told=not unheard)
        self._shutdown.committing = False
        if verdict.delivered and unheard:
            MESSAGES_UNACKED.inc()
            log(DELIVERED_UNACKED, client=str(self._identity.client), reply=str(verdict.reply))

    # Replies and states.

    def _answer(self, reply: Reply, verb: bytes | None = None, arg: bytes = b"") -> None:
        """Send `reply`; end the session after a 421, or after too many errors.

        `verb` is the command that it answers, if nobody has told the log of a refusal yet.
        """
        self._say(reply)
        if reply.positive:
            self._errors = 0
        else:
            if verb is not None:
                self._tell_refusal(reply, verb, arg)
            self._ended |= reply.code == replies.CLOSING_CODE
            self._errors = self._errors + 1 if reply in _CLIENT_ERRORS else 0
        self._idle_commands += 1
        if self._errors >= MAX_ERRORS or self._idle_commands >= MAX_COMMANDS_WITHOUT_MAIL:
            self._end("errors", replies.TOO_MANY_ERRORS)

    def _tell_refusal(self, reply: Reply, verb: bytes, arg: bytes) -> None:
        refusals = self._services.refusals
        if verb == b"AUTH" and self._login.refusal_told:
            refusals.count(verb, reply)
            return
        how = self._services.config.privacy.log_recipients
        refusals.tell(self._identity.client, verb, arg, reply, how)

    def _end(self, why: str, reply: Reply) -> None:
        """End the session with a 421, once what it is at is done."""
        self._say(reply)
        log(SESSION_DROPPED, client=str(self._identity.client), why=why)
        self._ended = True

    def _say(self, reply: Reply) -> None:
        self._connection.send(reply.wire())
        self._shutdown.replied_at_s = self._now_s()

    def _drop(self, why: str, reply: Reply | None = None) -> None:
        """End the session from our side, and the relay's with any message it has not accepted."""
        if reply is not None:
            self._say(reply)
        unused = why == "gone" and not self._heard
        event = SESSION_UNUSED if unused else SESSION_DROPPED
        log(event, client=str(self._identity.client), why=why)
        self._ended = True
        self._upstream.drop()


_CLIENT_ERRORS = frozenset(
    {
        replies.UNKNOWN_COMMAND,
        replies.NOT_IMPLEMENTED,
        replies.LINE_TOO_LONG,
        replies.NO_ARGUMENT_WANTED,
        replies.HELLO_SYNTAX,
        replies.HELLO_FIRST,
        replies.MAIL_FIRST,
        replies.MAIL_SYNTAX,
        replies.RCPT_SYNTAX,
        replies.XCLIENT_FORBIDDEN,
    }
)
"""Replies of which a real mail program gets few in a row."""

_WHY_LEFT: Mapping[Reply, str] = MappingProxyType(
    {
        replies.SHUTTING_DOWN: "stopped",
        replies.NO_RELAY_AT_HELLO: "relay_lost",
        replies.TOO_MANY_LOGINS: "logins",
    }
)
"""What the log says of a session that ends with a 421 for which its client did not ask."""

_HELLOS = (b"EHLO", b"HELO")

_BLANKS = re.compile(rb"[ \t]+")
_TAB = ord("\t")
"""RFC 5321 §4.1.1 has one space; every known server accepts tabs and several of them."""

_VERBS: Mapping[bytes, Callable[[Session, bytes], Awaitable[Reply | None]]] = MappingProxyType(
    {
        b"AUTH": Session.on_auth,
        b"DATA": Session.on_data,
        b"EHLO": Session.on_ehlo,
        b"EXPN": Session.on_not_implemented,
        b"HELO": Session.on_helo,
        b"HELP": Session.on_help,
        b"NOOP": Session.on_noop,
        b"QUIT": Session.on_quit,
        b"RSET": Session.on_rset,
        b"STARTTLS": Session.on_starttls,
        b"VRFY": Session.on_vrfy,
        b"XCLIENT": Session.on_xclient,
        b"XFORWARD": Session.on_xforward,
    }
)


def _split(line: bytes) -> Command:
    verb, _, arg = line.partition(b" ")
    if not verb or _TAB in verb or arg.startswith((b" ", b"\t")):
        verb, arg, *_ = (*_BLANKS.split(line.lstrip(b" \t"), maxsplit=1), b"")
    return verb.upper(), arg
