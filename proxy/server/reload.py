"""What a reload changes in a proxy that runs, and what has to wait for a restart.

Owns: which keys take a restart, and that a configuration which cannot be used changes nothing.
Does not own: reading it (`config.loading.load`), the signal (`config.service.reload`), or what
sessions share under it (`proxy.session.services`).
"""

from collections.abc import Callable

from config.schema import Config
from config.service.reload import changed, keep, tell
from config.telemetry.observe import PROXY_NOT_RELOADED, PROXY_RELOADED, RESTART_NEEDED, log
from proxy.session.services import Services, tls_context_of

TAKE_RESTART = (
    "proxy.listen",
    "proxy.listen_tls",
    "proxy.workers",
    "store.url",
    "store.state",
    "keys.file",
    "log.level",
    "log.format",
)
"""Keys whose values at the start stay: of sockets, processes, files and a log that are open; and of
the key file, as the tracker goes on reading the one that it was started with."""


class InForce:
    """The configuration and the certificate that a worker begins with, as reloads go by.

    The certificate stays in force where a reload names it no more. Raises OSError and ValueError for
    one that cannot be used; then nothing changes.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.tls_context = tls_context_of(config.proxy)

    def reload(self, config: Config) -> tuple[str, ...]:
        """Take over what a worker would take over by now; return the keys that take a restart."""
        waiting = changed(TAKE_RESTART, self.config, config)
        config = kept(self.config, config)
        self.tls_context = tls_context_of(config.proxy) or self.tls_context
        self.config = config
        return waiting


def renewed(before: Services, read: Callable[[], Config]) -> Services:
    """Return the services for the configuration that `read` returns; log what takes a restart.

    Those of before are returned where it cannot be read or used; the log says why.
    """
    try:
        config = read()
        waiting = _take_restart(before, config)
        services = Services.start(kept(before.config, config), before)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the old one goes on
        log(PROXY_NOT_RELOADED, problems=str(error))
        tell("proxy", refused=str(error))
        return before
    log(PROXY_RELOADED)
    tell("proxy", waiting=waiting)
    if waiting:
        log(RESTART_NEEDED, service="proxy", keys=waiting)
    return services


def kept(before: Config, config: Config) -> Config:
    """Return `config` with what takes a restart as it was before."""
    return keep(TAKE_RESTART, before, config)


def _take_restart(before: Services, config: Config) -> list[str]:
    """Return the keys that have other values in `config`, but not before a restart.

    A certificate that is named no more is among them: without it, clients that log in would send
    their passwords in the clear to the sockets that are open.
    """
    keys = [*changed(TAKE_RESTART, before.config, config)]
    if before.tls_context is not None and config.proxy.tls_cert is None:
        keys.append("proxy.tls_cert")
    return keys
