"""`docs/flow.md` is the map of the house: it names every room."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.repository import ROOT

FLOW = (ROOT / "docs" / "flow.md").read_text()
ROOMS = sorted(
    path.relative_to(ROOT)
    for package in ("config", "tracker", "proxy")
    for path in (ROOT / package).rglob("*.py")
    if path.stem != "__init__" and not path.stem.endswith("_cli")
)


def named(stem: str) -> bool:
    """Whether the map names a module, or a family of modules (`dkim_*`) that it belongs to."""
    family = stem.split("_", maxsplit=1)[0] + r"_\*"
    return re.search(rf"\b{stem}\b|\b{family}", FLOW) is not None


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_every_room_is_on_the_map(room: Path) -> None:
    """A module that the map leaves out is one that nobody finds."""
    assert named(room.stem), f"{room} is not in docs/flow.md"


DOCSTRINGS = {
    path.relative_to(ROOT): ast.get_docstring(ast.parse(path.read_text())) or ""
    for package in ("config", "tracker", "proxy")
    for path in (ROOT / package).rglob("*.py")
}
MODULES = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in DOCSTRINGS}


@pytest.mark.parametrize("room", DOCSTRINGS, ids=str)
def test_a_room_leaves_the_rest_to_neighbours_that_are_there(room: Path) -> None:
    """Whoever moves a room finds all that point to it; a name may be one of its functions, too."""
    found = re.search(r"Does not own:(.*?)(?:\n\n|\Z)", DOCSTRINGS[room], re.DOTALL)
    names = re.findall(r"`([a-z_.]+)`", found[1]) if found else []
    packages = [".".join(room.parts[:end]) for end in range(len(room.parts))]
    for name in names:
        meant = {".".join(filter(None, (package, name))) for package in packages}
        owners = {each.rpartition(".")[0] for each in meant} - {"", "config", "tracker", "proxy"}
        assert (meant | owners) & MODULES, f"{room} names {name}"
