"""These tests run on each engine that may hold the store."""

from tests.support.engines import engine, gives_back

__all__ = ["engine", "gives_back"]
