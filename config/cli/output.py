"""Printing lines: whatever they quote, a terminal that shows them obeys none of it.

Owns: the one way to standard output and standard error for lines of text and JSON, and for the
errors that end a command.
Does not own: what is escaped (`config.escaping`), tables (`console`), or rows as JSON and CSV
(`listing`).
"""

import contextlib
from collections.abc import Iterable, Iterator

import click

from config.escaping import printable


def echo(*lines: str, err: bool = False) -> None:
    """Print each of `lines` as one line, to standard error with `err`.

    A line of JSON is read back as exactly what it was.
    """
    click.echo("\n".join(map(printable, lines)), err=err)


class Problems(click.ClickException):
    """What ends a command with exit status 1, each problem on a line of its own."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__("\n".join(map(printable, lines)))


@contextlib.contextmanager
def escaped_errors() -> Iterator[None]:
    """Have click print what ends a command while the block runs as one line, or as Problems."""
    try:
        yield
    except Problems:
        raise
    except click.ClickException as error:
        error.message = printable(error.message)  # type: ignore[misc]  # click has no other way
        raise
