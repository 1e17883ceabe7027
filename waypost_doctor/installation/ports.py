"""Whether the configured addresses can be listened on, or our own services listen there.

Owns: trying each address, and telling our services from other programs by what they answer.
Does not own: opening sockets for good (`proxy.server.sockets`, `tracker.listener.sockets`), or
whether anybody else reaches them (`public_name`).
"""

import contextlib
import errno
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

from config.addresses import within
from config.schema import Config
from config.values import Address
from waypost_doctor.findings import Kind, Result, Topic, found, ok
from waypost_doctor.patient import Patient

ANSWER_S = 2.0
"""How long a service on this machine may take to answer."""
MOST_OCTETS = 1024
GREETINGS = (b"220 ", b"421 ")
"""Of SMTP, after which a server waits for us."""

Ours = Callable[[Address], bool]


def test(patient: Patient) -> Iterator[Result]:
    """Yield what is to be said of each address."""
    config = patient.config
    for key, addresses, is_ours in listeners(config):
        for address in addresses:
            yield _tried(config, f"{key} {address}", address, is_ours)


def listeners(
    config: Config, answer_s: float = ANSWER_S
) -> Iterator[tuple[str, tuple[Address, ...], Ours]]:
    """Yield each key with addresses to listen on, these, and what tells our service from others.

    `answer_s` is how long a service may take to answer.
    """

    def takes_mail(*, tls: bool) -> Ours:
        return lambda address: _is_our_proxy(config, address, answer_s, tls=tls)

    def is_healthy(*, tls: bool) -> Ours:
        return lambda address: _is_our_tracker(address, answer_s, tls=tls)

    proxy, tracker = config.proxy, config.tracker
    yield "[proxy] listen", proxy.listen, takes_mail(tls=False)
    yield "[proxy] listen_tls", proxy.listen_tls, takes_mail(tls=True)
    yield "[tracker] listen", tracker.listen, is_healthy(tls=tracker.tls_cert is not None)
    yield "[tracker] admin_listen", tracker.admin_listen, is_healthy(tls=False)


def _tried(config: Config, named: str, address: Address, is_ours: Ours) -> Result:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    both = config.takes_ipv4(address)
    try:
        socket.create_server(address, family=family, dualstack_ipv6=both).close()
    except OSError as error:
        return _refused(named, address, error, is_ours)
    return ok(Topic.PORTS, f"{named} is free: no service runs there now")


def _refused(named: str, address: Address, error: OSError, is_ours: Ours) -> Result:
    if error.errno == errno.EADDRINUSE:
        if is_ours(address):
            return ok(Topic.PORTS, f"{named}: our service answers")
        holder = _holder(address.port)
        by = f" by {holder}" if holder else ""
        return found(Kind.PORT_TAKEN, f"{named} is taken{by}, which does not answer as Waypost")
    kinds = {errno.EACCES: Kind.PORT_FORBIDDEN, errno.EPERM: Kind.PORT_FORBIDDEN}
    kind = kinds.get(error.errno or 0, Kind.ADDRESS_NOT_HERE)
    return found(kind, f"{named}: {error.strerror}")


def near(address: Address) -> Address:
    """Return where a listener on this machine is reached from it."""
    if address.host.lower() == "localhost":
        return Address("127.0.0.1", address.port)
    if not ip_address(address.host.partition("%")[0]).is_unspecified:
        return address
    return Address("::1" if ":" in address.host else "127.0.0.1", address.port)


def _is_our_proxy(config: Config, address: Address, answer_s: float, *, tls: bool) -> bool:
    """Return whether what listens greets as our proxy does."""
    place = near(address)
    header = within(ip_address(place.host), config.proxy.proxy_protocol_networks)
    said = _answer(place, b"PROXY UNKNOWN\r\n" if header else b"", answer_s, tls=tls)
    name = re.escape(config.proxy.hostname or "")
    return re.match(rf"(220 {name} ESMTP [0-9a-f]{{16}}|421 {name} )", said) is not None


def _is_our_tracker(address: Address, answer_s: float, *, tls: bool) -> bool:
    """Return whether what listens answers a question for its health as our tracker does."""
    asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    said = _answer(near(address), asked, answer_s, tls=tls)
    return said.startswith("HTTP/1.1 200 ") and said.endswith("\r\n\r\nok\n")


def _answer(address: Address, asked: bytes, answer_s: float, *, tls: bool) -> str:
    """Return what a server says until it is silent or has said enough; "" where it says nothing."""
    said = b""
    with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
        sock = opened.enter_context(socket.create_connection(address, answer_s))
        if tls:
            sock = opened.enter_context(_unverified().wrap_socket(sock))
        sock.sendall(asked)
        while len(said) < MOST_OCTETS and not (said.endswith(b"\n") and said.startswith(GREETINGS)):
            octets = sock.recv(MOST_OCTETS)
            if not octets:
                break
            said += octets
    return said.decode("latin-1")


def _unverified() -> ssl.SSLContext:
    """Return a context for our own listener, called by its address: its name is no matter here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _holder(port: int) -> str:
    """Return the program that listens on a port, as far as this user may see that; else ""."""
    for process in holders(port):
        with contextlib.suppress(OSError):
            return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def holders(port: int) -> Iterator[Path]:
    """Yield the folders in /proc of processes that listen on a port, as far as this user sees them."""
    sockets = set(_inodes(port))
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        if not sockets.isdisjoint(_opened(process)):
            yield process


def _opened(process: Path) -> Iterator[str]:
    """Yield what a process has open; nothing where this user may not see that."""
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(process / "fd"):  # noqa: PTH208 - names are all that is wanted
            with contextlib.suppress(OSError):  # closed meanwhile
                yield str((process / "fd" / descriptor).readlink())


def _inodes(port: int) -> Iterator[str]:
    """Yield the sockets that listen on a port, as /proc/PID/fd names them (proc(5))."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                is_listening = fields[3] == "0A"
                if is_listening and int(fields[1].rpartition(":")[2], 16) == port:
                    yield f"socket:[{fields[9]}]"
