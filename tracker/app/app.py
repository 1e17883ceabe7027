"""The tracker as a whole: redirector, admin listener, spool and what feeds the store, from start to stop.

Owns: the order in which its parts start and stop in one process.
Does not own: any of those parts, what must be there before (`parts`), what a reload changes
(`in_force`, `reload`), several processes (`workers`), nor signals and the command line (`tracker.cli.serve`).
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from config.schema import Config
from config.service import descriptors
from config.service.gc_tuning import freeze_startup_objects
from config.service.reload import on_sighup
from config.service.shared_counts import ALONE, Counts
from config.telemetry import observe
from tracker.access.authentication import Authenticator
from tracker.access.guard import Guard
from tracker.admin.admin import Admin
from tracker.app.files import Files
from tracker.app.in_force import InForce
from tracker.app.reload import Follow, reload
from tracker.decisions.destinations import Destinations
from tracker.feeding.process import FeedProcess
from tracker.listener import asgi, server
from tracker.listener.admission import Admission, fair_share
from tracker.listener.limits import MAX_CONNECTIONS
from tracker.listener.sockets import names
from tracker.minting.mint import Mint
from tracker.records import certificates, watch
from tracker.redirect.recorder import Recorder
from tracker.redirect.redirector import Redirector
from tracker.spool.writer import MAX_WAITING_OCTETS, Spool
from tracker.store import database

SWITCH_INTERVAL_S = 0.0005
"""Under load the event loop holds the interpreter nearly all the time. The spool's thread wants it
for a moment, several times a commit, and waits for it so long at most: a tenth of Python's default.
With 50 readers at one time a third more of them are answered in the same time, at the same cost."""


@dataclass(frozen=True, slots=True)
class Process:
    """The process that the tracker runs in: its name in the metrics, and whether it takes mail too.

    Of several workers the one that `leads` has the admin listener, and sees to the process that feeds
    the store; `counts` are what they count together.
    """

    name: str
    takes_mail: bool = False
    leads: bool = True
    counts: Counts = ALONE

    def reader_bounds(self, config: Config) -> tuple[int, int]:
        """Return how many connections of readers there may be, in all and from one network."""
        sessions = config.proxy.max_sessions if self.takes_mail else 0
        most = min(MAX_CONNECTIONS, descriptors.for_readers(descriptors.allowed(), sessions))
        return most, fair_share(most)


THE_ONLY = Process("tracker")


async def serve(
    in_force: InForce,
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[], object] = lambda: None,
    read: Callable[[], Config] | None = None,
    process: Process = THE_ONLY,
) -> None:
    """Redirect and count until `stop` is set (or for good); `read` returns the new configuration at SIGHUP."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    in_force.refresh()
    config, parts = in_force.config, in_force.parts
    room_octets = MAX_WAITING_OCTETS // process.counts.processes
    spool = Spool.open(config.store.spool_dir, "tracker", max_waiting_octets=room_octets)
    files = Files.read(config)
    questions = files.questions()
    destinations = Destinations(files.overrides, config)
    app = _redirector(in_force, files, destinations, spool)
    app.ask = questions
    readers = Admission(
        "public", *process.reader_bounds(config), app.rules.trusted_proxies, process.counts
    )
    freeze_startup_objects()

    def ready() -> None:
        at = _names(parts.admin) if process.leads else []
        observe.log(observe.TRACKER_READY, listen=_names(parts.public), admin=at)
        on_ready()

    def follow(now: InForce) -> None:
        app.rules, app.well_known = now.rules, now.well_known
        destinations.configure(now.config)
        readers.trust(now.rules.trusted_proxies)
        readers.limit(*process.reader_bounds(now.config))

    async with _feeding(in_force, process) as feeder, contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(asyncio.to_thread, spool.close)
        ending.callback(observe.log, observe.TRACKER_STOPPING)
        ending.callback(files.close)
        ending.callback(questions.close)
        watching = watch.watching(parts.keys, *files.all, parts.password)
        certificate = certificates.renewing(partial(_certificate, in_force))
        administering = _administering(in_force, files, spool, process)
        async with watching, certificate, administering as admin:
            if read is not None:
                following = (follow, *admin, *feeder)
                ending.enter_context(on_sighup(partial(reload, in_force, following, read)))
            stop = stop or asyncio.Event()
            await server.serve(app, parts.public, stop, readers, on_ready=ready, tls=parts.tls)


def _certificate(in_force: InForce) -> certificates.InForce | None:
    """Return the certificate in force, if the configuration names it."""
    tracker, context = in_force.config.tracker, in_force.parts.tls
    if context is None or tracker.tls_cert is None:
        return None
    return certificates.InForce(context, tracker.tls_cert, tracker.tls_key)


def _redirector(
    in_force: InForce, files: Files, destinations: Destinations, spool: Spool
) -> Redirector:
    keys = in_force.parts.keys
    app = Redirector(
        lambda: keys().ring,
        in_force.rules,
        Recorder(spool).record,
        destinations,
        files.short_links.token,
    )
    app.well_known = in_force.well_known
    return app


def _names(sockets: Sequence[socket.socket]) -> list[str]:
    return [str(address) for address in names(sockets)]


@contextlib.asynccontextmanager
async def _feeding(in_force: InForce, process: Process) -> AsyncIterator[Sequence[Follow]]:
    """See to the process that feeds the store while the block runs, if that is for this one to do."""
    if not process.leads:
        yield ()
        return
    async with FeedProcess(in_force.config, process.name) as feeder:
        yield (lambda now: feeder.configure(now.config),)


@contextlib.asynccontextmanager
async def _administering(
    in_force: InForce, files: Files, spool: Spool, process: Process
) -> AsyncIterator[Sequence[Follow]]:
    """Serve the admin listener while the block runs, if there is one, and it is for this process to do."""
    if not (process.leads and in_force.parts.admin):
        yield ()
        return
    admin = Admin(in_force.config, _mint(in_force, files, spool).link, process.name)
    stop = asyncio.Event()
    guarded = Guard(admin.app, _authenticator(in_force, files))
    most = descriptors.for_admin(descriptors.allowed())
    operators = Admission("admin", most, most)
    serving = asyncio.create_task(
        server.serve(asgi.serving(guarded), in_force.parts.admin, stop, operators)
    )

    def follow(now: InForce) -> None:
        admin.config = now.config

    with database.connections_kept():
        try:
            yield (follow,)
        finally:
            admin.end()
            stop.set()
            await serving


def _mint(in_force: InForce, files: Files, spool: Spool) -> Mint:
    keys = in_force.parts.keys
    return Mint(
        lambda: keys().ring, files.consents, spool, files.short_links, lambda: keys().secret
    )


def _authenticator(in_force: InForce, files: Files) -> Authenticator:
    parts = in_force.parts
    return Authenticator(
        lambda: in_force.config, parts.password, files.access, lambda: parts.keys().secret
    )
