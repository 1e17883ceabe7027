"""`waypost serve`: proxy and tracker together in one process, the embedded default.

Owns: bringing both up and down as one.
Does not own: what either serves (`proxy.server`, `tracker.app`), signals and systemd
(`config.service.systemd`).
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import uvloop

import proxy.server
import tracker.app
from config.cli.options import config_path_option, loaded
from config.cli.output import Problems
from config.loading.load import ConfigError, load
from config.schema import Config
from config.service import descriptors, systemd
from config.telemetry import observe


async def run_together(
    config: Config,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], object] = lambda: None,
    reload: Callable[[], Config] | None = None,
) -> None:
    """Serve both until `stop` is set; `on_ready` is called once both take connections.

    Readers are served until the last message is through. `reload` returns the new configuration at
    SIGHUP. Where one cannot start or fails, the other ends too; raises an ExceptionGroup of why.
    """
    waiting = {"proxy", "tracker"}

    def ready(name: str) -> None:
        waiting.discard(name)
        if not waiting:
            on_ready()

    no_more_mail = asyncio.Event()

    async def take_mail() -> None:
        try:
            await proxy.server.serve(
                config,
                stop=stop,
                on_ready=partial(ready, "proxy"),
                reload=reload,
                most_sessions=descriptors.for_mail(descriptors.allowed(), beside_readers=True),
            )
        finally:
            no_more_mail.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(take_mail())
        redirecting = tracker.app.serve(
            config,
            stop=no_more_mail,
            on_ready=partial(ready, "tracker"),
            reload=reload,
            process=tracker.app.Process("serve", mail_sessions=config.proxy.max_sessions),
        )
        group.create_task(redirecting)


async def run(path: Path, config: Config) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with systemd.service() as stop:
        await run_together(
            config, stop=stop, on_ready=systemd.ready, reload=partial(load, path, files=True)
        )


@click.command()
@config_path_option
def serve(config: Path) -> None:
    """Run proxy and tracker together."""
    settings = loaded(config, files=True)
    observe.configure(settings.log.level, settings.log.format)
    try:
        uvloop.run(run(config, settings))
    except* (tracker.app.CannotStart, ConfigError, OSError) as group:
        told = "\n".join(map(str, group.exceptions))
        raise Problems(told.split("\n")) from None
