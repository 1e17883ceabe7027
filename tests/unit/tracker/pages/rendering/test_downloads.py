"""Tables as files."""

import csv

import pytest

from tests.support.pages import sent
from tracker.pages.rendering.downloads import csv_file


async def test_no_cell_is_a_formula() -> None:
    """Whoever wrote it; numbers and lists are themselves."""
    rows = [{"name": name, "n": -3, "all": ["a", "b"]} for name in ("=1+1", "@x", "plain", None)]
    told = await sent(csv_file("x", rows, ("name", "n", "all")))
    assert list(csv.reader(told.splitlines())) == [
        ["name", "n", "all"],
        ["'=1+1", "-3", "a b"],
        ["'@x", "-3", "a b"],
        ["plain", "-3", "a b"],
        ["", "-3", "a b"],
    ]


async def test_no_row_is_missing_however_many_there_are() -> None:
    """Also where they are sent in pieces."""
    told = await sent(csv_file("x", ({"n": n} for n in range(400_000)), ("n",)))
    assert told.splitlines() == ["n", *map(str, range(400_000))]


async def test_a_file_has_a_name_that_every_system_takes() -> None:
    """Whatever a campaign is called."""
    for name, file in (
        ('clickers-"Spring"\r\nX: y/../ü', "clickers--Spring-X-y"),
        ("\u4e2d", "waypost"),
    ):
        answer = csv_file(name, [], ("a",))
        assert answer.headers["content-disposition"] == f'attachment; filename="{file}.csv"'
        assert answer.headers["cache-control"] == "no-store"
        assert await sent(answer) == "a\r\n"


def test_what_fails_is_raised() -> None:
    """So that it is told as an error, and not as half a file."""

    def rows() -> object:
        yield {"a": 1}
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        csv_file("x", rows(), ("a",))  # type: ignore[arg-type]
