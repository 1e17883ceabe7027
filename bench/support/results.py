"""What becomes of a table once it was measured: where and when that was, JSON, and a page of the documentation.

Owns: what is said of the circumstances, where JSON is saved, and the place of a table in a page.
Does not own: the table itself (`support/table.py`).
"""

import argparse
import json
import os
import platform
import subprocess
import time
from pathlib import Path

from bench.support import ROOT


def json_file(value: str) -> Path:
    """Return where to save, a file that can be made there; for argparse."""
    path = Path(value)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"no file can be made at {value}")
    return path


def circumstances() -> dict[str, object]:
    """Return what was measured, where and when."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, check=False, capture_output=True
    )
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit.stdout.decode().strip(),
        "cores": os.cpu_count(),
        "load before": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def described(where: dict[str, object]) -> str:
    """Return in a sentence what was measured, and how busy the machine was before."""
    return (
        f"Commit {where['commit']}, {where['cores']} cores, Python {where['python']}, "
        f"load before {where['load before']:.1f}."
    )


def save(path: Path | None, found: dict[str, object], *, kind: str = "") -> Path:
    """Write JSON, where nothing else was asked for into .bench/; return where."""
    if path is None:
        path = ROOT / ".bench" / f"{kind}{time.strftime('%Y%m%dT%H%M%S')}.json"
        path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")
    return path


def put_into(page: Path, begin: str, end: str, table: str) -> None:
    """Put a table into a page, between the lines that say where."""
    before, found, rest = page.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise SystemExit(f"{page}: there is no place for the table")
    page.write_text(f"{before}{begin}{table}\n{end}{after}")
