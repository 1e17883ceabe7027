"""`waypost proxy`: the SMTP side as a service.

Owns: the command, and its exit status.
Does not own: listeners and sessions (`proxy.server.server`), processes (`config.service.workers`),
signals and systemd (`config.service.systemd`).
"""

import ssl
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import click
import uvloop

from config.cli.options import config_file_option, loaded_to_serve, serve_as_owner
from config.loading.config_file import ConfigFile
from config.loading.load import load
from config.schema import Config
from config.service import systemd
from config.service.reload import reload_unheard
from config.service.shared_counts import SharedCounts
from config.service.workers import Workers
from config.telemetry import exposition, observe
from proxy.server.reload import InForce
from proxy.server.server import serve
from proxy.server.sockets import Sockets, bind
from tracker.decisions import heard


@click.command("proxy")
@config_file_option
def proxy_command(config: ConfigFile) -> None:
    """Take mail over SMTP and hand it to the relay, its links tracked."""
    settings = loaded_to_serve(config)
    observe.configure(settings.log.level, settings.log.format)
    try:
        shares = _shares(settings)
        serve_as_owner(settings)
        heard.require(settings.store)  # each worker would end by it, again and again
        if len(shares) == 1:
            _work("proxy", config, settings, shares[0], systemd.ready)
        else:
            raise SystemExit(_share_out(config, settings, shares))
    except (OSError, ssl.SSLError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _share_out(file: ConfigFile, config: Config, shares: list[Sockets]) -> int:
    """Run a worker for each share; one that replaces another has what is in force by then."""
    in_force, counts = InForce(config), SharedCounts(len(shares))

    def read_again() -> None:
        reload_unheard("proxy", lambda: in_force.reload(load(file, files=True)))

    def work(index: int, on_ready: Callable[[], None]) -> None:
        mine = counts.of(index)
        sockets = replace(shares[index], former_tls=in_force.tls_context, counts=mine)
        _work(f"proxy-{index}", file, in_force.config, sockets, on_ready)

    return Workers(
        [share.all for share in shares],
        work,
        read_again,
        counts.forget,
        partial(observe.log, observe.PROXY_WORKER_LOST),
    ).run()


def _shares(config: Config) -> list[Sockets]:
    """Return the listening sockets of each worker: those from systemd, the others our own."""
    inherited = systemd.inherited_sockets()
    given = Sockets(inherited.get(systemd.PROXY, ()), inherited.get(systemd.PROXY_TLS, ()))
    if given.tls and config.proxy.tls_cert is None:
        raise ValueError("systemd hands over a socket for TLS, but proxy.tls_cert is not set")
    taken = {"listen": ()} if given.plain else {}
    taken |= {"listen_tls": ()} if given.tls else {}
    rest = config.model_copy(update={"proxy": config.proxy.model_copy(update=taken)})
    count = config.proxy.workers
    made = [bind(rest, shared=count > 1) for _ in range(count)]
    return [Sockets((*given.plain, *own.plain), (*given.tls, *own.tls)) for own in made]


def _work(
    name: str, file: ConfigFile, config: Config, sockets: Sockets, on_ready: Callable[[], object]
) -> None:
    with exposition.published(exposition.directory_of(config.store.spool_dir), name):
        uvloop.run(_serve(file, config, sockets, on_ready))


async def _serve(
    file: ConfigFile, config: Config, sockets: Sockets, on_ready: Callable[[], object]
) -> None:
    async with systemd.service() as stop:
        await serve(
            config,
            stop=stop,
            on_ready=on_ready,
            sockets=sockets,
            reload=lambda: load(file, files=True),
        )
