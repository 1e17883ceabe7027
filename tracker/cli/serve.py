"""`waypost tracker`: the redirector as a service of its own.

Owns: the command, the event loop, and its exit status.
Does not own: what is served (`tracker.app.app`), signals and systemd (`config.service.systemd`).
"""

from functools import partial

import click
import uvloop

from config.cli.options import config_file_option, loaded_to_serve, serve_as_owner
from config.cli.output import Problems
from config.loading.config_file import ConfigFile
from config.loading.load import load
from config.schema import Config
from config.service import systemd
from config.telemetry import observe
from tracker.app.app import serve
from tracker.app.parts import CannotStart, prepare


@click.command()
@config_file_option
def tracker(config: ConfigFile) -> None:
    """Redirect and count clicks, without the mail proxy."""
    settings = loaded_to_serve(config)
    observe.configure(settings.log.level, settings.log.format)
    try:
        uvloop.run(_run(config, settings))
    except CannotStart as error:
        raise Problems(error.problems) from None


async def _run(file: ConfigFile, settings: Config) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotStart."""
    parts = prepare(settings, systemd.inherited_sockets().get(systemd.TRACKER, ()))
    serve_as_owner(settings)
    async with systemd.service() as stop:
        await serve(
            settings,
            stop=stop,
            on_ready=systemd.ready,
            parts=parts,
            reload=partial(load, file),
        )
