"""`waypost serve`: proxy and tracker together in one process, the embedded default.

Owns: bringing both up and down as one, and the signals of that process.
Does not own: what either serves (`proxy.server`, `tracker.app`).
"""

import asyncio
import signal
from collections.abc import Callable
from functools import partial

import click
import uvloop

import proxy.server
import tracker.app
from config import observe, systemd
from config.load import ConfigError
from config.options import config_option
from config.schema import Config


async def run_together(
    config: Config, *, stop: asyncio.Event, on_ready: Callable[[], object] = lambda: None
) -> None:
    """Serve both until `stop` is set; `on_ready` is called once both take connections.

    Where one cannot start or fails, the other ends too, and an ExceptionGroup says why.
    """
    waiting = {"proxy", "tracker"}

    def ready(name: str) -> None:
        waiting.discard(name)
        if not waiting:
            on_ready()

    async with asyncio.TaskGroup() as group:
        group.create_task(proxy.server.serve(config, stop=stop, on_ready=partial(ready, "proxy")))
        group.create_task(tracker.app.serve(config, stop=stop, on_ready=partial(ready, "tracker")))


async def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT, and keep systemd informed."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    alive = asyncio.create_task(systemd.report_alive())
    try:
        await run_together(config, stop=stop, on_ready=systemd.ready)
    finally:
        systemd.stopping()
        alive.cancel()


@click.command()
@config_option
def serve(config: Config) -> None:
    """Run proxy and tracker together."""
    observe.configure(config.log.level, config.log.format)
    try:
        uvloop.run(run(config))
    except* (tracker.app.CannotStart, ConfigError, OSError) as group:
        raise click.ClickException("\n".join(map(str, group.exceptions))) from None


COMMANDS: list[click.Command] = [serve]
