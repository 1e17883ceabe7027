"""Calling the relay at one address: connection, greeting, EHLO, TLS.

Owns: what counts as unreachable and why, the TLS modes of `[relay] tls` and the check of the
certificate, what the relay offers (RFC 5321 §4.1.1.1).
Does not own: which address is called when (`failover`), or anything said on the connection after that
(`session`).

aiosmtplib does the talking up to there; then a `connection` takes the transport over (ADR 0005).
"""

import asyncio
import functools
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self, cast

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.esmtp import parse_esmtp_extensions

from config.addresses import is_loopback
from config.keys.certificates import load_chain
from config.keys.secret_files import usable_path
from config.schema import RelayConfig
from config.values import Address
from proxy.relay.connection import RelayConnection
from proxy.smtp.replies import CLOSING_CODE, is_ourselves


class Unavailable(StrEnum):
    """Why the relay cannot be had at an address."""

    NAME = "name"
    """Its name has no address."""
    CONNECT = "connect"
    """Nothing listens there, or the network does not reach it."""
    TIMED_OUT = "timed_out"
    """No connection, greeting or answer in time."""
    DISCONNECTED = "disconnected"
    """It hung up before it was ready."""
    REFUSED = "refused"
    """It answered the connection, EHLO and HELO with a refusal."""
    NO_TLS = "no_tls"
    """`tls = "required"`, and it offers no STARTTLS or refused it."""
    CERTIFICATE = "certificate"
    """Its certificate did not verify."""
    TLS = "tls"
    """The TLS handshake failed for another reason."""
    OURSELVES = "ourselves"
    """It is this very Waypost: the configuration points in a circle."""
    PROTOCOL = "protocol"
    """What it said makes no sense."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One address that was tried in vain."""

    address: Address
    cause: Unavailable
    detail: str

    def __str__(self) -> str:
        return f"{self.address}: {self.cause}: {self.detail}"


class AttemptFailed(ConnectionError):
    """One address gave no session."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(str(attempt))
        self.attempt = attempt


class RelayUnavailable(ConnectionError):
    """No address of the relay gave a session. `attempts` has one entry per address tried.

    The text is for the log; a client is told only that the relay cannot be reached.
    """

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        super().__init__("; ".join(map(str, attempts)))
        self.attempts = attempts


@dataclass(frozen=True, slots=True)
class Contact:
    """A relay that is ready for commands."""

    connection: RelayConnection
    address: Address
    capabilities: dict[str, str]
    """What it offers now: keyword in upper case → its parameters as written."""
    tls: bool
    verified: bool
    """Its certificate is valid, and names the relay of the configuration."""
    loopback: bool
    """It runs on this machine, so that nobody can listen in between."""


def capabilities_of(hello: str) -> dict[str, str]:
    """Read the text lines of an EHLO reply, the first being the relay's name.

    RFC 5321 §4.1.1.1 allows only ASCII in them; other lines offer nothing.
    """
    ascii_lines = [line for line in hello.split("\n")[1:] if line.isascii()]
    offered, mechanisms = parse_esmtp_extensions("\n".join(("", *ascii_lines)))
    found = {keyword.upper(): params for keyword, params in offered.items()}
    if mechanisms:  # some relays say AUTH twice, and less in the old form, `AUTH=`
        found["AUTH"] = " ".join(dict.fromkeys(name.upper() for name in mechanisms))
    return found


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to call: one address of a name, as `socket.getaddrinfo` returns it.

    Without `sockaddr`, the name is still to be looked up.
    """

    address: Address
    family: int = socket.AF_UNSPEC
    protocol: int = 0
    sockaddr: tuple[str, int] | tuple[str, int, int, int] | None = None


async def look_up(address: Address) -> tuple[Endpoint, ...]:
    """Return the addresses of a name. Raises AttemptFailed."""
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(*address, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AttemptFailed(Attempt(address, Unavailable.NAME, str(error))) from None
    return tuple(
        Endpoint(address, family, protocol, cast("tuple[str, int]", sockaddr))
        for family, _, protocol, _, sockaddr in infos
    )


async def call(config: RelayConfig, hostname: str, endpoint: Endpoint) -> Contact:
    """Return the relay at `endpoint`, ready for mail; `hostname` is our name in EHLO.

    It may take `connect_timeout` in all. Raises AttemptFailed.
    """
    try:
        async with asyncio.timeout(config.connect_timeout):
            return await _Call(config, hostname, endpoint).place()
    except (OSError, SMTPException, ValueError) as error:
        raise AttemptFailed(Attempt(endpoint.address, *_explain(error))) from error


class _Call:
    """One attempt at one address, from connect to the last EHLO."""

    def __init__(self, config: RelayConfig, hostname: str, endpoint: Endpoint) -> None:
        if endpoint.sockaddr is None:
            raise ValueError("an address is called, not a name")
        self._config = config
        self._hostname = hostname
        self._address = endpoint.address
        self._family, self._protocol = endpoint.family, endpoint.protocol
        self._sockaddr = endpoint.sockaddr
        self._loopback = is_loopback(self._sockaddr[0])
        self._client: SMTP | None = None
        self._sock: socket.socket | None = None

    async def place(self) -> Contact:
        """Return a relay that is ready for commands; leaves nothing open where it raises.

        Raises OSError, SMTPException or ValueError.
        """
        try:
            return await self._place()
        except BaseException:
            self._hang_up()
            raise

    async def _place(self) -> Contact:
        mode = self._config.tls
        context = None if mode == "none" else await asyncio.to_thread(self._context)
        await self._connect()
        self._client = client = SMTP(
            hostname=self._address.host,
            sock=self._sock,
            local_hostname=self._hostname,
            use_tls=mode == "implicit",
            start_tls=False,
            tls_context=context,
            timeout=self._config.connect_timeout,
        )
        greeting = await client.connect()
        if is_ourselves(greeting.message):
            raise _Ourselves("the relay is this very Waypost: mail would go round for ever")
        await self._hello(client)
        tls = mode == "implicit" or (mode != "none" and await self._start_tls(client))
        if client.transport is None:
            raise SMTPServerDisconnected("hung up after EHLO")
        hello = client.last_ehlo_response
        return Contact(
            connection=RelayConnection.adopt(client.transport),
            address=self._address,
            capabilities=capabilities_of(hello.message) if hello else {},
            tls=tls,
            verified=tls and context is not None and context.verify_mode is ssl.CERT_REQUIRED,
            loopback=self._loopback,
        )

    async def _connect(self) -> None:
        self._sock = socket.socket(self._family, socket.SOCK_STREAM, self._protocol)
        self._sock.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        await asyncio.get_running_loop().sock_connect(self._sock, self._sockaddr)

    async def _hello(self, client: SMTP) -> None:
        """RFC 5321 §3.2: EHLO, and HELO where the relay does not know it."""
        try:
            await client.ehlo()
        except SMTPHeloError as refusal:
            if refusal.code == CLOSING_CODE:
                raise
            await client.helo()

    async def _start_tls(self, client: SMTP) -> bool:
        """Encrypt as the mode demands (RFC 3207); return whether the connection is encrypted."""
        required = self._config.tls == "required"
        if not client.supports_extension("starttls"):
            if required:
                raise _NoTls("the relay offers no STARTTLS")
            return False
        try:
            await client.starttls()
        except SMTPResponseException as refusal:
            if required:
                raise _NoTls(
                    f"the relay refused STARTTLS: {refusal.code} {refusal.message}"
                ) from None
            return False
        await self._hello(client)
        return True

    def _context(self) -> ssl.SSLContext:
        # Opportunistic TLS to this very machine guards against nobody, and the certificate
        # that a mail server makes for itself at installation never verifies.
        excused = self._loopback and self._config.tls == "opportunistic"
        own = ClientCertificate.of(self._config)
        return tls_context(self._config.verify and not excused, self._config.ca_file, own)

    def _hang_up(self) -> None:
        if self._client is not None and self._client.transport is not None:
            cast("asyncio.WriteTransport", self._client.transport).abort()
        elif self._sock is not None:
            self._sock.close()


class _Ourselves(SMTPException):
    """What answers as the relay is this very Waypost."""


class _NoTls(SMTPException):
    """TLS is required and cannot be had."""


_CAUSES: tuple[tuple[tuple[type[Exception], ...], Unavailable], ...] = (
    ((ssl.SSLCertVerificationError,), Unavailable.CERTIFICATE),
    ((ssl.SSLError,), Unavailable.TLS),
    ((_NoTls,), Unavailable.NO_TLS),
    ((_Ourselves,), Unavailable.OURSELVES),
    ((SMTPResponseException,), Unavailable.REFUSED),
    ((SMTPTimeoutError, TimeoutError), Unavailable.TIMED_OUT),
    ((SMTPServerDisconnected, ConnectionResetError, BrokenPipeError), Unavailable.DISCONNECTED),
    ((OSError,), Unavailable.CONNECT),
)
"""From the particular to the general: the first that fits names the cause."""


def _explain(error: Exception) -> tuple[Unavailable, str]:
    """Return the named cause of a failure, and what the log says to help."""
    deepest: BaseException = error
    while isinstance(deepest.__cause__, Exception):
        deepest = deepest.__cause__
    cause = next((c for types, c in _CAUSES if isinstance(deepest, types)), Unavailable.PROTOCOL)
    unnamed = "no answer in time" if cause is Unavailable.TIMED_OUT else type(deepest).__name__
    detail = str(deepest) or str(error) or unnamed
    if isinstance(deepest, ssl.SSLCertVerificationError):
        detail = (
            f"the relay's certificate does not verify: {deepest.verify_message}"
            " (set relay.ca_file to the authority that issued it,"
            " or relay.host to the name it was issued for)"
        )
    elif isinstance(deepest, SMTPResponseException) and deepest.code < 0:  # aiosmtplib's own codes
        cause, detail = Unavailable.PROTOCOL, deepest.message
    elif isinstance(deepest, SMTPResponseException):
        detail = f"{deepest.code} {deepest.message}"
    return cause, detail


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What we show to a relay that asks who we are; `key` is None where it is in the same file."""

    cert: Path
    key: Path | None

    @classmethod
    def of(cls, config: RelayConfig) -> Self | None:
        """Return the one that is configured."""
        return cls(config.client_cert, config.client_key) if config.client_cert else None


def tls_context(
    verify: bool,  # noqa: FBT001
    ca_file: Path | None,
    own: ClientCertificate | None = None,
) -> ssl.SSLContext:
    """Return the context for connections to the relay; read anew when a file of it has changed."""
    files = [ca_file, *((own.cert, own.key) if own else ())]
    stamps_ns = tuple(_changed_ns(file) for file in files if file)
    return _cached_context(verify, ca_file, own, stamps_ns)


def _changed_ns(file: Path) -> int:
    try:
        return usable_path(file).stat().st_mtime_ns
    except OSError:  # in a folder that root alone may enter, and did
        return 0


@functools.lru_cache(maxsize=16)
def _cached_context(
    verify: bool,  # noqa: FBT001
    ca_file: Path | None,
    own: ClientCertificate | None,
    _stamps_ns: tuple[int, ...],
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if own is not None:
        load_chain(context, own.cert, own.key)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
