"""The network drops what a node and its database say to each other, without a word, and is mended."""

import contextlib
import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.clients.programs import WAYPOST, need, stop, waypost
from tests.support.forwarder import forwarding
from tests.support.island import Island, island
from tests.support.nodes import furnished
from tests.support.postgresql import USER, cluster
from tests.support.readers.links import Links
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(600)
WITHIN_S = 120.0
"""How long a busy machine may take for what is given up after thirty seconds."""
AT_ONCE_S = 20.0
"""Much less than any of the times for which a silent server is waited for, and much for one request."""
SHOP = "https://example.com/"
BAD, NEAR = "https://bad.example.org/", "https://near.example.org/"


@dataclass
class Cut:
    """Two nodes: `near` runs beside the database, `far` on an island that may hear nothing of it."""

    near: Links
    far: Links
    island: Island
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def click(self) -> str:
        """Follow a new link on the island; it must redirect, soon."""
        url = f"{SHOP}{next(self.numbers)}"
        assert self.answer(self.far.path(url)) == f"302 {url}"
        return url

    def answer(self, path: str) -> str:
        """Return the status that the far node answers with, and where it leads to; "000" where it says nothing in time."""
        port = self.far.stack.http
        asked = ("--max-time", str(AT_ONCE_S), "-w", "%{http_code} %{redirect_url}", "-so/dev/null")
        done = self.island.do(need("curl"), *asked, f"http://127.0.0.1:{port}{path}")
        return done.stdout.decode().strip()

    def counted(self) -> list[str]:
        """Return where clicks of `click` led that are counted."""
        return [url for url in self.near.counted() if url.startswith(SHOP)]

    def do(self, node: Links, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        """Run a command on a node."""
        command = (*arguments, "-c", node.stack.config)
        return waypost(*command) if node is self.near else self.island.do(WAYPOST, *command)


@pytest.fixture
def cut(tmp_path: Path) -> Iterator[Cut]:
    """Run both trackers."""
    name = cluster().empty_store()
    with (
        island() as there,
        forwarding(cluster().folder / ".s.PGSQL.5432", there.here) as way,
        contextlib.ExitStack() as ending,
    ):
        near = furnished(tmp_path, cluster().url(name), "a")
        far = furnished(tmp_path, f"postgresql://{USER}@{there.here}:{way.port}/{name}", "b")
        config = far.stack.config
        config.write_text(config.read_text().replace("[store]\n", "[store]\ninsecure = true\n"))
        ending.enter_context(near.stack.serving("tracker"))
        with far.stack.log.open("ab") as log:
            command = there.command(WAYPOST, "tracker", "-c", config)
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        ending.callback(stop, process)
        made = Cut(near, far, there)
        until(lambda: made.answer(far.path(BAD)) == f"302 {BAD}", WITHIN_S)
        until(lambda: b'"problems": []' in made.do(near, "nodes", "--json").stdout, WITHIN_S)
        yield made


def test_a_node_that_hears_nothing_goes_on_and_all_is_as_ever_once_it_hears_again(cut: Cut) -> None:
    """Readers wait for nothing; who asks for figures hears in time that they cannot be had; nothing is lost."""
    followed = [cut.click()]
    until(lambda: cut.counted() == followed, WITHIN_S)
    cut.island.silence()
    assert cut.do(cut.near, "revoke", "host", "near.example.org").returncode == 0
    assert cut.do(cut.far, "revoke", "host", "bad.example.org").returncode == 0
    until(lambda: cut.answer(cut.far.path(BAD)).startswith("410"), WITHIN_S)
    followed += [cut.click() for _ in range(20)]
    asked = cut.do(cut.far, "report")
    assert asked.returncode == 1
    assert b"cannot be read" in asked.stderr
    log = cut.far.stack.log
    for given_up in ("sharing_failed", "ingest_failed"):
        until(lambda given_up=given_up: given_up in log.read_text(), WITHIN_S, log.read_text)
    followed.append(cut.click())
    assert b"b may have taken since it was last heard" in cut.do(cut.near, "report").stderr
    assert cut.answer(cut.far.path(NEAR)) == f"302 {NEAR}"
    cut.island.heal()
    until(lambda: cut.answer(cut.far.path(NEAR)).startswith("410"), WITHIN_S)
    until(lambda: cut.near.ask(cut.near.path(BAD)).status == 410, WITHIN_S)
    until(lambda: cut.counted() == followed, WITHIN_S)
