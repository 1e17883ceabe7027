"""The map of the house in `docs/flow.md`, read for tests that hold it against the code."""

import re
from pathlib import Path

from tests.support.repository import DOCS, ROOT

PACKAGES = ("config", "tracker", "proxy", "waypost_demo", "waypost_doctor")
FLOW = (DOCS / "flow.md").read_text()


def drawn() -> dict[str, str]:
    """Return what the map says of each room and each module that stands alone, by its path."""
    lines: dict[str, str] = {}
    package = ""
    places: list[str] = []
    for line in FLOW.split("```")[1].splitlines():
        if found := re.match(r"(\w+)/$", line):
            package = found[1]
        elif found := re.match(r"  ([\w/]+?(?:, \w+)*/?(?: ●)?)  +", line):
            names = found[1].removesuffix(" ●").removesuffix("/").split(", ")
            places = [f"{package}/{name}" for name in names]
        if line.startswith("  "):
            lines |= {place: lines.get(place, "") + line for place in places}
    return lines


MAP = drawn()


def core() -> list[Path]:
    """Return the modules that the map marks as doing no I/O, and all of the rooms that it marks."""
    found: set[Path] = set()
    for place, line in MAP.items():
        room = ROOT / place
        if re.match(r"  [\w/, ]+? ●", line):
            found |= set(room.glob("*.py")) if room.is_dir() else {room.with_suffix(".py")}
        else:
            found |= {room / f"{name}.py" for name in re.findall(r"(\w+) ●", line)}
    return sorted(found)
