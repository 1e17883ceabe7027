"""The tracker as a whole: redirector, admin listener, spool and what feeds the store, from start to stop.

Owns: the order in which its parts start and stop.
Does not own: any of those parts, what must be there before (`parts`), what a reload changes
(`reload`), nor signals and the command line (`tracker.cli.serve`).
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from config.schema import Config, StateFile
from config.service import descriptors
from config.service.gc_tuning import freeze_startup_objects
from config.service.reload import on_sighup
from config.telemetry import observe
from tracker.access.authentication import Authenticator
from tracker.access.files import ACCESS
from tracker.access.guard import Guard
from tracker.access.tokens import AccessRecord, Tokens
from tracker.admin.admin import Admin
from tracker.app.parts import CannotStart, Keys, Parts, prepare
from tracker.app.reload import Reload
from tracker.decisions.consents import ConsentRecord, Consents
from tracker.decisions.destinations import Destinations
from tracker.decisions.files import CONSENTS, DECISIONS
from tracker.decisions.overrides import Decision, Overrides
from tracker.feeding.process import FeedProcess
from tracker.listener import asgi, server
from tracker.listener.admission import Admission, fair_share
from tracker.listener.limits import MAX_CONNECTIONS
from tracker.listener.sockets import names
from tracker.minting.mint import Mint
from tracker.minting.short_links import ShortLinks
from tracker.nodes import joining
from tracker.nodes.codes import SharedCodes
from tracker.nodes.key import BadNodeKey
from tracker.nodes.questions import Questions
from tracker.nodes.registry import NameTaken
from tracker.records import watch
from tracker.records.certificates import InForce, renewing
from tracker.records.live import LiveRecords
from tracker.records.watch import Watched
from tracker.redirect import well_known
from tracker.redirect.recorder import Recorder
from tracker.redirect.redirector import Redirector, Rules
from tracker.spool.writer import Spool
from tracker.store.opened import StoreError

SWITCH_INTERVAL_S = 0.0005
"""Under load the event loop holds the interpreter nearly all the time. The spool's thread wants it
for a moment, several times a commit, and waits for it so long at most: a tenth of Python's default.
With 50 readers at one time a third more of them are answered in the same time, at the same cost."""


@dataclass(frozen=True, slots=True)
class Process:
    """The process that the tracker runs in: its name in the metrics, and whether it takes mail too."""

    name: str
    takes_mail: bool = False

    def reader_bounds(self, config: Config) -> tuple[int, int]:
        """Return how many connections of readers there may be, in all and from one network."""
        sessions = config.proxy.max_sessions if self.takes_mail else 0
        most = min(MAX_CONNECTIONS, descriptors.for_readers(descriptors.allowed(), sessions))
        return most, fair_share(most)


ALONE = Process("tracker")


async def serve(
    config: Config,
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[], object] = lambda: None,
    parts: Parts | None = None,
    reload: Callable[[], Config] | None = None,
    process: Process = ALONE,
) -> None:
    """Redirect and count until `stop` is set (or for good); raises CannotStart.

    `parts` are those of `prepare`, where they had to be made before. `reload` returns the new
    configuration at SIGHUP.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    parts = parts or prepare(config)
    await join(config, parts)
    spool = Spool.open(config.store.spool_dir, "tracker")
    shared = SharedCodes(config.store) if config.store.engine == "postgresql" else None
    files = _Files.read(config.store.file, shared)
    questions = _questions(config, files)
    destinations = Destinations(files.overrides, config)
    app = _redirector(config, parts.keys, files, destinations, spool)
    app.ask = questions
    admin = Admin(config, _mint(parts.keys, files, spool).link, process.name)
    authenticator = Authenticator(
        lambda: admin.config, parts.password, files.access, lambda: parts.keys().secret
    )

    freeze_startup_objects()

    def ready() -> None:
        observe.log(observe.TRACKER_READY, listen=_names(parts.public), admin=_names(parts.admin))
        on_ready()

    async with FeedProcess(config) as feeder, contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(asyncio.to_thread, spool.close)
        ending.callback(observe.log, observe.TRACKER_STOPPING)
        if questions and shared:
            ending.callback(shared.close)
            ending.callback(questions.close)
        readers = Admission("public", *process.reader_bounds(config), app.rules.trusted_proxies)
        if reload is not None:
            running = Reload(
                keys=parts.keys,
                password=parts.password,
                tls=parts.tls,
                app=app,
                destinations=destinations,
                readers=readers,
                reader_bounds=process.reader_bounds,
                admin=admin,
                feeder=feeder,
            )
            ending.enter_context(on_sighup(partial(running.reload, reload)))
        watching = watch.watching(parts.keys, *files.all, parts.password)
        certificate = renewing(partial(_certificate, parts, admin))
        async with watching, certificate, _administering(admin, parts, authenticator):
            stop = stop or asyncio.Event()
            await server.serve(app, parts.public, stop, readers, on_ready=ready, tls=parts.tls)


async def join(config: Config, parts: Parts) -> None:
    """Take our name among the nodes that share a database; raises CannotStart where another has it.

    It does so, too, where a store is being copied into that database.
    """
    if config.store.engine == "sqlite":
        return
    try:
        await asyncio.to_thread(joining.join, config)
    except (NameTaken, BadNodeKey, StoreError) as error:
        parts.close()
        raise CannotStart([str(error)]) from None


def _certificate(parts: Parts, admin: Admin) -> InForce | None:
    """Return the certificate in force, if the configuration names it."""
    tracker = admin.config.tracker
    if parts.tls is None or tracker.tls_cert is None:
        return None
    return InForce(parts.tls, tracker.tls_cert, tracker.tls_key)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files beside the store that readers and links depend on; read again when they change."""

    overrides: LiveRecords[Decision, Overrides]
    consents: LiveRecords[ConsentRecord, Consents]
    short_links: ShortLinks
    access: LiveRecords[AccessRecord, Tokens]

    @classmethod
    def read(cls, state: StateFile, shared: SharedCodes | None) -> "_Files":
        """Read what there is; files that cannot be read are logged, and tried again later.

        `shared` are the codes of all nodes, where there are several.
        """
        files = cls(
            overrides=LiveRecords(DECISIONS, state),
            consents=LiveRecords(CONSENTS, state),
            short_links=ShortLinks(state, shared.register) if shared else ShortLinks(state),
            access=LiveRecords(ACCESS, state),
        )
        for each in files.all:
            each.refresh()
        return files

    @property
    def all(self) -> tuple[watch.Refreshable, ...]:
        """Each of them."""
        return self.overrides, self.consents, self.short_links, self.access


def _questions(config: Config, files: _Files) -> Questions | None:
    """Return what asks other nodes for codes, over a connection that nothing else waits for."""
    if config.store.engine == "sqlite":
        return None
    codes = SharedCodes(config.store)
    return Questions(codes.token, files.short_links.learn, codes.close)


def _redirector(
    config: Config, keys: Watched[Keys], files: _Files, destinations: Destinations, spool: Spool
) -> Redirector:
    app = Redirector(
        lambda: keys().ring,
        Rules.from_config(config),
        Recorder(spool).record,
        destinations,
        files.short_links.token,
    )
    app.well_known = well_known.load(config)
    return app


def _mint(keys: Watched[Keys], files: _Files, spool: Spool) -> Mint:
    return Mint(
        lambda: keys().ring,
        files.consents,
        spool,
        files.short_links,
        lambda: keys().secret,
    )


def _names(sockets: Sequence[socket.socket]) -> list[str]:
    return [str(address) for address in names(sockets)]


@contextlib.asynccontextmanager
async def _administering(
    admin: Admin, parts: Parts, authenticator: Authenticator
) -> AsyncIterator[None]:
    """Serve the admin listener while the block runs, if there is one."""
    if not parts.admin:
        yield
        return
    stop = asyncio.Event()
    guarded = Guard(admin.app, authenticator)
    most = descriptors.for_admin(descriptors.allowed())
    operators = Admission("admin", most, most)
    serving = asyncio.create_task(server.serve(asgi.serving(guarded), parts.admin, stop, operators))
    try:
        yield
    finally:
        admin.end()
        stop.set()
        await serving
