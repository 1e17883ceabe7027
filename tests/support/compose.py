"""What compose.yaml starts, for tests that start the same as processes.

Owns: its services with their variables filled in, as an engine would.
Does not own: what the file may hold, which a schema says (`tests/docs/test_containers.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.repository import ROOT

FILE = ROOT / "compose.yaml"
NODE_FILE = ROOT / "compose.postgresql.yaml"
"""What a machine that shares a PostgreSQL adds."""
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?)?\}")


@dataclass(frozen=True)
class Service:
    """One service of ours: the arguments of `waypost`, its environment, and its health check."""

    command: list[str]
    environment: dict[str, str]
    health: list[str]


@cache
def document(file: Path = FILE) -> dict[str, Any]:
    """Return a file as it stands."""
    return dict(yaml.safe_load(file.read_text("utf-8")))


def services(variables: Mapping[str, str], *, node: bool = False) -> dict[str, Service]:
    """Return the services that run Waypost, with `variables` as .env would give them.

    Those of a `node` have what the second file adds.
    """
    more = document(NODE_FILE)["services"] if node else {}
    return {
        name: Service(
            command=service["command"],
            environment={
                key: filled(str(value), variables)
                for each in (service, more.get(name, {}))
                for key, value in each.get("environment", {}).items()
            },
            health=service["healthcheck"]["test"],
        )
        for name, service in document()["services"].items()
        if service["image"] == "waypost"
    }


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Return a value with its variables; one that has no default must be there."""
    return VARIABLE.sub(lambda found: variables.get(found[1]) or found[2] or _must(found[1]), text)


def _must(name: str) -> str:
    raise AssertionError(f"compose.yaml wants {name}")
