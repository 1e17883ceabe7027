"""The machine: whether its clock is kept right, and how many files a service may open.

Owns: asking the kernel, and the store for the latest that was counted.
Does not own: whether a purge believes the clock (`tracker.retention.clock`), or sharing out descriptors
(`config.service.descriptors`).
"""

import contextlib
import ctypes
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from config.schema import Config, StoreConfig
from config.service import descriptors
from tracker.store import database
from waypost_doctor.findings import Kind, Result, Topic, found, ok, untried
from waypost_doctor.installation.ports import holders
from waypost_doctor.patient import Patient

_LATEST = "SELECT max(sent_s) FROM messages"
BEHIND_S = 600.0
"""By how much the clock may be behind the latest message."""
TIMEX_OCTETS = 208
"""sizeof(struct timex) on 64-bit Linux (adjtimex(2)); zeros ask without changing anything."""
TIME_ERROR = 5
"""The clock is not synchronised to a reliable server (adjtimex(2))."""


def test(patient: Patient) -> Iterator[Result]:
    """Yield what is to be said of clock and descriptors."""
    yield from _clock(patient)
    wanted = patient.config.proxy.max_sessions
    allowed = [*_of_running(patient.config)] or [("this user", descriptors.allowed())]
    for who, most in allowed:
        sessions = descriptors.for_mail(min(most, descriptors.MOST_WANTED))
        told = f"{who} may open {most} files, enough for {sessions} sessions of max_sessions = {wanted}"
        enough = sessions >= wanted
        yield ok(Topic.MACHINE, told) if enough else found(Kind.DESCRIPTORS_FEW, told)


def _clock(patient: Patient) -> Iterator[Result]:
    latest_s, now_s = _latest_s(patient.config.store), time.time()
    if latest_s > now_s + BEHIND_S:
        latest = datetime.fromtimestamp(latest_s, UTC)
        yield found(
            Kind.CLOCK_BEHIND,
            f"it is {datetime.now(UTC):%F %T}; the latest message: {latest:%F %T}",
        )
        return
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_OCTETS))
    if state == TIME_ERROR:
        yield found(Kind.CLOCK_ALONE, "the kernel knows of nothing that keeps the clock right")
    elif state < 0:
        yield untried(
            Topic.MACHINE, "whether the clock is kept right: the kernel may not be asked here"
        )
    else:
        yield ok(Topic.MACHINE, "the clock is kept right")


def _latest_s(store: StoreConfig) -> float:
    """Return when the latest message of the store was sent, seconds since 1970; 0: there is none."""
    try:
        with database.reading(store) as db:
            return float(db.execute(_LATEST).fetchone()[0] or 0)
    except (database.StoreError, OSError):
        return 0.0


def _of_running(config: Config) -> Iterator[tuple[str, int]]:
    """Yield the processes that take our mail, as far as this user sees them, and their limits."""
    proxy = config.proxy
    for port in {each.port for each in (*proxy.listen, *proxy.listen_tls)}:
        for process in holders(port):
            with contextlib.suppress(OSError, ValueError):
                limits = (process / "limits").read_text().splitlines()
                (line,) = [each for each in limits if each.startswith("Max open files")]
                yield f"process {process.name}", int(line.split()[4])
