"""`waypost tracker`: the redirector as a service of its own.

Owns: the command, the event loop, and its exit status.
Does not own: what is served (`tracker.app`), signals and systemd (`config.service.systemd`).
"""

from functools import partial
from pathlib import Path

import click
import uvloop

from config.cli.options import config_path_option, loaded
from config.cli.output import Problems
from config.loading.load import load
from config.schema import Config
from config.service import systemd
from config.telemetry import observe
from tracker.app import CannotStart, serve


@click.command()
@config_path_option
def tracker(config: Path) -> None:
    """Redirect and count clicks, without the mail proxy."""
    settings = loaded(config, files=True)
    observe.configure(settings.log.level, settings.log.format)
    try:
        uvloop.run(_run(config, settings))
    except CannotStart as error:
        raise Problems(error.problems) from None


async def _run(path: Path, settings: Config) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotStart."""
    async with systemd.service() as stop:
        await serve(
            settings,
            stop=stop,
            on_ready=systemd.ready,
            sockets=systemd.inherited_sockets().get(systemd.TRACKER, ()),
            reload=partial(load, path),
        )
