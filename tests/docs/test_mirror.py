"""Tests stand where `CONTRIBUTING.md` says: `tests/unit` mirrors the folders of the product."""

import ast
from pathlib import Path

import pytest

from tests.support.house import PACKAGES
from tests.support.repository import ROOT

UNIT = ROOT / "tests" / "unit"
MODULES = {
    path.relative_to(ROOT)
    for place in ("waypost*.py", *(f"{package}/**/*.py" for package in PACKAGES))
    for path in ROOT.glob(place)
    if path.stem != "__init__"
}
TESTS = {path.relative_to(UNIT) for path in UNIT.rglob("test_*.py")}

DECLARATIONS = {
    Path("proxy/client/limits.py"): "limits, each tested where it is kept",
    Path("proxy/message/limits.py"): "limits, each tested where it is kept",
    Path("proxy/session/limits.py"): "limits, each tested where it is kept",
    Path("tracker/api/models.py"): "models, each tested where it is answered",
    Path("tracker/listener/limits.py"): "limits, each tested where it is kept",
}
"""Modules without behaviour, and so without a test of their own, with the reason."""

OF_NO_MODULE = {
    Path("test_sans_io.py"): "of the core as a whole",
    Path("test_waypost_links.py"): "of clients/python/waypost_links.py",
}
"""Test files that are named for no module of the product, with what they test."""


def module_of(test: Path) -> Path | None:
    """Return the module that a test file is named for, in the same folder; None if there is none.

    `test_html_links_x.py` is for `html_links.py` where there is one, else for `html.py`.
    """
    words = test.stem.removeprefix("test_").split("_")
    named = (test.with_name(f"{'_'.join(words[:end])}.py") for end in range(len(words), 0, -1))
    return next((module for module in named if module in MODULES), None)


TESTED = {module_of(test) for test in TESTS - OF_NO_MODULE.keys()}


@pytest.mark.parametrize("module", sorted(MODULES - DECLARATIONS.keys()), ids=str)
def test_every_module_has_its_test_file(module: Path) -> None:
    """Whoever changes a module finds its tests without a search."""
    assert module in TESTED, f"tests/unit/{module.with_name(f'test_{module.name}')} is missing"


@pytest.mark.parametrize("test", sorted(TESTS - OF_NO_MODULE.keys()), ids=str)
def test_every_test_file_is_named_for_a_module(test: Path) -> None:
    """A module that moves takes its tests along."""
    assert module_of(test) is not None, f"tests/unit/{test} is named for no module"


@pytest.mark.parametrize("folder", sorted({test.parent for test in TESTS}), ids=str)
def test_every_folder_of_tests_is_a_room(folder: Path) -> None:
    """`tests/unit` has no folders of its own."""
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize("module", DECLARATIONS, ids=str)
def test_a_module_that_needs_no_test_does_nothing(module: Path) -> None:
    """It assigns names, and has neither functions nor branches."""
    tree = ast.parse((ROOT / module).read_text())
    behaviour = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.If, ast.For, ast.While)
    assert [node for node in ast.walk(tree) if isinstance(node, behaviour)] == []
