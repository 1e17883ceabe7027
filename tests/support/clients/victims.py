"""Processes that a test kills: a writer of clicks, an ingester, one of a node, one with a stream, and an upgrade.

They are functions, run by a fork server that has everything imported, so that a test can kill
hundreds of them in seconds.
"""

import multiprocessing
import os
import threading
import time
from collections import deque
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from config.schema import Config, StoreConfig, StreamConfig
from tracker.events import Clicked, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.feeding.feeding import Feeding
from tracker.first_form import upgrade
from tracker.first_form.upgrade import Watch
from tracker.ingest.ingester import Ingester
from tracker.spool.writer import Spool

SENT_S = int(time.time())
IN_FLIGHT = 20
PAUSE_S = 0.005
"""After each message with its ten clicks: what is written in seconds is recounted one by one."""


def context() -> ForkServerContext:
    """Return the fork server, with what victims need imported."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["tests.support.clients.victims"])
    return server


def config(folder: Path) -> Config:
    """Return a configuration of a store in `folder`."""
    return Config(store=StoreConfig(url=f"sqlite:///{folder}/waypost.db"))


def start(server: ForkServerContext, target: Any, *arguments: Any) -> BaseProcess:
    """Start a victim."""
    process = server.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def write(folder: Path, name: str) -> None:
    """Append messages and clicks without end; note ids in `folder`/acknowledged when durable."""
    spool = Spool.open(config(folder).store.spool_dir, "tracker")
    notes = os.open(folder / "acknowledged", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    waiting = deque([(f"{name}-first", spool.append(_click(f"{name}-first", f"{name}-m0", 0)))])
    number = 0
    while True:
        message_id, person = f"{name}-m{number // 10}", f"reader{number // 10 % 50}@example.net"
        if number % 10 == 0:
            time.sleep(PAUSE_S)
            spool.append(
                MessagePending(
                    *(message_id, float(SENT_S), "example.com", f"campaign {number // 10 % 3}"),
                    shared=False,
                    recipients=(Recipient(1, person),),
                    links=(SentLink(1, "https://example.net/", None, "here"),),
                )
            )
            spool.append(MessageAccepted(message_id, float(SENT_S), (1,)))
        click = _click(f"{name}-{number}", message_id, number)
        waiting.append((click.event_id, spool.append(click)))
        number += 1
        if len(waiting) > IN_FLIGHT:
            event_id, future = waiting.popleft()
            future.result(30)
            os.write(notes, f"{event_id}\n".encode())


def _click(event_id: str, message_id: str, number: int) -> Clicked:
    return Clicked(
        event_id=event_id,
        at_s=SENT_S + number,
        message_id=message_id,
        recipient=1,
        link=1,
        sent_at_s=SENT_S,
        destination="https://example.net/",
        method="GET",
        human=number % 3 != 0,
        reasons=() if number % 3 else ("head",),
        ip=None,
        user_agent="Browser/1",
    )


def ingest(folder: Path) -> None:
    """Feed the store without end."""
    Ingester(config(folder)).run(threading.Event())


def feed_node(node: Config) -> None:
    """Feed the store that nodes share from one of them, and share decisions, without end.

    What it logs goes to a file of the node.
    """
    log = os.open(node.store.file("feeder.log"), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with Feeding(node, "feed"):
        threading.Event().wait()


def stream(folder: Path, url: str) -> None:
    """Feed the store, and send its stream, without end."""
    streamed = config(folder).model_copy(update={"stream": StreamConfig(url=url)})
    with Feeding(streamed, "feed"):
        threading.Event().wait()


def upgrade_store(path: Path, told: Connection) -> None:
    """Upgrade a store, telling how far it is before each chunk."""
    upgrade.run(path, Watch(tell=told.send))
