"""docs/features.md names a test for each feature; they exist."""

import ast
import re
from functools import cache

import pytest

from tests.support.repository import ROOT

PAGE = (ROOT / "docs" / "features.md").read_text()
ABBREVIATIONS = dict(re.findall(r"`([A-Z])` (?:stands )?for\s+`([^`]+)`", PAGE))
ROWS = [
    line.rstrip("|").rpartition("|")[2].strip()
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| Who")
]


@cache
def names_of_tests(file: str) -> set[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_features():
    """The page is read as it is meant."""
    assert len(ROWS) > 30
    assert set(ABBREVIATIONS) == {"R", "P", "U"}


@pytest.mark.parametrize("named", sorted(set(ROWS)))
def test_the_test_of_a_feature_exists(named):
    """Under the name that the page gives."""
    file, _, name = named.partition("::")
    folder, slash, rest = file.partition("/")
    assert name in names_of_tests(ABBREVIATIONS.get(folder, folder) + slash + rest)
