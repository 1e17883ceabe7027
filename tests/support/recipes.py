"""The configurations of docs/recipes.md, with a test's own addresses and files in them."""

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"


def recipe(section: str, file: str, own: Mapping[str, str]) -> str:
    """Give the block for `file` of a section of the page.

    Every key of `own` must stand in it once or more, and is replaced by its value.
    """
    chapter = PAGE.read_text("utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    block = re.search(rf"^`{re.escape(file)}`:\n\n```\w*\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
    assert block, f"no block for {file} under {section!r} in {PAGE.name}"
    text = block[1]
    for theirs, ours in own.items():
        assert theirs in text, f"{theirs!r} is not in the block for {file}"
        text = text.replace(theirs, ours)
    return text
