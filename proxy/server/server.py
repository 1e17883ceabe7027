"""The sessions of one process, each from accept to goodbye.

Owns: implicit TLS and the PROXY header before a session begins, how many sessions there may be, and
the graceful stop (RFC 5321 §3.8).
Does not own: what is said in a session (`proxy.session.session`), opening sockets (`sockets`), what
a new configuration changes (`reload`), or several processes (`config.service.workers`).
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import Context, copy_context
from functools import partial

from config.addresses import IpAddress, parse_ip, within
from config.schema import Config
from config.service import descriptors
from config.service.gc_tuning import collect_if_idle, freeze_startup_objects
from config.service.reload import on_sighup
from config.telemetry.observe import (
    PROXY_READY,
    PROXY_STOPPING,
    SESSION_UNUSED,
    SESSIONS,
    TLS_FAILED,
    about,
    log,
)
from config.values import Address
from proxy.client.connection import ClientConnection, ClientGone, LineTooLong
from proxy.client.limits import GREETING_PATIENCE_S, RECEIVE_OF_MESSAGE_OCTETS
from proxy.client.proxy_protocol import BadProxyHeader, read_proxy_header
from proxy.client.trust import Client, counted_as
from proxy.scheduling.loop_budget import HELLO_WORTH_OCTETS
from proxy.server.reload import renewed
from proxy.server.sockets import LISTEN_BACKLOG, Sockets, bind
from proxy.session.services import Services
from proxy.session.session import Session
from proxy.session.turned_away import TurnedAway, turn_away
from tracker.records.certificates import InForce, renewing
from tracker.records.watch import watching

FEW_SESSIONS = 20
"""So few that the collector goes through what they hold in a millisecond."""

SESSION_ID_OCTETS = 6
"""Of the random id by which the log knows a session."""

COMMIT_GRACE_S = 660.0
"""How long a stop waits for transactions whose final dot is on its way (RFC 5321 §4.5.3.2.6)."""


_SESSIONS = "sessions"


async def serve(
    config: Config,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], object] | None = None,
    sockets: Sockets | None = None,
    reload: Callable[[], Config] | None = None,
    most_sessions: int | None = None,
) -> None:
    """Take mail on all listeners until `stop` is set; then let transactions finish.

    `sockets` are listening already (socket activation, workers); without them those of
    `[proxy] listen` and `listen_tls` are made. `reload` reads the configuration anew at SIGHUP.
    `most_sessions` is what this process has descriptors for, if it does not serve mail alone.
    Raises ListenError, ConfigError, OSError or ssl.SSLError for what cannot be used at the start.
    """
    sockets = sockets or bind(config)
    if most_sessions is None:
        most_sessions = descriptors.for_mail(descriptors.allowed())
    begun = Services.start(config, former_tls=sockets.former_tls, counts=sockets.counts)
    server = Server(begun, most_sessions)
    freeze_startup_objects()
    reloading = nullcontext() if reload is None else on_sighup(partial(server.reload, reload))
    try:
        await server.listen(sockets)
        async with watching(server.services.consents), renewing(server.certificate):
            with reloading:
                if on_ready is not None:
                    on_ready()
                await stop.wait()
    finally:
        await server.stop()


class Server:
    """All sessions of one process."""

    def __init__(self, services: Services, most_sessions: int = descriptors.MOST_WANTED) -> None:
        self.services = services
        self._most_sessions = most_sessions
        self._listeners: list[asyncio.Server] = []
        self._tasks: dict[asyncio.Task[None], Session | None] = {}
        self._by_address: Counter[IpAddress | None] = Counter()
        self._counts = services.counts
        self._stopping = False

    async def listen(self, sockets: Sockets) -> None:
        """Accept sessions on `sockets`."""
        loop = asyncio.get_running_loop()
        accepts = [(sock, self._accept) for sock in sockets.plain]
        accepts += [(sock, self._accept_tls) for sock in sockets.tls]
        arriving = memoryview(bytearray(RECEIVE_OF_MESSAGE_OCTETS))
        for sock, accept in accepts:
            make = partial(ClientConnection, accept, arriving)
            self._listeners.append(
                await loop.create_server(make, sock=sock, backlog=LISTEN_BACKLOG)
            )
        names = [str(Address(*sock.getsockname()[:2])) for sock, _ in accepts]
        log(PROXY_READY, addresses=names)

    def certificate(self) -> InForce | None:
        """Return the certificate in force, if the configuration names it."""
        proxy, context = self.services.proxy, self.services.tls_context
        if context is None or proxy.tls_cert is None:
            return None
        return InForce(context, proxy.tls_cert, proxy.tls_key)

    def reload(self, read: Callable[[], Config]) -> None:
        """Serve new sessions by the configuration that `read` returns, if it can be used."""
        self.services = renewed(self.services, read)

    async def stop(self) -> None:
        """Accept no more sessions; end idle ones, let the others finish their message."""
        for listener in self._listeners:
            listener.close()
        await asyncio.sleep(0)  # what was accepted in this iteration of the loop is ours to serve
        self._stopping = True
        log(PROXY_STOPPING, sessions=len(self._tasks))
        for session in self._sessions():
            session.stop()
        await self._wait(self.services.proxy.drain_timeout)
        for task, served in list(self._tasks.items()):
            if served is None or served.may_be_cut_off:
                task.cancel()
        await self._wait(COMMIT_GRACE_S)
        self.services.stop()

    async def _wait(self, patience_s: float) -> None:
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=patience_s)

    def _sessions(self) -> list[Session]:
        return [session for session in self._tasks.values() if session is not None]

    def _accept(self, connection: ClientConnection) -> None:
        self._admit(connection, tls=False)

    def _accept_tls(self, connection: ClientConnection) -> None:
        self._admit(connection, tls=True)

    def _admit(self, connection: ClientConnection, *, tls: bool) -> None:
        """Begin to serve a connection, unless there are too many; nothing of it was read yet."""
        proxy, peer = self.services.proxy, Client(parse_ip(connection.peer[0]))
        speaks_for_another = within(peer.address, proxy.proxy_protocol_networks)
        if not self._take_place():
            turn_away(connection, peer, TurnedAway.SESSIONS, tls=tls)
        elif not speaks_for_another and not self._take_place_of(peer):
            self._counts.add(_SESSIONS, -1)
            turn_away(connection, peer, TurnedAway.ADDRESS, tls=tls)
        else:
            serving = self._serve_behind_header if speaks_for_another else self._serve
            task = asyncio.get_running_loop().create_task(
                serving(connection, peer, tls=tls), context=_told_apart(peer)
            )
            self._tasks[task] = None
            SESSIONS.inc()
            task.add_done_callback(partial(self._forget, connection))
            if not speaks_for_another:
                self._give_back_after(task, peer)

    def _take_place(self) -> bool:
        """Count one more session, of all workers; False, and it is not counted: there are too many."""
        self._counts.add(_SESSIONS)
        others = self._counts.others(_SESSIONS)
        most, here = self.services.proxy.max_sessions, len(self._tasks)
        if here + others < most and here < self._most_sessions:
            return True
        self._counts.add(_SESSIONS, -1)
        return False

    def _forget(self, connection: ClientConnection, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._counts.add(_SESSIONS, -1)
        SESSIONS.dec()
        if task.cancelled():  # amid a header or a handshake: nobody else closes it
            connection.abort()
        if len(self._tasks) < FEW_SESSIONS:
            collect_if_idle()

    def _take_place_of(self, client: Client) -> bool:
        """Count one more session of this client's address, of all workers; False as in `_take_place`."""
        proxy = self.services.proxy
        address = counted_as(client, proxy)
        self._by_address[address] += 1
        self._counts.add(_of(address))
        sessions = self._by_address[address] + self._counts.others(_of(address))
        speaks_for_many = within(client.address, proxy.xclient_networks)
        if sessions <= proxy.max_sessions_per_address or speaks_for_many:
            return True
        self._discount(address)
        return False

    def _give_back_after(self, task: asyncio.Task[None], client: Client) -> None:
        """Count a session of this client's address until `task` is done."""
        address = counted_as(client, self.services.proxy)
        task.add_done_callback(lambda _: self._discount(address))

    def _discount(self, address: IpAddress | None) -> None:
        self._counts.add(_of(address), -1)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    async def _serve_behind_header(
        self, connection: ClientConnection, balancer: Client, *, tls: bool
    ) -> None:
        """Learn from a load balancer who its client is, and serve that one."""
        try:
            async with asyncio.timeout(GREETING_PATIENCE_S):
                client = await read_proxy_header(connection, balancer.address)
        except (BadProxyHeader, LineTooLong, TimeoutError):
            turn_away(connection, balancer, TurnedAway.PROXY_HEADER, tls=tls)
            return
        except ClientGone:
            connection.abort()
            return
        about(client=str(client))
        task = asyncio.current_task()
        if task is None or not self._take_place_of(client):
            turn_away(connection, client, TurnedAway.ADDRESS, tls=tls)
            return
        self._give_back_after(task, client)
        await self._serve(connection, client, tls=tls)

    async def _serve(self, connection: ClientConnection, client: Client, *, tls: bool) -> None:
        await self.services.loop_budget.take(HELLO_WORTH_OCTETS)
        if tls and not await self._encrypt(connection, client):
            return
        session = Session(connection, self.services, client)
        if self._stopping:  # it was at the handshake until now
            session.stop()
        task = asyncio.current_task()
        if task is not None:
            self._tasks[task] = session
        await session.run()

    async def _encrypt(self, connection: ClientConnection, client: Client) -> bool:
        """Do implicit TLS; False: the connection is lost."""
        context = self.services.tls_context
        if context is None:  # sockets for TLS are never open without (`Sockets.former_tls`)
            log(TLS_FAILED, client=str(client), cause="there is no certificate")
            connection.abort()
            return False
        try:
            async with asyncio.timeout(GREETING_PATIENCE_S):
                await connection.begun()
            await connection.start_tls_behind_header(context)
        except ClientGone:
            log(SESSION_UNUSED, client=str(client), why="gone")
            connection.abort()
        except OSError as error:
            log(TLS_FAILED, client=str(client), cause=str(error))
            connection.abort()
        else:
            return True
        return False


def _of(address: IpAddress | None) -> str:
    return f"sessions of {address}"


def _told_apart(client: Client) -> Context:
    """Return a context in which all lines of the log say which session they are about, and whose."""
    context = copy_context()
    context.run(about, session=secrets.token_hex(SESSION_ID_OCTETS), client=str(client))
    return context
