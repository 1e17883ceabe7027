"""Haraka with a rewriting plugin and DKIM signatures, as npm has it, in folders of its own.

Owns: its installation below `.bench/` (once for a checkout), its configuration, starting it.
Does not own: the plugin that rewrites (`waypost_bench_rewrite.js`).
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.rivals import Missing, Server
from bench.support import ROOT
from bench.support.processes import free_port, program
from bench.support.sink import Sink

INSTALLED = ROOT / ".bench" / "haraka"
PACKAGE = "Haraka@3"
PLUGIN = Path(__file__).with_name("waypost_bench_rewrite.js")
SETTINGS = {
    "plugins": "waypost_bench_rewrite\ndkim\nqueue/smtp_forward\n",
    "smtp.ini": "listen=127.0.0.1:{port}\nnodes=0\n",
    "smtp_forward.ini": "host=127.0.0.1\nport={relay}\nenable_outbound=true\n",
    "dkim.ini": (
        "[sign]\nenabled=true\nselector=waypost1\ndomain=example.com\n"
        "[canon]\nbody=relaxed\n[verify]\nenabled=false\n"
    ),
    "me": "haraka.test\n",
    "host_list": "example.net\n",
}


@contextmanager
def haraka(folder: Path, sink: Sink, key_file: Path) -> Iterator[Server]:
    """Run one Haraka process until the block ends; Missing where npm cannot install it."""
    home, port = install(), free_port()
    config = folder / "config"
    shutil.copytree(home / "node_modules/Haraka/config", config)
    (folder / "plugins").mkdir()
    for name, value in SETTINGS.items():
        (config / name).write_text(value.format(port=port, relay=sink.port))
    shutil.copy(key_file, config / "dkim.private.key")
    shutil.copy(PLUGIN, folder / "plugins")
    arguments = ["node", str(home / "node_modules/Haraka/bin/haraka"), "-c", str(folder)]
    with program(arguments, port, folder / "haraka.log") as process:
        yield Server("Haraka, rewriting plugin + DKIM", port, (process.pid,))


def install() -> Path:
    """Return the folder that Haraka is installed in."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Missing("npm is not installed (Debian: apt-get install npm)")
    if not (INSTALLED / "node_modules/Haraka/bin/haraka").exists():
        print(f"installing {PACKAGE} by npm into {INSTALLED}", file=sys.stderr, flush=True)
        INSTALLED.mkdir(parents=True, exist_ok=True)
        (INSTALLED / "package.json").write_text('{"private": true}\n')
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE],
            cwd=INSTALLED,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(INSTALLED)
            raise Missing(f"npm cannot install {PACKAGE}: {done.stderr.decode()[-300:].strip()}")
    return INSTALLED
