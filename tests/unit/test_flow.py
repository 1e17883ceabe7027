"""`docs/flow.md` is the map of the house: it names every room."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOW = (ROOT / "docs" / "flow.md").read_text()
ROOMS = sorted(
    path.relative_to(ROOT)
    for package in ("config", "tracker", "proxy")
    for path in (ROOT / package).glob("*.py")
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
