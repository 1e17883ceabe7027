"""`waypost serve`: proxy and tracker together in one process, the embedded default.

Owns: bringing both up and down as one.
Does not own: what either serves (`proxy.server.server`, `tracker.app.app`), further processes that answer
readers (`tracker.app.workers`), signals and systemd (`config.service.systemd`).
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import click
import uvloop

from config.cli.options import config_file_option, loaded_to_serve, serve_as_owner
from config.cli.output import Problems
from config.loading.config_file import ConfigFile
from config.loading.load import ConfigError, load
from config.schema import Config
from config.service import descriptors, systemd
from config.service.reload import reload_unheard
from config.telemetry import observe
from proxy.server import server as mail_server
from proxy.server.reload import InForce as MailInForce
from proxy.server.sockets import Sockets, bind
from tracker.app import app as tracker_app
from tracker.app import workers
from tracker.app.in_force import InForce
from tracker.app.join import join
from tracker.app.parts import CannotStart, Parts, prepare
from tracker.decisions import heard

Read = Callable[[], Config]
"""Returns the new configuration."""

BOTH = tracker_app.Process("serve", takes_mail=True)


@dataclass(frozen=True, slots=True)
class Begun:
    """What both begin with: what is in force, and sockets for mail that listen."""

    mail: MailInForce
    sockets: Sockets
    readers: InForce

    def reload(self, read: Read) -> None:
        """Take over what a process would take over that begins from now on."""
        reload_unheard("proxy", lambda: self.mail.reload(read()))
        reload_unheard("tracker", lambda: self.readers.reload(read))


async def run_together(
    begun: Begun,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], object] = lambda: None,
    read: Read | None = None,
    process: tracker_app.Process = BOTH,
) -> None:
    """Serve both until `stop` is set; `on_ready` is called once both take connections.

    Readers are served until the last message is through. `read` returns the new configuration at SIGHUP.
    Where one fails, the other ends too; raises an ExceptionGroup of why.
    """
    waiting = {"proxy", "tracker"}

    def ready(name: str) -> None:
        waiting.discard(name)
        if not waiting:
            on_ready()

    no_more_mail = asyncio.Event()

    async def take_mail() -> None:
        try:
            await mail_server.serve(
                begun.mail.config,
                stop=stop,
                on_ready=partial(ready, "proxy"),
                sockets=replace(begun.sockets, former_tls=begun.mail.tls_context),
                reload=read,
                most_sessions=descriptors.for_mail(descriptors.allowed(), beside_readers=True),
            )
        finally:
            no_more_mail.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(take_mail())
        redirecting = tracker_app.serve(
            begun.readers,
            stop=no_more_mail,
            on_ready=partial(ready, "tracker"),
            read=read,
            process=process,
        )
        group.create_task(redirecting)


def opened(config: Config) -> tuple[Parts, Sockets]:
    """Open the sockets of both; raises an ExceptionGroup of all that stands in the way.

    Nothing of the store is touched.
    """
    problems: list[Exception] = []
    with contextlib.ExitStack() as undo:
        try:
            parts = prepare(config)
            undo.callback(parts.close)
        except CannotStart as error:
            problems.append(error)
        try:
            sockets = bind(config)
            undo.callback(sockets.close)
        except OSError as error:
            problems.append(error)
        if problems:
            raise ExceptionGroup("cannot start", problems)
        undo.pop_all()
    return parts, sockets


def begin(config: Config, parts: Parts, sockets: Sockets) -> Begun:
    """Return what both begin with, before any mail is taken; raises CannotStart, OSError and ValueError."""
    join(config, (*parts.sockets, *sockets.all))
    heard.require(config.store)
    return Begun(MailInForce(config), sockets, InForce(config, parts))


async def _serve(
    begun: Begun, process: tracker_app.Process, on_ready: Callable[[], object], read: Read
) -> None:
    """Serve until SIGTERM or SIGINT: both, or further readers."""
    async with systemd.service() as stop:
        if process.takes_mail:
            await run_together(begun, stop=stop, on_ready=on_ready, read=read, process=process)
        else:
            await tracker_app.serve(
                begun.readers, stop=stop, on_ready=on_ready, read=read, process=process
            )


def _run(file: ConfigFile, settings: Config) -> int:
    """Serve by as many processes as it takes; return the exit status."""
    parts, sockets = opened(settings)
    serve_as_owner(settings)
    begun, read = begin(settings, parts, sockets), partial(load, file, files=True)

    def work(process: tracker_app.Process, on_ready: Callable[[], object]) -> None:
        uvloop.run(_serve(begun, process, on_ready, read))

    return workers.run(begun.readers, BOTH, work, partial(begun.reload, read), sockets.all)


@click.command()
@config_file_option
def serve(config: ConfigFile) -> None:
    """Run proxy and tracker together."""
    settings = loaded_to_serve(config)
    observe.configure(settings.log.level, settings.log.format)
    told: list[str] = []
    status = 0
    try:
        status = _run(config, settings)
    except* (CannotStart, ConfigError, OSError) as group:
        told = "\n".join(map(str, group.exceptions)).split("\n")
    if told:  # raised above, it would be one of a group (Python 3.11.2, of Debian 12)
        raise Problems(told)
    raise SystemExit(status)
