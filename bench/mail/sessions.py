"""Memory of the proxy with 200 sessions, each of which has sent a message and stays.

python -m bench.mail.sessions [SESSIONS]
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.support.mail import Author
from bench.support.processes import memory_mb
from bench.support.sink import smtp_sink
from bench.support.smtp_clients import client
from bench.support.table import Row, Section, Target, text
from bench.support.waypost import services

SESSIONS, MOST_SESSIONS = 200, 400
MESSAGE_OCTETS, LINKS = 5_000, 6
TARGET = Target(90, "MB", at_least=False)


async def with_sessions(port: int, pids: tuple[int, ...], sessions: int) -> float:
    """Return the memory, in MB, while so many sessions stay after a message each."""
    author = Author(int(time.time()))
    async with AsyncExitStack() as stack:
        for _ in range(sessions):
            one = await stack.enter_async_context(client(port))
            mail = author.newsletter(MESSAGE_OCTETS, LINKS)
            if (code := await one.data(mail.content, mail.recipient)) != 250:
                raise SystemExit(f"the proxy answers a message with {code}")
        await asyncio.sleep(1)
        return memory_mb(pids)


def section(sessions: int = SESSIONS) -> Section:
    """Measure a proxy before them and with them."""
    with (
        tempfile.TemporaryDirectory() as name,
        smtp_sink() as sink,
        services(
            Path(name),
            sink.port,
            proxy=f"workers = 1\nmax_sessions_per_address = {sessions}",
            tracker=False,
        ) as proxy,
    ):
        idle = memory_mb(proxy.pids)
        busy = uvloop.run(with_sessions(proxy.port, proxy.pids, sessions))
    rows = [
        Row("just started", f"{idle:.0f} MB"),
        Row(
            f"{sessions} sessions",
            f"{busy:.0f} MB",
            f"{(busy - idle) / sessions * 1000:.0f} KB a session",
            TARGET if sessions == SESSIONS else None,
            busy,
        ),
    ]
    return Section("Resident memory of the proxy's processes", rows, {"idle": idle, "busy": busy})


def main() -> None:
    """Print the table of this part."""
    parser = argparse.ArgumentParser(description="Memory of the proxy with many sessions.")
    parser.add_argument(
        "sessions", nargs="?", type=int, default=SESSIONS, help="how many (%(default)s)"
    )
    asked = parser.parse_args()
    if not 0 < asked.sessions <= MOST_SESSIONS:
        parser.error(f"{asked.sessions} sessions: 1 to {MOST_SESSIONS} can be measured")
    print(text([section(asked.sessions)]))


if __name__ == "__main__":
    main()
