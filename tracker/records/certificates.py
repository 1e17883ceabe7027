"""Certificates that are renewed while a listener uses them: in force within seconds, unasked.

Owns: noticing that the files of certificate or key changed, and that a pair which does not work
together (one of the two was just written) is tried again, the former one staying in force.
Does not own: loading them (`config.keys.certificates`), or which files are named (a reload).
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from config.keys import certificates
from config.keys.secret_files import usable_path
from config.telemetry.observe import FILE_RELOADED, FILE_UNUSABLE, log
from tracker.records.watch import INTERVAL_S, file_version

PATIENCE_S = 10.0
"""How long a certificate and a key may not fit together before the log is told: tools that renew
write one after the other."""


class InForce(NamedTuple):
    """What a listener uses, and the files it is from; `key` is None where the certificate holds it."""

    context: ssl.SSLContext
    certificate: Path
    key: Path | None


Version = tuple[tuple[int, int, int] | None, ...]
"""What differs once one of the files has changed."""


class Renewal:
    """Looks after the certificate of a listener; `in_force` returns it, None where there is none.

    Another context than before has just been loaded.
    """

    def __init__(self, in_force: Callable[[], InForce | None]) -> None:
        self._in_force = in_force
        self._context: ssl.SSLContext | None = None
        self._seen: Version = ()
        self._failed_s = 0.0
        self._told: Version = ()

    def look(self, waited_s: float = INTERVAL_S) -> None:
        """Look at the files once, `waited_s` after the last time; load them if they changed."""
        found = self._in_force()
        if found is None:
            return
        seen = _version(found)
        if found.context is not self._context:
            self._context, self._seen = found.context, seen
        elif seen != self._seen and None not in seen:
            self._load(found, seen, waited_s)

    def _load(self, found: InForce, seen: Version, waited_s: float) -> None:
        try:
            certificates.renew(found.context, found.certificate, found.key)
        except (OSError, ValueError) as error:
            self._failed_s += waited_s
            if self._failed_s >= PATIENCE_S and seen != self._told:
                log(FILE_UNUSABLE, path=str(found.certificate), error=str(error))
                self._told = seen
            return
        self._seen, self._failed_s = seen, 0.0
        log(FILE_RELOADED, path=str(found.certificate))


def _version(found: InForce) -> Version:
    paths = (found.certificate, found.key) if found.key else (found.certificate,)
    return tuple(file_version(usable_path(path)) for path in paths)


@contextlib.asynccontextmanager
async def renewing(in_force: Callable[[], InForce | None]) -> AsyncIterator[None]:
    """Have a listener's certificate renewed while the block runs.

    All is done in the event loop, as no handshake may begin while a context is changed; a look is
    two calls of stat(2).
    """
    renewal = Renewal(in_force)
    renewal.look()
    looking = asyncio.create_task(_repeatedly(renewal))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait([looking])


async def _repeatedly(renewal: Renewal) -> None:
    while True:
        await asyncio.sleep(INTERVAL_S)
        renewal.look()
