"""What benchmarks share: mail, clients and servers that they run, the table they fill."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that is measured."""
