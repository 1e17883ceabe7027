"""`docs/design.md` §5 lists every command, as a contract has to."""

import importlib
import re

import click
import pytest

from tests.support.repository import ROOT
from waypost import COMMANDS


def listed() -> str:
    """Return the list of commands, by whatever stands between the first pair of backquotes."""
    text = (ROOT / "docs" / "design.md").read_text()
    (line,) = (each for each in text.splitlines() if each.startswith("**Commands**"))
    return line.split("`")[1].replace("\\|", "|")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_all_that_it_can_do(name: str) -> None:
    """A group with each of its commands."""
    assert (entry := re.search(rf"(?:^waypost |\| ){name}\b(?: (\S+))?", listed()))
    module, _, attribute = COMMANDS[name].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    if isinstance(command, click.Group):
        assert set(entry[1].lstrip("[").split("|")) == set(command.commands)
