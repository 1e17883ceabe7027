"""A whole Waypost in a folder: keys, configuration, a relay that keeps what it gets."""

import atexit
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from config.schema import StoreConfig
from tests.support.clients.programs import WAYPOST, free_port, running, waypost
from tests.support.waiting import until
from tracker.store import database

CONFIG = """\
[proxy]
listen = ["127.0.0.1:{smtp}"]
{proxy}
[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[tracking]
base_url = "http://127.0.0.1:{http}"
{tracking}
[tracker]
listen = ["127.0.0.1:{http}"]
admin_listen = ["127.0.0.1:{admin}"]
{tracker}
[store]
{store}
[keys]
file = "{folder}/token.keys"
[[sender]]
domain = "example.com"
[[sender.dkim]]
selector = "waypost1"
key_file = "{folder}/dkim.pem"
"""


@cache
def initialised() -> Path:
    """Return a folder that `waypost init` made, once for all tests: keys take their time."""
    folder = Path(tempfile.mkdtemp(prefix="waypost-init-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = waypost("init", folder / "made", "--domain", "example.com")
    assert made.returncode == 0, made.stderr.decode()
    return folder / "made"


@dataclass
class Stack:
    """Ports and files of one Waypost; `config` is what its commands take as `-c`.

    `store` is the URL of a store on a server; else it is a file.
    """

    folder: Path
    relay: int
    store: str = ""
    smtp: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)
    admin: int = field(default_factory=free_port)

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "waypost.toml"

    @property
    def log(self) -> Path:
        """Return the file with what its processes printed."""
        return self.folder / "waypost.log"

    @property
    def database(self) -> Path:
        """Return the store's file."""
        return self.folder / "waypost.db"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Any]:
        """Open the store to ask it."""
        place = StoreConfig(url=self.store, state=self.folder) if self.store else self.database
        with database.reading(place) as db:
            yield db

    @property
    def _store_lines(self) -> str:
        if self.store:
            return f'url = "{self.store}"\nstate = "{self.folder}"'
        return f'url = "sqlite:///{self.database}"'

    def furnish(self, *, proxy: str = "", tracking: str = "", tracker: str = "") -> "Stack":
        """Take keys that `waypost init` made, and write the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("token.keys", "dkim.pem"):
            shutil.copy2(initialised() / name, self.folder)
        self.config.write_text(
            CONFIG.format(
                folder=self.folder,
                store=self._store_lines,
                smtp=self.smtp,
                relay=self.relay,
                http=self.http,
                admin=self.admin,
                proxy=proxy,
                tracking=tracking,
                tracker=tracker,
            )
        )
        return self

    @contextlib.contextmanager
    def serving(self, command: str = "serve") -> Iterator[subprocess.Popen[bytes]]:
        """Run `waypost serve` (or `proxy`, or `tracker`) until the block ends."""
        port = self.http if command == "tracker" else self.smtp
        with running([WAYPOST, command, "-c", self.config], port, self.log) as process:
            yield process

    def wait_for_log(self, *events: str) -> None:
        """Wait until each of `events` was logged."""
        until(lambda: all(name in self.log.read_text() for name in events), seen=self.log.read_text)

    def report(self) -> dict[str, Any]:
        """Return what `waypost report --json` says now."""
        done = waypost("report", "-c", self.config, "--json")
        assert done.returncode == 0, done.stderr.decode()
        return dict(json.loads(done.stdout))


@dataclass
class Mailbox:
    """A relay that takes every message, in a thread of its own, and keeps it as it came.

    For recipients in `later` it is too early, which `put_off` counts; to all else it says `reply`.
    """

    port: int = 0
    later: set[str] = field(default_factory=set)
    reply: str = "250 2.0.0 kept"
    received: list[Envelope] = field(default_factory=list)
    put_off: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message."""
        if self.later.intersection(envelope.rcpt_tos):
            self.put_off += 1
            return "451 4.2.0 later"
        self.received.append(envelope)
        return self.reply

    def wait_for(self, count: int) -> list[bytes]:
        """Return the content of all messages, once `count` have come."""
        until(lambda: len(self.received) >= count, seen=lambda: f"{len(self.received)} messages")
        return [bytes(envelope.content or b"") for envelope in self.received]
