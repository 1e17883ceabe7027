"""`waypost serve`: proxy and tracker together in one process, the embedded default.

Owns: bringing both up and down as one.
Does not own: what either serves (`proxy.server.server`, `tracker.app.app`), signals and systemd
(`config.service.systemd`).
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

import click
import uvloop

from config.cli.options import config_file_option, loaded_to_serve, serve_as_owner
from config.cli.output import Problems
from config.loading.config_file import ConfigFile
from config.loading.load import ConfigError, load
from config.schema import Config
from config.service import descriptors, systemd
from config.telemetry import observe
from proxy.server import server as mail_server
from proxy.server.sockets import Sockets, bind
from tracker.app import app as tracker_app
from tracker.app.parts import CannotStart, Parts, prepare


async def run_together(
    config: Config,
    *,
    stop: asyncio.Event,
    on_open: Callable[[], object] = lambda: None,
    on_ready: Callable[[], object] = lambda: None,
    reload: Callable[[], Config] | None = None,
) -> None:
    """Serve both until `stop` is set; `on_ready` is called once both take connections.

    `on_open` is called before, once keys are read and sockets open, with nothing of the store
    touched. Readers are served until the last message is through. `reload` returns the new
    configuration at SIGHUP. Where one cannot start or fails, the other ends too; raises an
    ExceptionGroup of why.
    """
    parts, sockets = _opened(config)
    on_open()
    await tracker_app.join(config, parts)  # before any mail is taken
    waiting = {"proxy", "tracker"}

    def ready(name: str) -> None:
        waiting.discard(name)
        if not waiting:
            on_ready()

    no_more_mail = asyncio.Event()

    async def take_mail() -> None:
        try:
            await mail_server.serve(
                config,
                stop=stop,
                on_ready=partial(ready, "proxy"),
                sockets=sockets,
                reload=reload,
                most_sessions=descriptors.for_mail(descriptors.allowed(), beside_readers=True),
            )
        finally:
            no_more_mail.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(take_mail())
        redirecting = tracker_app.serve(
            config,
            stop=no_more_mail,
            on_ready=partial(ready, "tracker"),
            parts=parts,
            reload=reload,
            process=tracker_app.Process("serve", takes_mail=True),
        )
        group.create_task(redirecting)


def _opened(config: Config) -> tuple[Parts, Sockets]:
    """Open the sockets of both; raises an ExceptionGroup of all that stands in the way."""
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


async def run(file: ConfigFile, config: Config) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with systemd.service() as stop:
        await run_together(
            config,
            stop=stop,
            on_open=partial(serve_as_owner, config),
            on_ready=systemd.ready,
            reload=partial(load, file, files=True),
        )


@click.command()
@config_file_option
def serve(config: ConfigFile) -> None:
    """Run proxy and tracker together."""
    settings = loaded_to_serve(config)
    observe.configure(settings.log.level, settings.log.format)
    told: list[str] = []
    try:
        uvloop.run(run(config, settings))
    except* (CannotStart, ConfigError, OSError) as group:
        told = "\n".join(map(str, group.exceptions)).split("\n")
    if told:  # raised above, it would be one of a group (Python 3.11.2, of Debian 12)
        raise Problems(told)
