"""What stories of the API share: a tracker that runs on a store with a history."""

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.checks.random_history import history
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tracker.spool.writer import Spool

BEGUN_S = time.time() - 5 * 86400
"""So long ago that what the relay did not answer is known as such."""


@dataclass(frozen=True, slots=True)
class Served:
    """A tracker that runs, and whoever asks its admin listener."""

    links: Links

    @property
    def url(self) -> str:
        """Where the admin listener is."""
        return f"http://127.0.0.1:{self.links.stack.admin}"

    def ask(
        self, path: str, method: str = "GET", body: object = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Make one request; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.links.stack.admin, timeout=60)
        octets = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"content-type": "application/json"}
        with contextlib.closing(connection):
            connection.request(method, path, octets, kind | headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def json(self, path: str, method: str = "GET", body: object = None) -> Any:
        """Make a request that is answered with success; return what the answer says."""
        status, _, octets = self.ask(f"/api/v1/{path}", method, body)
        assert status in {200, 201}, (path, status, octets)
        return json.loads(octets)

    def every(self, path: str, limit: int = 1000, between: Callable[[], object] = int) -> list[Any]:
        """Read a list to its end, a page at a time; what `between` does happens before each."""
        found: list[Any] = []
        after = ""
        joint = "&" if "?" in path else "?"
        while True:
            between()
            page = self.json(f"{path}{joint}limit={limit}{after}")
            found += page["data"]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"


def spool_history(stack: Stack, seed: int, messages: int = 40) -> None:
    """Have a random history in the spool of a tracker, which counts it once it is asked."""
    spool = Spool.open(stack.folder / "waypost.db.spool", "proxy")
    appended = [spool.append(each) for each in history(Random(seed), BEGUN_S, messages)]
    for each in appended:
        each.result(10)
    spool.close()


@contextlib.contextmanager
def serving(folder: Path, seed: int = 1, store: str = "") -> Iterator[Served]:
    """Run a tracker on a store with a history; `store` is the URL of one on a server."""
    links = Links(Stack(folder=folder, relay=9, store=store).furnish())
    spool_history(links.stack, seed)
    with links.stack.serving("tracker"):
        yield Served(links)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Run a tracker on a store with a history."""
    with serving(tmp_path / "waypost") as found:
        yield found
