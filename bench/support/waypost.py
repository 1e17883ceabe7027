"""Waypost as a benchmark runs it: `waypost init`, a short configuration, the services.

Owns: its folder and configuration; what is not said there is as by default, the log included.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.support import ROOT
from bench.support.processes import free_port, program

WAYPOST = Path(sys.executable).with_name("waypost")
CONFIG = """\
[proxy]
listen = ["127.0.0.1:{listen}"]
{proxy}
[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[tracking]
base_url = "http://127.0.0.1:{http}"
[tracker]
listen = ["127.0.0.1:{http}"]
admin_listen = []
[keys]
file = "{folder}/token.keys"
[store]
url = "sqlite:///{folder}/waypost.db"
{more}
[[sender]]
domain = "example.com"
[[sender.dkim]]
selector = "waypost1"
key_file = "{folder}/dkim.pem"
"""
QUIET = '[log]\nlevel = "warning"'


def config_text(
    folder: Path, listen: int, relay: int, *, proxy: str = "", more: str = QUIET, http: int = 8080
) -> str:
    """Return a configuration for the keys in a folder, with lines of [proxy] and tables besides."""
    return CONFIG.format(
        folder=folder, listen=listen, relay=relay, proxy=proxy, more=more, http=http
    )


def configure(
    folder: Path, listen: int, relay: int, *, proxy: str = "", more: str = QUIET, http: int = 8080
) -> list[str | Path]:
    """Write keys and configuration; return the command that runs the proxy with them."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [WAYPOST, "init", folder, "--domain", "example.com"],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    config = folder / "bench.toml"
    config.write_text(config_text(folder, listen, relay, proxy=proxy, more=more, http=http))
    return [WAYPOST, "proxy", "-c", config]


@dataclass(frozen=True)
class Services:
    """A proxy that runs, with the tracker that counts what it sends."""

    folder: Path
    port: int
    pids: tuple[int, ...]


@contextmanager
def services(
    folder: Path, relay: int, *, proxy: str = "", tracker: bool = True
) -> Iterator[Services]:
    """Run proxy and tracker, logging to files as they do by default, until the block ends."""
    port, http = free_port(), free_port()
    command = configure(folder, port, relay, proxy=proxy, more="", http=http)
    with ExitStack() as stack:
        pids = []
        if tracker:
            tracks = [WAYPOST, "tracker", *command[2:]]
            pids.append(stack.enter_context(program(tracks, http, folder / "tracker.log")).pid)
        pids.insert(0, stack.enter_context(program(command, port, folder / "proxy.log")).pid)
        yield Services(folder, port, tuple(pids))
