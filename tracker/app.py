"""The tracker as a whole: redirector, recorder, spool and ingester, from start to stop.

Owns: what the tracker needs in order to start, the order in which its parts come and go.
Does not own: any of those parts, nor signals and the command line (`serve_cli`).
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence

from config import observe
from config.files import KeyFileError
from config.schema import Config
from tracker import listener
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
    on_ready: Callable[[], None] = lambda: None,
    sockets: Sequence[socket.socket] = (),
) -> None:
    """Redirect and count until `stop` is set (or for good); raises CannotStart.

    `sockets` are open ones to listen on instead of the configured addresses.
    """
    keyring, listening = _prepare(config, sockets)
    spool = Spool.open(config.store.spool_dir, "tracker")
    app = Redirector(keyring, Rules.from_config(config), Recorder(spool).record)

    def ready() -> None:
        addresses = [str(address) for address in listener.names(listening)]
        observe.log(observe.TRACKER_READY, listen=addresses)
        on_ready()

    try:
        async with _watching(keyring):
            await listener.serve(app, listening, stop or asyncio.Event(), ready)
    finally:
        observe.log(observe.TRACKER_STOPPING)
        await asyncio.to_thread(spool.close)


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
async def _watching(keyring: Watched[Keyring]) -> AsyncIterator[None]:
    task = asyncio.create_task(keyring.watch())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
