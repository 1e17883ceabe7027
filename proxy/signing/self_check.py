"""A check at start that our signatures verify: dkimpy reads a message that we signed.

Owns: the message that is tried, and handing dkimpy the public key without DNS.
Does not own: whether the key that is published is this one (`waypost dns --check`).
"""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Protocol

DNS = "dkim.dnsplug"
"""What of dkimpy asks the DNS: with its library, five times as long to import as all else of it."""

PROBE_MESSAGE = (
    b"From: Waypost <probe@%b>\r\n"
    b"To: probe@%b\r\n"
    b"Subject:  a  probe \r\n\tfolded\r\n"
    b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
    b"Message-ID: <probe@%b>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n"
    b"List-Unsubscribe: <https://%b/unsubscribe>\r\n"
    b"\r\n"
    b'  <a href="https://%b/">white \t space</a> \r\n'
    b".\r\n"
    b"\r\n"
    b"\r\n"
)


class Probed(Protocol):
    """What is known here of a `Signer`."""

    @property
    def domain(self) -> str:
        """See `Signer.domain`."""

    @property
    def record_name(self) -> str:
        """See `Signer.record_name`."""

    @property
    def record(self) -> str:
        """See `Signer.record`."""

    def sign(self, message: bytes, now_s: int | None = None) -> bytes:
        """See `Signer.sign`."""


class ProbeFailed(ValueError):
    """What we sign does not verify: signing must not begin."""


def probe(signer: Probed) -> None:
    """Sign a message and have dkimpy verify it; raises ProbeFailed. Takes some 10 ms."""
    dkim = _dkimpy()
    domain = signer.domain.encode("ascii")
    signed = signer.sign(PROBE_MESSAGE.replace(b"%b", domain))
    name = f"{signer.record_name}."

    def published(asked: bytes, timeout: int = 0) -> bytes | None:  # noqa: ARG001 - dkimpy's signature
        return signer.record.encode() if asked.decode("ascii").lower() == name.lower() else None

    try:
        verified = dkim.DKIM(signed).verify(dnsfunc=published)
    except dkim.DKIMException as error:
        raise ProbeFailed(f"{signer.record_name}: {error}") from error
    if not verified:
        raise ProbeFailed(f"{signer.record_name}: dkimpy finds the signature invalid")


def _dkimpy() -> ModuleType:
    """Return dkimpy, imported now, and without the DNS where it can do without."""
    if "dkim" not in sys.modules:
        with _not_installed(DNS), contextlib.suppress(ImportError, RuntimeError):
            return importlib.import_module("dkim")
    return importlib.import_module("dkim")


@contextlib.contextmanager
def _not_installed(module: str) -> Iterator[None]:
    """Have an import of `module`, which nobody imported yet, fail meanwhile."""
    sys.modules[module] = None  # type: ignore[assignment]  # importing it then fails
    try:
        yield
    finally:
        del sys.modules[module]
