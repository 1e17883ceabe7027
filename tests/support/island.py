"""A machine of its own, as far as the network goes: a namespace of Linux, with one way to this one.

What goes over that way may be dropped without a word, as by a cable that was pulled: nobody hears that a connection
has ended, and none is refused.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clients.programs import need


@dataclass(frozen=True)
class Island:
    """A namespace, and the addresses of both ends of the way: `here` is ours."""

    name: str
    here: str
    there: str

    def command(self, *arguments: str | Path) -> Sequence[str | Path]:
        """Return the command that runs another there."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def do(self, *arguments: str | Path) -> "subprocess.CompletedProcess[bytes]":
        """Run a command there to its end."""
        command = self.command(*arguments)
        return subprocess.run(command, capture_output=True, check=False, timeout=120)

    def silence(self) -> None:
        """Drop all that goes there from here, from now on."""
        _ip("route", "add", "blackhole", f"{self.there}/32")

    def heal(self) -> None:
        """Let everything pass again."""
        _ip("route", "del", "blackhole", f"{self.there}/32")


@contextlib.contextmanager
def island() -> Iterator[Island]:
    """Yield one that is there until the block ends; skip where the kernel does not let us."""
    need("ip", "iproute2")
    number = os.getpid() % 250
    name, ours, theirs = (f"{what}{number}" for what in ("waypost", "wpours", "wptheirs"))
    made = Island(name, f"10.211.{number}.1", f"10.211.{number}.2")
    _ip_or_skip("netns", "add", name)
    try:
        _ip_or_skip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
        _ip("address", "add", f"{made.here}/30", "dev", ours)
        _ip("-netns", name, "address", "add", f"{made.there}/30", "dev", theirs)
        _ip("link", "set", ours, "up")
        _ip("-netns", name, "link", "set", theirs, "up")
        _ip("-netns", name, "link", "set", "lo", "up")
        yield made
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):  # as it may pass
            made.heal()
        _ip("netns", "del", name)


def _ip_or_skip(*arguments: str) -> None:
    try:
        _ip(*arguments)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network of a namespace to be had: {error.stderr.decode().strip()}")


def _ip(*arguments: str) -> None:
    subprocess.run([need("ip", "iproute2"), *arguments], capture_output=True, check=True)
