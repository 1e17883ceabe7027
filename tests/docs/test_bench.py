"""The benchmarks use what tests share, and no test runs them: each of their modules is loaded at least."""

import subprocess
import sys

from tests.support.repository import ROOT

LOAD = """
import importlib, pkgutil, sys, bench
sys.argv = ["", "."]  # as one of them is given a tree
for each in pkgutil.walk_packages(bench.__path__, "bench."):
    importlib.import_module(each.name)
    print(each.name)
"""


def test_each_module_of_the_bench_can_be_loaded() -> None:
    """What was renamed elsewhere would be found out by whoever measures."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "bench.scaling.deciding" in done.stdout
