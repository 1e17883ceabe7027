"""The configurations that pages of docs/ show, with a test's own addresses and files in them."""

import re
from collections.abc import Mapping

from tests.support.repository import DOCS


def recipe(section: str, file: str, own: Mapping[str, str], *, page: str = "recipes.md") -> str:
    """Return the block for `file` of a section of the page.

    Every key of `own` must stand in it once or more, and is replaced by its value.
    """
    text = (DOCS / page).read_text("utf-8")
    chapter = re.split(r"\n##+ ", text.partition(f"# {section}\n")[2])[0]
    block = re.search(
        rf"^`{re.escape(file)}`:\n\n```\w*\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL
    )
    assert block, f"no block for {file} under {section!r} in {page}"
    text = block[1]
    for theirs, ours in own.items():
        assert theirs in text, f"{theirs!r} is not in the block for {file}"
        text = text.replace(theirs, ours)
    return text
