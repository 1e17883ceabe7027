"""`waypost feed`: what waits in the spool is counted, without a tracker.

Owns: the command, the event loop, and its exit status.
Does not own: feeding (`tracker.feeding.service`), signals and systemd (`config.service.systemd`).
"""

from functools import partial

import click
import uvloop

from config.cli.options import config_file_option, loaded_to_serve, serve_as_owner
from config.loading.config_file import ConfigFile
from config.loading.load import load
from config.schema import Config
from config.service import systemd
from config.telemetry import observe
from tracker.feeding.service import serve
from tracker.nodes.key import BadNodeKey
from tracker.nodes.registry import NameTaken
from tracker.store.opened import StoreError


@click.command()
@config_file_option
def feed(config: ConfigFile) -> None:
    """Count what waits in the spool and tell webhooks, where no tracker does."""
    settings = loaded_to_serve(config)
    observe.configure(settings.log.level, settings.log.format)
    serve_as_owner(settings)
    try:
        uvloop.run(_run(config, settings))
    except (NameTaken, BadNodeKey, StoreError) as error:
        raise click.ClickException(str(error)) from None


async def _run(file: ConfigFile, settings: Config) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with systemd.service() as stop:
        await serve(
            settings, stop=stop, on_ready=systemd.ready, reload=partial(load, file, files=True)
        )
