"""`docs/flow.md` is the map of the house: it names every room, and what stands in it."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.house import MAP, PACKAGES
from tests.support.repository import ROOT

MODULES_ON_MAP = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("module", MODULES_ON_MAP, ids=str)
def test_every_module_is_on_the_map(module: Path) -> None:
    """In the line of its room: what the map leaves out is what nobody finds."""
    is_in_room = len(module.parts) > 2
    line = MAP.get(str(module.parent) if is_in_room else str(module.with_suffix("")))
    assert line is not None, f"{module.parent} is not on the map"
    assert re.search(rf"\b{module.stem}\b", line), f"{module} is not on the map"


@pytest.mark.parametrize("place", MAP)
def test_what_is_on_the_map_is_there(place: str) -> None:
    """Nobody looks for a room that is gone."""
    assert (ROOT / place).is_dir() or (ROOT / f"{place}.py").is_file()


def test_rooms_stand_in_the_order_of_their_imports() -> None:
    """As the contracts of import-linter have it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        for package in contract.get("containers", ()):
            layers = [set(re.split(r" [|:] ", layer)) for layer in contract["layers"]]
            order = [place.split("/")[1] for place in MAP if place.startswith(f"{package}/")]
            level = {name: at for at, layer in enumerate(layers) for name in layer}
            assert [level[name] for name in order] == sorted(level[name] for name in order)
            assert set(order) == set(level)


DOCSTRINGS = {
    path.relative_to(ROOT): ast.get_docstring(ast.parse(path.read_text())) or ""
    for package in PACKAGES
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
