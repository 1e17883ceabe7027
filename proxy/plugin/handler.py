"""The handler that aiosmtpd calls: `aiosmtpd -n -c proxy.plugin.Handler waypost.toml`.

Owns: the hooks of aiosmtpd, what its clients share in one event loop, and that nothing which is bound to
a loop is made before that loop runs.
Does not own: what is said to the relay (`conversation`), who clients are (`peers`), or SMTP itself: what
aiosmtpd makes of octets before a hook is called holds here (docs/aiosmtpd.md).

A hook that fails is answered with 451 (DESIGN P6).
"""

import asyncio
import atexit
import contextlib
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn, Self

from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP, Envelope, Session

from config.loading.config_file import ConfigFile, find
from config.loading.load import ConfigError, load
from config.schema import Config
from config.telemetry import exposition, observe
from config.telemetry.observe import SESSION_FAILED, about, log
from proxy.plugin.conversation import Conversation
from proxy.plugin.peers import Peer, may_speak_for_others
from proxy.session.services import Services
from proxy.smtp import replies
from proxy.smtp.replies import Reply
from tracker.records.watch import watching

SESSION_ID_OCTETS = 6
"""Of the random id by which the log knows a session."""
PATIENCE_MORE_S = 60.0
"""How much longer than for the relay's verdict aiosmtpd is to wait for ours."""


class Handler:
    """Tracks links, signs, and hands on to the relay what clients of an aiosmtpd server send.

    One may serve several servers in one event loop; another loop begins anew.
    """

    def __init__(self, config: Config | Path | str) -> None:
        """`config` is read with its key files where it is a path. Raises ConfigError and OSError."""
        self._config = config if isinstance(config, Config) else _loaded(Path(config))
        self._services = Services.start(self._config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._conversations: dict[asyncio.Task[Any], Conversation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = contextlib.ExitStack()
        atexit.register(self.close)

    @classmethod
    def from_cli(cls, parser: ArgumentParser, *args: str) -> Self:
        """Return the handler for `aiosmtpd -c proxy.plugin.Handler [waypost.toml]`.

        Ends the program by `parser.error` where the configuration cannot be used.
        """
        if len(args) > 1:
            parser.error("one configuration file, no more")
        file = find(Path(args[0]) if args else None)
        if file is None:
            parser.error("no configuration found: name one, or make one with waypost init DIR")
        try:
            config = load(file)
            observe.configure(config.log.level, config.log.format)
            return cls(config)
        except (ConfigError, OSError, ValueError) as error:
            _refuse(parser, error)

    def close(self) -> None:
        """Write what is not written yet. For programs that go on without the server."""
        atexit.unregister(self.close)
        self._open.close()
        if self._loop is None or not self._loop.is_closed():
            self._services.relays.stop()
        self._services.dispatcher.close()
        self._services.spool.close()

    # The hooks of aiosmtpd: https://aiosmtpd.aio-libs.org/en/latest/handlers.html

    async def handle_PROXY(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, _data: ProxyData
    ) -> bool:
        """Believe the PROXY header of load balancers that the configuration names."""
        return may_speak_for_others(session, self._config.proxy)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer what both aiosmtpd and the relay can do; 421 where no relay can be reached."""
        conversation, peer = self._conversation(server, session)
        if self._limit(server):
            responses = [responses[0], f"250-SIZE {server.data_size_limit}", *responses[1:]]
        offered = await conversation.hello(peer, responses)
        if offered is None:
            return [str(_status(replies.NO_RELAY_AT_HELLO), "ascii")]
        session.host_name = hostname
        return offered

    async def handle_HELO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str
    ) -> bytes:
        """Greet a client that knows no extensions."""
        conversation, peer = self._conversation(server, session)
        self._limit(server)
        if not await conversation.hello_without_extensions(peer):
            return _status(replies.NO_RELAY_AT_HELLO)
        session.host_name = hostname
        return _status(replies.hello(server.hostname))

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        mail_options: list[str],
    ) -> bytes:
        """Begin a transaction at the relay, whose reply is the client's."""
        reply = await self._pass_on(server, session, b"MAIL", address, mail_options)
        if reply.positive:
            envelope.mail_from = address
            envelope.mail_options.extend(mail_options)
        return _status(reply)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> bytes:
        """Name a recipient to the relay, whose reply is the client's."""
        reply = await self._pass_on(server, session, b"RCPT", address, rcpt_options)
        if reply.positive:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(rcpt_options)
        return _status(reply)

    async def handle_RSET(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: Envelope
    ) -> bytes:
        """End the transaction, here and at the relay."""
        conversation, _peer = self._conversation(server, session)
        return _status(await conversation.reset())

    async def handle_QUIT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: Envelope
    ) -> bytes:
        """Take leave of a client, which has heard what became of its message."""
        conversation, _peer = self._conversation(server, session)
        await conversation.heard()
        return _status(replies.GOODBYE)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> bytes:
        """Bring a message to the relay; 250 only once the relay has said so (DESIGN P5)."""
        conversation, peer = self._conversation(server, session)
        # Its timer runs from DATA on and would hang up while the relay may still think.
        longest_s = max(relay.data_timeout for relay in self._config.relays) + PATIENCE_MORE_S
        server._reset_timeout(longest_s)  # noqa: SLF001 - there is no other way to it
        content = envelope.original_content or b""
        try:
            return _status(await conversation.data(peer, content))
        except Exception as error:  # noqa: BLE001 - aiosmtpd would keep the envelope, and refuse the next
            return (await self.handle_exception(error)).encode("ascii")

    async def handle_exception(self, error: Exception) -> str:
        """Answer a fault of ours with 451: it never loses mail, nor refuses it for good."""
        log(SESSION_FAILED, exc_info=error)
        return str(_status(replies.OUR_FAULT), "ascii")

    def _limit(self, server: SMTP) -> bool:
        """Set the size of a message to ours where none is set: aiosmtpd would hold whatever comes.

        Return whether that was so.
        """
        if server.data_size_limit:
            return False
        server.data_size_limit = self._config.proxy.max_size
        return True

    async def _pass_on(
        self, server: SMTP, session: Session, verb: bytes, address: str, options: list[str]
    ) -> Reply:
        conversation, peer = self._conversation(server, session)
        return await conversation.pass_on(peer, verb, _argument(verb, address, options))

    def _conversation(self, server: SMTP, session: Session) -> tuple[Conversation, Peer]:
        """Return the conversation of the task that serves this client, and who the client is."""
        task, peer = asyncio.current_task(), Peer.of(session)
        if task is None:
            raise RuntimeError("a hook was called outside of a session of aiosmtpd")
        found = self._conversations.get(task)
        if found is None:
            self._bind(asyncio.get_running_loop())
            local = server.transport.get_extra_info("sockname") if server.transport else None
            at = (str(local[0]), int(local[1])) if isinstance(local, tuple) else None
            found = self._conversations[task] = Conversation(self._services, peer.client, at)
            about(session=secrets.token_hex(SESSION_ID_OCTETS), client=str(peer.client))
            task.add_done_callback(self._ended)
        return found, peer

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have what is shared belong to the loop that runs: relays are called from here on."""
        if self._loop is loop:
            return
        if self._loop is not None:
            self._services = Services.start(self._config)
        else:
            metrics = exposition.directory_of(self._config.store.spool_dir)
            self._open.enter_context(exposition.published(metrics, "plugin"))
        self._loop = loop
        self._keep(loop.create_task(_watch(self._services)))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """End the conversation of a client that has gone, once its message is through."""
        if (leaving := self._conversations.pop(task).end()) is not None:
            self._keep(leaving)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _watch(services: Services) -> None:
    """Look after consents for as long as the loop runs."""
    async with watching(services.consents):
        await asyncio.get_running_loop().create_future()


def _argument(verb: bytes, address: str, options: list[str]) -> bytes:
    """Return the argument of MAIL or RCPT, of which aiosmtpd tells the address alone."""
    path = address if address == "<>" else f"<{address}>"
    words = [f"{'FROM' if verb == b'MAIL' else 'TO'}:{path}", *options]
    return " ".join(words).encode("utf-8", "surrogateescape")


def _status(reply: Reply) -> bytes:
    """Return a reply as aiosmtpd sends it: it adds the last CRLF."""
    return reply.wire().removesuffix(b"\r\n")


def _loaded(path: Path) -> Config:
    return load(find(path) or ConfigFile(path))


def _refuse(parser: ArgumentParser, error: Exception) -> NoReturn:
    parser.error(f"the configuration cannot be used:\n{error}")
