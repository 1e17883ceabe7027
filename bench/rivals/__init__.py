"""What Waypost is measured against, each started by a module of its own.

Owns: what a server under measurement is, and how one is missing.
"""

from dataclasses import dataclass


class Missing(Exception):
    """What a rival needs is not installed here; says what, and how to get it."""


@dataclass(frozen=True)
class Server:
    """Something that takes mail and hands it on: its name in the table, port and processes."""

    name: str
    port: int
    pids: tuple[int, ...]
    counting: tuple[int, ...] = ()
    """Those of them that only count what was sent, which other servers do not do."""
