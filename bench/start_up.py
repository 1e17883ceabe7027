"""How long Waypost takes to start: the proxy until it answers, and commands from start to end.

python -m bench.start_up
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.support import ROOT
from bench.support.mail import Author
from bench.support.processes import free_port
from bench.support.table import Row, Section, Target, text
from bench.support.waypost import WAYPOST, configure

Kinds = dict[str, tuple[Target | None, Callable[[], float]]]
"""What is wanted of each, and what runs it once, returning seconds."""
ROUNDS = 9
READY = Target(0.35, "s", at_least=False)
DONE = Target(0.3, "s", at_least=False)
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
"""What is installed has its compiled files beside it."""
TICK_S = 0.002


def until_ready(command: list[str | Path], port: int) -> float:
    """Return the seconds until the proxy's port takes connections; stop it then."""
    begun_s = time.perf_counter()
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    try:
        while not listening(port):
            if process.poll() is not None:
                raise SystemExit(f"{command} ended with {process.returncode}")
            time.sleep(TICK_S)
        return time.perf_counter() - begun_s
    finally:
        process.terminate()
        process.wait(20)


def listening(port: int) -> bool:
    """Return whether somebody listens there, without a connection that a server would hear of."""
    wanted = f":{port:04X}"
    return any(
        line.split()[1].endswith(wanted) and line.split()[3] == "0A"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
    )


def until_done(command: list[str | Path]) -> float:
    """Return the seconds that a command takes."""
    begun_s = time.perf_counter()
    subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun_s


def section() -> Section:
    """Measure all, in turns."""
    with tempfile.TemporaryDirectory() as name:
        port, message = free_port(), Path(name) / "message.eml"
        message.write_bytes(Author(int(time.time())).newsletter(50_000, 40).content)
        proxy = configure(Path(name), port, free_port())
        kinds: Kinds = {
            "python -c pass": (None, lambda: until_done([sys.executable, "-c", "pass"])),
            "waypost --help": (DONE, lambda: until_done([WAYPOST, "--help"])),
            "waypost explain (50 KB)": (
                DONE,
                lambda: until_done([WAYPOST, "explain", "-c", proxy[-1], message]),
            ),
            "waypost proxy, ready": (READY, lambda: until_ready(proxy, port)),
        }
        wall_s: dict[str, list[float]] = {kind: [] for kind in kinds}
        cpu_s: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(ROUNDS):
            for kind, (_, run) in kinds.items():
                before_s = children_cpu_s()
                wall_s[kind].append(run())
                cpu_s[kind].append(children_cpu_s() - before_s)
    rows = [row(kind, target, wall_s[kind], cpu_s[kind]) for kind, (target, _) in kinds.items()]
    return Section("From start to ready, or to end", rows, {"wall_s": wall_s, "cpu_s": cpu_s})


def row(kind: str, target: Target | None, wall_s: list[float], cpu_s: list[float]) -> Row:
    """Return the row of one kind."""
    taken_s = statistics.median(wall_s)
    return Row(kind, f"{taken_s:.2f} s", f"{statistics.median(cpu_s):.2f} s CPU", target, taken_s)


def children_cpu_s() -> float:
    """Return the CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    print(text([section()]))
