"""Each library that Waypost brings has work to do, and `docs/design.md` §6 says which."""

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.repository import ROOT

BROUGHT_BY_ANOTHER = {"soupsieve"}
"""Named only so that a version is left out."""
CODE = ("proxy", "tracker", "config", "waypost_demo", "waypost_doctor")


def dependencies() -> list[str]:
    """Return the names of what an installation brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return sorted(Requirement(each).name for each in project["dependencies"])


@cache
def imported() -> set[str]:
    """Return the distributions whose modules our code imports."""
    files = [file for folder in CODE for file in (ROOT / folder).rglob("*.py")]
    roots = {name.partition(".")[0] for file in files for name in names_of(file.read_text())}
    owners = packages_distributions()
    return {canonicalize_name(each) for root in roots for each in owners.get(root, ())}


def names_of(text: str) -> set[str]:
    """Return the modules that a module imports, by statement or with `import_module`."""
    names = set(re.findall(r'import_module\("([\w.]+)"\)', text))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("name", dependencies())
def test_a_dependency_is_imported_and_the_design_says_what_for(name: str) -> None:
    """Else it has to go."""
    section = (ROOT / "docs" / "design.md").read_text().partition("## 6. ")[2]
    words = {
        "beautifulsoup4": "BeautifulSoup",
        "dkimpy": "dkimpy",
        "jinja2": "Jinja2",
        "fastapi": "FastAPI",
        "starlette": "Starlette",
    }
    assert words.get(name, name) in section
    assert name in BROUGHT_BY_ANOTHER or canonicalize_name(name) in imported()
