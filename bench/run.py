"""`make bench`: run every benchmark of this folder, one after the other.

Each is a script of its own, which prints one table; `python bench/NAME.py` runs it alone.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run them all; the exit status is 1 if any failed."""
    failed = []
    for script in sorted(HERE.glob("*.py")):
        if script.name in {"run.py", "naive_proxy.py", "flood.py"}:
            continue
        print(f"\n== {script.stem}", flush=True)
        if subprocess.run([sys.executable, script], check=False, cwd=HERE.parent).returncode:
            failed.append(script.stem)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
