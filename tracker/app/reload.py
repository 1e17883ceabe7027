"""What a reload changes in a tracker that runs, and what has to wait for a restart.

Owns: the order in which a new configuration is put in force, all of it or nothing.
Does not own: reading it (`config.loading.load`), the signal (`config.service.reload`), or the parts
that it is for (`app` and `parts` make them).
"""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from config.keys import certificates
from config.keys.secret_files import KeyFileError
from config.loading.load import ConfigError
from config.schema import Config
from config.service.reload import changed, keep, tell
from config.telemetry import observe
from tracker.admin.admin import Admin
from tracker.app.admin_password import AdminPassword
from tracker.decisions.destinations import Destinations
from tracker.feeding.process import FeedProcess
from tracker.listener.admission import Admission
from tracker.records.watch import Refreshable
from tracker.redirect import well_known
from tracker.redirect.redirector import Redirector, Rules

TAKE_RESTART = (
    "tracker.listen",
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
"""Keys whose values at the start stay: of sockets, files and a log that are open."""


@dataclass(frozen=True, slots=True)
class Reload:
    """The parts of a tracker that a configuration changes; without `tls` readers come over HTTP."""

    keys: Refreshable
    password: AdminPassword
    tls: ssl.SSLContext | None
    app: Redirector
    destinations: Destinations
    readers: Admission
    reader_bounds: Callable[[Config], tuple[int, int]]
    admin: Admin
    feeder: FeedProcess

    def reload(self, read: Callable[[], Config]) -> None:
        """Put in force what `read` returns, and log what of it takes a restart, or why none of it is."""
        self.keys.refresh()
        try:
            config = read()
            waiting = list(self._take_restart(config))
            self._put_in_force(keep(TAKE_RESTART, self.admin.config, config))
        except (ConfigError, KeyFileError, OSError, ValueError) as error:
            observe.log(observe.TRACKER_NOT_RELOADED, problems=str(error))
            tell("tracker", refused=str(error))
            return
        observe.log(observe.TRACKER_RELOADED)
        tell("tracker", waiting=waiting)
        if waiting:
            observe.log(observe.RESTART_NEEDED, service="tracker", keys=waiting)

    def _take_restart(self, config: Config) -> Iterator[str]:
        """Return the keys whose new values are not in force before a restart."""
        yield from changed(TAKE_RESTART, self.admin.config, config)
        if (config.tracker.tls_cert is None) != (self.tls is None):
            yield "tracker.tls_cert"
        if self.password.takes_restart(config.tracker.admin_password_file):
            yield "tracker.admin_password_file"

    def _put_in_force(self, config: Config) -> None:
        """Change everything; raises KeyFileError, OSError and ValueError, and then changes nothing."""
        rules, files = Rules.from_config(config), well_known.load(config)
        put_password_in_force = self.password.prepare(config.tracker.admin_password_file)
        self._renew(config)
        put_password_in_force()
        self.app.rules, self.app.well_known = rules, files
        self.destinations.configure(config)
        self.readers.trust(config.tracker.trusted_proxies)
        self.readers.limit(*self.reader_bounds(config))
        self.admin.config = config
        self.feeder.configure(config)

    def _renew(self, config: Config) -> None:
        certificate = config.tracker.tls_cert
        if self.tls is not None and certificate is not None:
            certificates.renew(self.tls, certificate, config.tracker.tls_key)
