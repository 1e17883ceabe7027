"""`waypost tracker`: the redirector as a service of its own.

Owns: signals, the event loop, and what systemd is told.
Does not own: what is served (`app`).
"""

import asyncio
import signal

import click
import uvloop

from config import observe
from config.cli import config_option
from config.schema import Config
from tracker.app import CannotStart, serve


async def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotStart."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(config, stop=stop)


@click.command()
@config_option
def tracker(config: Config) -> None:
    """Redirect and count clicks, without the mail proxy."""
    observe.configure(config.log.level, config.log.format)
    try:
        uvloop.run(run(config))
    except CannotStart as error:
        raise click.ClickException("\n".join(error.problems)) from None
