"""Benchmarks: ratios taken in one run (`docs/performance.md`); each is run as `python -m bench.…`."""
