"""`waypost tracker`: the redirector as a service of its own.

Owns: the command, the event loop, and its exit status.
Does not own: what is served (`tracker.app.app`), by how many processes (`tracker.app.workers`), signals and
systemd (`config.service.systemd`).
"""

from collections.abc import Callable
from functools import partial

import click
import uvloop

from config.cli.options import config_file_option, loaded_to_serve, serve_as_owner
from config.cli.output import Problems
from config.loading.config_file import ConfigFile
from config.loading.load import load
from config.schema import Config
from config.service import systemd
from config.service.reload import reload_unheard
from config.telemetry import observe
from tracker.app import workers
from tracker.app.app import THE_ONLY, Process, serve
from tracker.app.in_force import InForce
from tracker.app.join import join
from tracker.app.parts import CannotStart, prepare


@click.command()
@config_file_option
def tracker(config: ConfigFile) -> None:
    """Redirect and count clicks, without the mail proxy."""
    settings = loaded_to_serve(config)
    observe.configure(settings.log.level, settings.log.format)
    read = partial(load, config)
    try:
        in_force = _begun(settings)
    except CannotStart as error:
        raise Problems(error.problems) from None

    def work(process: Process, on_ready: Callable[[], object]) -> None:
        uvloop.run(_serve(in_force, process, on_ready, read))

    def reload() -> None:
        reload_unheard("tracker", lambda: in_force.reload(read))

    raise SystemExit(workers.run(in_force, THE_ONLY, work, reload))


def _begun(settings: Config) -> InForce:
    """Return what the tracker begins with, as the owner of the store; raises CannotStart."""
    parts = prepare(settings, systemd.inherited_sockets().get(systemd.TRACKER, ()))
    serve_as_owner(settings)
    join(settings, parts.sockets)
    return InForce(settings, parts)


async def _serve(
    in_force: InForce,
    process: Process,
    on_ready: Callable[[], object],
    read: Callable[[], Config],
) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with systemd.service() as stop:
        await serve(in_force, stop=stop, on_ready=on_ready, read=read, process=process)
