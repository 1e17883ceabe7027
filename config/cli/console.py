"""Tables and styled text: whatever they hold, a terminal that shows them obeys none of it.

Owns: the console that all of them are printed to, and texts for their cells.
Does not own: what is escaped (`config.escaping`), or lines without a style (`output`).
"""

from collections.abc import Iterator
from typing import IO

import rich.console
from rich.console import ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment
from rich.text import Text

from config.escaping import printable, printable_lines


class _Escaped:
    """Something rendered as ever, but for the controls in its text."""

    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(
        self, console: rich.console.Console, options: ConsoleOptions
    ) -> Iterator[Segment]:
        for text, style, control in console.render(self._renderable, options):
            yield Segment(printable_lines(text), style, control)


class _EscapeAll(RenderHook):
    """Has everything that is printed escaped, also where somebody forgot to use `cell`."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return what is rendered instead."""
        return [_Escaped(each) for each in renderables]


class Console(rich.console.Console):
    """A console on standard output, or on `file`; without `width`, as wide as the terminal."""

    def __init__(self, file: IO[str] | None = None, *, width: int | None = None) -> None:
        super().__init__(file=file, width=width, emoji=False)  # `:x:` is what somebody wrote
        self.push_render_hook(_EscapeAll())


def cell(text: str, style: str = "") -> Text:
    """Return a text that others wrote for a line or a cell: no markup, no controls."""
    return Text(printable(text), style)
