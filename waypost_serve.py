"""`waypost serve`: proxy and tracker together in one process, the embedded default.

Owns: bringing both up and down as one.
Does not own: what either serves (`proxy.server`, `tracker.app`), signals and systemd
(`config.systemd`).
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import uvloop

import proxy.server
import tracker.app
from config import observe, systemd
from config.load import ConfigError, load
from config.options import config_path_option, loaded
from config.schema import Config


async def run_together(
    config: Config,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[], object] = lambda: None,
    reload: Callable[[], Config] | None = None,
) -> None:
    """Serve both until `stop` is set; `on_ready` is called once both take connections.

    `reload` gives the new configuration at SIGHUP. Where one cannot start or fails, the other ends
    too, and an ExceptionGroup says why.
    """
    waiting = {"proxy", "tracker"}

    def ready(name: str) -> None:
        waiting.discard(name)
        if not waiting:
            on_ready()

    async with asyncio.TaskGroup() as group:
        redirector = partial(tracker.app.serve, process="serve")
        for name, service in (("proxy", proxy.server.serve), ("tracker", redirector)):
            serving = service(config, stop=stop, on_ready=partial(ready, name), reload=reload)
            group.create_task(serving)


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
        raise click.ClickException("\n".join(map(str, group.exceptions))) from None
