"""Tracked links of a furnished Waypost, minted without sending mail, and how they are followed."""

import contextlib
import http.client
import itertools
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from config.keys import token_keys
from tests.support.clients.programs import waypost
from tests.support.readers.readers import BROWSER
from tests.support.stack import Stack
from tracker.events import Clicked, decode
from tracker.spool import segments
from tracker.tokens import PATH, Keyring, Link, mint

CONFIG = """\
[tracking]
base_url = "http://127.0.0.1:{http}"
[tracker]
listen = ["127.0.0.1:{http}"]
admin_listen = []
[store]
url = "sqlite:///{folder}/waypost.db"
[keys]
file = "{folder}/token.keys"
"""


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    location: str | None
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Links:
    """Mints links as the proxy of `stack` would, and follows them."""

    stack: Stack
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    def furnish(cls, folder: Path) -> "Links":
        """Write what a tracker alone needs: a token key and a configuration."""
        stack = Stack(folder=folder, relay=0)
        folder.mkdir()
        token_keys.write_token_keys(folder / "token.keys", [token_keys.new_token_key()])
        stack.config.write_text(CONFIG.format(folder=folder, http=stack.http))
        return cls(stack)

    @cached_property
    def keyring(self) -> Keyring:
        """Load the keys that `waypost init` made."""
        return Keyring.load(self.stack.folder / "token.keys")

    def path(self, destination: str = "https://example.com/?a=1&b=2#c", **changes: object) -> str:
        """Return the path of a new link, its message's only one."""
        facts = {
            "message_id": secrets.token_bytes(8),
            "recipient": 1,
            "number": 1,
            "sent_at_s": int(time.time()),
            "destination": destination,
        }
        return PATH + mint(self.keyring, Link(**(facts | changes)))  # type: ignore[arg-type]

    def ask(
        self, path: str, method: str = "GET", host: str = "127.0.0.1", **headers: str
    ) -> Answer:
        """Make one request on a connection of its own, with the headers of a browser."""
        connection = http.client.HTTPConnection(host, self.stack.http, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, headers=BROWSER | headers)
            response = connection.getresponse()
            told = tuple((name.lower(), value) for name, value in response.getheaders())
            return Answer(response.status, response.headers["Location"], told, response.read())

    def click(self) -> str:
        """Follow a new link to a destination of its own, which is given; it must redirect."""
        destination = f"https://example.com/page?n={next(self.numbers)}"
        answer = self.ask(self.path(destination))
        assert (answer.status, answer.location) == (302, destination)
        return destination

    def spooled(self) -> list[Clicked]:
        """Return the clicks in the spool of a tracker that runs, as they were kept."""
        paths = segments.listing(self.stack.folder / "waypost.db.spool")
        lines = b"".join(map(Path.read_bytes, paths)).splitlines()
        events = [decode(line.partition(b" ")[2]) for line in lines]
        return [event for event in events if isinstance(event, Clicked)]

    def counted(self) -> list[str]:
        """Return the destinations of all clicks that the store has, one for each click."""
        done = waypost("export", "-c", self.stack.config)
        assert done.returncode == 0, done.stderr.decode()
        return [json.loads(line)["destination"] for line in done.stdout.splitlines()]
