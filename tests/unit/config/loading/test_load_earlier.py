"""Configurations that earlier versions wrote are read today, each setting of them.

`earlier/` has what `waypost init` of five versions wrote, every key with its default as a comment.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.loading.load import examine
from config.reference.catalogue import table

FILES = sorted((Path(__file__).parent / "earlier").glob("*.toml"))
HEADER = re.compile(r"#?\[+([a-z_.]+)\]+$")
KEY = re.compile(r"(#?)([a-z_]+) = ")
every_version = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))


def settings(text: str) -> Iterator[tuple[int, str, str, bool]]:
    """Yield the line of each setting, counted from 0, its table and name, and whether its table is in force."""
    name, in_force = "", True
    for number, line in enumerate(text.split("\n")):
        if header := HEADER.match(line):
            name, in_force = header[1], not line.startswith("#")
        elif key := KEY.match(line):
            yield number, name, key[2], in_force


def test_there_are_files_of_several_versions() -> None:
    """The first has what the first version knew."""
    counts = [len(list(settings(file.read_text()))) for file in FILES]
    assert len(counts) == 5
    assert counts[0] > 50
    assert counts == sorted(counts)


@every_version
def test_a_configuration_of_an_earlier_version_is_read_as_it_is(file: Path) -> None:
    """Nobody has to change it for an upgrade."""
    assert examine(file, files=False).problems == ()


@every_version
def test_every_setting_of_an_earlier_version_is_known_where_it_was(file: Path) -> None:
    """One that moves one day is to be told with its new place, as one under a wrong table is."""
    for _, name, key, _ in settings(file.read_text()):
        entry = table(name)
        assert entry is not None, name
        assert key in {each.name for each in entry.keys}, f"{name}.{key}"


@every_version
def test_every_value_of_an_earlier_version_may_be_set(file: Path, tmp_path: Path) -> None:
    """Alone, as it stood there: some want another beside them, but none has another form."""
    lines = file.read_text().split("\n")
    tried = tmp_path / "waypost.toml"
    for number, _, _, in_force in settings(file.read_text()):
        if not in_force:
            continue
        changed = [*lines[:number], lines[number].removeprefix("#"), *lines[number + 1 :]]
        tried.write_text("\n".join(changed))
        told = [str(problem) for problem in examine(tried, files=False).problems]
        assert not [each for each in told if re.search(r": (must be|is not|\".*\" is not) ", each)]
