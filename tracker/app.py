"""The tracker as a whole: redirector, recorder, spool and ingester, from start to stop.

Owns: what the tracker needs in order to start, the order in which its parts come and go.
Does not own: any of those parts, nor signals and the command line (`serve_cli`).
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from config import observe
from config.files import KeyFileError
from config.hangup import at_hangup
from config.load import ConfigError
from config.schema import Config
from tracker import listener, overrides
from tracker.ingest import Ingester
from tracker.overrides import Overrides
from tracker.recorder import Recorder
from tracker.redirector import Redirector, Rules
from tracker.spool import Spool
from tracker.tokens import Keyring
from tracker.watch import Watched


class CannotStart(Exception):
    """Why the tracker cannot start: every problem, each in one line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


async def serve(
    config: Config,
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[], object] = lambda: None,
    sockets: Sequence[socket.socket] = (),
    reload: Callable[[], Config] | None = None,
) -> None:
    """Redirect and count until `stop` is set (or for good); raises CannotStart.

    `sockets` are open ones to listen on instead of the configured addresses. `reload` gives the
    new configuration at SIGHUP.
    """
    keyring, listening = _prepare(config, sockets)
    spool = Spool.open(config.store.spool_dir, "tracker")
    overridden = Watched(overrides.file_of(config.store.path), overrides.load, Overrides())
    app = Redirector(keyring, Rules.from_config(config), Recorder(spool).record, overridden)

    def ready() -> None:
        addresses = [str(address) for address in listener.names(listening)]
        observe.log(observe.TRACKER_READY, listen=addresses)
        on_ready()

    async with _feeding(config), contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(asyncio.to_thread, spool.close)
        ending.callback(observe.log, observe.TRACKER_STOPPING)
        ending.enter_context(_reloading(app, keyring, reload))
        async with _watching(keyring, overridden):
            await listener.serve(app, listening, stop or asyncio.Event(), ready)


def _prepare(
    config: Config, sockets: Sequence[socket.socket]
) -> tuple[Watched[Keyring], Sequence[socket.socket]]:
    """Load the keys and open the sockets; raises CannotStart with all that stands in the way."""
    problems: list[str] = []
    keyring = _keyring(config, problems)
    try:
        sockets = sockets or listener.bind(config.tracker.listen)
    except listener.ListenError as error:
        problems += error.problems
    if problems or keyring is None:
        for opened in sockets:
            opened.close()
        raise CannotStart(problems)
    return keyring, sockets


def _keyring(config: Config, problems: list[str]) -> Watched[Keyring] | None:
    if config.keys.file is None:
        problems.append("keys.file is not set: make a key file with waypost init")
        return None
    try:
        return Watched(config.keys.file, Keyring.load)
    except (KeyFileError, ValueError) as error:
        problems.append(str(error))
        return None


@contextlib.asynccontextmanager
async def _feeding(config: Config) -> AsyncIterator[None]:
    """Feed the store from the spool in a thread of its own, while the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=Ingester(config).run, args=(stop,), name="ingester")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        await asyncio.to_thread(thread.join)


@contextlib.asynccontextmanager
async def _watching(*files: Watched[Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(file.watch()) for file in files]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@contextlib.contextmanager
def _reloading(
    app: Redirector, keyring: Watched[Keyring], read: Callable[[], Config] | None
) -> Iterator[None]:
    """Read the configuration anew at SIGHUP; addresses, store and key file stay as they are."""

    def reload(read: Callable[[], Config]) -> None:
        keyring.refresh()
        try:
            app.rules = Rules.from_config(read())
        except ConfigError as error:
            observe.log(observe.TRACKER_NOT_RELOADED, problems=str(error))
        else:
            observe.log(observe.TRACKER_RELOADED)

    with at_hangup(partial(reload, read)) if read is not None else contextlib.nullcontext():
        yield
