"""What mypyc would bring: the work on a message by this checkout, and by a copy of it that was compiled.

The copy has `proxy/message`, `links`, `policy`, `rewrite`, `signing`, `tracker/urls` and the tokens as C
extensions (docs/adr/0025-no-compiled-core.md). Building takes a C compiler and some minutes; both take turns then.

    python -m bench.mail.compiled_core FOLDER     an empty or missing folder is built in, a built one used again
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from bench.support import ROOT
from bench.support.table import Row, Section, text
from bench.support.waypost import configure

TURNS = 5
BUILT = "is-built"
ROOMS = ("proxy/message", "proxy/links", "proxy/policy", "proxy/rewrite", "proxy/signing")
MORE = ("tracker/urls", "tracker/urls/secrets")
ALONE = "bench.mail.core_alone"
SETUP = """\
from setuptools import setup
from mypyc.build import mypycify
setup(name="core", packages=[], py_modules=[],
      ext_modules=mypycify({files!r}, opt_level="2", debug_level="0", separate=True))
"""
SURROGATES = r'"[\ud800-\udfff]"', 'f"[{chr(0xD800)}-{chr(0xDFFF)}]"'
"""mypyc writes no half of a surrogate pair as a literal."""


def build(folder: Path) -> None:
    """Copy the packages into the folder and compile the core there."""
    for package in ("proxy", "tracker", "config"):
        shutil.copytree(ROOT / package, folder / package)
    words = folder / "proxy/message/encoded_words.py"
    words.write_text(words.read_text().replace(*SURROGATES))
    modules = [path for room in ROOMS + MORE for path in sorted((folder / room).glob("*.py"))]
    modules += sorted((folder / "tracker").glob("token*.py"))
    files = [
        str(path.relative_to(folder))
        for path in modules
        if path.name not in {"__init__.py", "manual.py"}
    ]
    (folder / "mypy.ini").write_text("[mypy]\nignore_missing_imports = true\n")
    (folder / "setup.py").write_text(SETUP.format(files=files))
    command = [sys.executable, "setup.py", "build_ext", "--inplace", "-j", str(os.cpu_count())]
    with (folder / "build.log").open("wb") as log:
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise SystemExit(f"mypyc could not build the core: see {folder / 'build.log'}")
    (folder / BUILT).touch()


def measure(tree: Path, config: Path, seed: int) -> dict[str, float]:
    """Return what a tree takes, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", ALONE, tree, config, str(seed)],
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return {name: float(value) for name, value in json.loads(done.stdout).items()}


def section(folder: Path) -> Section:
    """Let both take turns."""
    config = Path(configure(folder / "waypost", 25, 26)[-1])
    taken: dict[str, list[dict[str, float]]] = {"Python": [], "mypyc": []}
    for turn in range(TURNS):
        for name, tree in (("Python", ROOT), ("mypyc", folder)):
            taken[name].append(measure(tree, config, turn + 1))
    rows = []
    for size in taken["Python"][0]:
        python, compiled = (
            statistics.median(found[size] for found in turns) for turns in taken.values()
        )
        rows += [
            Row(f"{size}: as it is", f"{python:.2f} ms"),
            Row(f"{size}: by mypyc", f"{compiled:.2f} ms", f"{python / compiled:.2f} x as fast"),
        ]
    return Section("The work on a message, CPU", rows, taken)


def main() -> int:
    """Build if need be, measure, print."""
    parser = argparse.ArgumentParser(description="Compare the core with itself, compiled by mypyc.")
    parser.add_argument("folder", type=Path, help="where it is built, or was")
    asked = parser.parse_args()
    if shutil.which("gcc") is None:
        parser.error("gcc is not installed (Debian: apt-get install gcc)")
    if not (asked.folder / BUILT).exists():
        if asked.folder.is_dir() and any(asked.folder.iterdir()):
            parser.error(f"{asked.folder} is neither empty nor one that was built by this")
        print("building", file=sys.stderr, flush=True)
        build(asked.folder)
    print(text([section(asked.folder)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
