"""What a tracker goes by: its configuration, and what was made of the files that this names.

Owns: what a new configuration changes of it, all or nothing, and which keys take a restart.
Does not own: reading it (`config.loading.load`), the signal (`config.service.reload`), keys, certificate and
password themselves (`parts`), or what goes by it in a process (`app`).

The parent of several workers keeps one, too: a worker that takes the place of another begins with what is in
force by then, whatever became of the files meanwhile.
"""

import contextlib
from collections.abc import Callable, Iterator

from config.keys import certificates
from config.schema import Config
from config.service.reload import changed, keep
from tracker.app.parts import Parts
from tracker.redirect import well_known
from tracker.redirect.redirector import Rules

TAKE_RESTART = (
    "tracker.listen",
    "tracker.workers",
    "tracker.admin_listen",
    "store.url",
    "store.state",
    "store.node",
    "store.passfile",
    "store.hold",
    "keys.file",
    "log.level",
    "log.format",
)
"""Keys whose values at the start stay: of sockets, processes, files and a log that are open."""


class InForce:
    """A configuration, and the `parts`, `rules` and `well_known` files that go with it.

    Raises OSError and ValueError for files that cannot be used.
    """

    def __init__(self, config: Config, parts: Parts) -> None:
        self.config = config
        self.parts = parts
        self.rules = Rules.from_config(config)
        self.well_known = well_known.load(config)

    def refresh(self) -> None:
        """Read again what changed since it was read; what cannot be used stays as it was."""
        self.parts.keys.refresh()
        self.parts.password.refresh()
        with contextlib.suppress(OSError, ValueError):  # told by who watches the certificate
            self._renew(self.config)

    def reload(self, read: Callable[[], Config]) -> list[str]:
        """Put in force what `read` returns; return the keys that take a restart.

        Raises ConfigError, KeyFileError, OSError and ValueError, and then changes nothing but the keys.
        """
        self.parts.keys.refresh()
        config = read()
        waiting = list(self._take_restart(config))
        self._put_in_force(keep(TAKE_RESTART, self.config, config))
        return waiting

    def _take_restart(self, config: Config) -> Iterator[str]:
        """Yield the keys whose new values are not in force before a restart."""
        yield from changed(TAKE_RESTART, self.config, config)
        if (config.tracker.tls_cert is None) != (self.parts.tls is None):
            yield "tracker.tls_cert"
        if self.parts.password.takes_restart(config.tracker.admin_password_file):
            yield "tracker.admin_password_file"

    def _put_in_force(self, config: Config) -> None:
        rules, files = Rules.from_config(config), well_known.load(config)
        put_password_in_force = self.parts.password.prepare(config.tracker.admin_password_file)
        self._renew(config)
        put_password_in_force()
        self.config, self.rules, self.well_known = config, rules, files

    def _renew(self, config: Config) -> None:
        certificate = config.tracker.tls_cert
        if self.parts.tls is not None and certificate is not None:
            certificates.renew(self.parts.tls, certificate, config.tracker.tls_key)
