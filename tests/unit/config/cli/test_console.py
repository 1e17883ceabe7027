"""Tables and styled text: markup and controls of others are text."""

import io

import pytest
from hypothesis import given
from rich.table import Table

from config.cli.console import Console, cell
from tests.support.hostile import TITLE, hostile_text, obeyed


def printed(*what: object) -> str:
    """Return what a console without colours prints."""
    console = Console(io.StringIO(), width=100)
    console.print(*what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_markup_in_a_cell_is_text() -> None:
    """A campaign may be called so, and a link to elsewhere is not made of it."""
    assert printed(cell("[link=http://x]a[/link]", "bold")) == "[link=http://x]a[/link]\n"


def test_what_rich_takes_for_an_emoji_is_text() -> None:
    """A path or a time may hold such."""
    assert printed(":x:") == ":x:\n"


def test_a_cell_shows_controls_in_its_own_row() -> None:
    """A line feed makes no second one."""
    table = Table("name")
    table.add_row(cell(f"a\n{TITLE}"))
    assert r"a\n\u001b]0;owned\u0007" in printed(table)


@given(hostile_text)
def test_no_table_holds_a_control(text: str) -> None:
    """Whatever stands in it."""
    table = Table(title=cell(text))
    table.add_column(cell(text))
    table.add_row(cell(text))
    assert obeyed(printed(table)) == set()


@given(hostile_text)
def test_no_control_is_printed_where_the_cell_was_forgotten(text: str) -> None:
    """The console itself escapes them."""
    assert obeyed(printed(text.replace("[", "("))) == set()


def test_styles_of_ours_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal that has colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = printed(cell(TITLE, "bold"))
    assert shown == "\x1b[1m\\u001b]0;owned\\u0007\x1b[0m\n"
