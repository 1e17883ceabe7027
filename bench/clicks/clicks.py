"""Redirects, as `redirects.py` measures them, in the terms of the one table.

Owns: reading its table of connections that stay, and what is wanted. Does not own: any measurement.

    python -m bench.clicks.clicks
"""

import re
import subprocess
import sys
from pathlib import Path

from bench.support.table import Row, Section, Target, text

SCRIPT = Path(__file__).with_name("redirects.py")
LINE = re.compile(r"^(\S.*?) {2,}([\d.]+) +[\d.]+ +(\d+) +([\d.]+) +([\d.]+)(?: +[\d.]+)?$")
TRACKER, NGINX = "waypost tracker", "nginx, return 302"
CPU, SHARE, WAIT = (
    Target(70, "µs CPU", at_least=False),
    Target(0.15, "of nginx"),
    Target(15, "ms", at_least=False),
)


def measured() -> dict[str, tuple[float, float, float, float]]:
    """Return µs of CPU, clicks a second, p50 and p99 in ms of each kind, on connections that stay."""
    done = subprocess.run([sys.executable, SCRIPT], check=False, stdout=subprocess.PIPE)
    kinds: dict[str, tuple[float, float, float, float]] = {}
    for line in done.stdout.decode().splitlines():
        if found := LINE.match(line):
            name, cpu, rate, p50, p99 = found.groups()
            kinds.setdefault(name, (float(cpu), float(rate), float(p50), float(p99)))
    if done.returncode or not kinds:
        raise SystemExit(f"{SCRIPT.name} ended with {done.returncode}:\n{done.stdout.decode()}")
    return kinds


def section() -> Section:
    """Measure, and judge the tracker's own lines."""
    kinds, rows = measured(), []
    for name, (cpu, rate, p50, p99) in kinds.items():
        ours = name == TRACKER
        rows += [
            Row(f"{name}: CPU a click", f"{cpu:.0f} µs", "", CPU if ours else None, cpu),
            Row(f"{name}: p99", f"{p99:.1f} ms (p50 {p50:.1f})", "", WAIT if ours else None, p99),
        ]
        share = rate / kinds[NGINX][1] if NGINX in kinds else None
        ratio = "nginx is not installed" if share is None else f"{share:.3f} of nginx"
        rows.append(
            Row(f"{name}: clicks a second", f"{rate:.0f}", ratio, SHARE if ours else None, share)
        )
    return Section("Redirects, 50 connections that stay, each click durable", rows, kinds)


if __name__ == "__main__":
    print(text([section()]))
