"""What a service and systemd tell each other: readiness, watchdog, inherited sockets.

Owns: the notification protocol (sd_notify(3)), the watchdog's interval (sd_watchdog_enabled(3)) and
socket activation (sd_listen_fds(3)), all by environment variables and file descriptors, and the
signals that stop a service. Without systemd all of it but the signals does nothing.
Does not own: when a service is ready, or what it does with a socket (`proxy.server.server`,
`tracker.app.app`).
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping

FIRST_DESCRIPTOR = 3
"""SD_LISTEN_FDS_START: inherited sockets are numbered from here."""
PROXY, PROXY_TLS, TRACKER = "listen", "listen_tls", "tracker_listen"
"""`FileDescriptorName=` of the socket units, for the listeners of those keys."""

Sockets = dict[str, list[socket.socket]]


def notify(*states: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send `NAME=value` states to systemd in one message; return whether they were sent.

    Not being run by systemd, or systemd being gone, is no error: the result is False.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):  # a name in the abstract namespace begins with NUL
        address = "\0" + address[1:]
    message = "\n".join(states).encode()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.connect(address)
            out.sendall(message)
    except OSError:
        return False
    return True


def status(text: str) -> bool:
    """Show a text, in one line, in `systemctl status`; return as `notify` does."""
    return notify(f"STATUS={' '.join(text.split())}")


def ready(status: str = "") -> bool:
    """Tell systemd that the service is ready; return as `notify` does."""
    return notify("READY=1", f"STATUS={status}")


def stopping(status: str = "") -> bool:
    """Tell systemd that the service is finishing its work; return as `notify` does."""
    return notify("STOPPING=1", f"STATUS={status}")


def watchdog_interval_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return the seconds between reports of being alive: half of what systemd waits for.

    None if systemd wants no reports.
    """
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or microseconds == "0":
        return None
    return int(microseconds) / 2_000_000


async def report_alive() -> None:
    """Report being alive as long as the event loop runs; return at once if no reports are wanted.

    A loop that is stuck does not report, and systemd restarts the service.
    """
    interval_s = watchdog_interval_s()
    while interval_s is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval_s)


@contextlib.asynccontextmanager
async def service() -> AsyncIterator[asyncio.Event]:
    """Yield an event that SIGTERM and SIGINT set, and keep systemd informed while the block runs.

    It is told that we are alive, and when we begin to stop.
    """
    stop = asyncio.Event()

    def begin_to_stop() -> None:
        stopping()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, begin_to_stop)
    alive = asyncio.create_task(report_alive())
    try:
        yield stop
    finally:
        alive.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await alive


def inherited_sockets(environ: Mapping[str, str] = os.environ) -> Sockets:
    """Return the sockets that systemd opened for us, by their `FileDescriptorName=`.

    Call it once: each socket object owns its descriptor from then on. Child processes do not
    inherit them.
    """
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    found: Sockets = {}
    for index in range(int(count)):
        name = names[index] if index < len(names) else ""
        found.setdefault(name, []).append(_adopt(FIRST_DESCRIPTOR + index))
    return found


def _adopt(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only in the stdlib
    adopted = socket.socket(fileno=descriptor)
    adopted.settimeout(0)
    return adopted
