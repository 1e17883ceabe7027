"""`python -m waypost_manual SHARE`: manual pages and completion of shells, for whoever packages Waypost.

Owns: the page of each command, from click's own declarations, and where each file goes.
Does not own: how a page is written (`config.reference.roff`), and that of the configuration
(`config.reference.settings_page`).

A tool of others' (click-man) sees no command that is imported on demand, cuts what a page is for to
45 letters, and loses lines that begin with a full stop.
"""

import inspect
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from config.reference import roff
from config.reference.settings_page import NAME as SETTINGS
from config.reference.settings_page import settings_page
from waypost import cli

PROGRAM = "waypost"
SHELLS = {
    "bash": "bash-completion/completions/waypost",
    "zsh": "zsh/site-functions/_waypost",
    "fish": "fish/vendor_completions.d/waypost.fish",
}
"""Where each shell looks, below a folder of shared files like /usr/share."""

EXIT_STATUS = ("Done.", "Something is wrong, as standard error says.", "It was called wrongly.")


def command_pages(release: str) -> dict[str, str]:
    """Return the source of a page for `waypost`, and one for each of its commands, by name."""
    return {
        context.command_path.replace(" ", "-"): _page(context, release)
        for context in _contexts(click.Context(cli, info_name=PROGRAM, **cli.context_settings))
    }


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    for name, command in _below(context):
        yield from _contexts(click.Context(command, info_name=name, parent=context))


def _below(context: click.Context) -> list[tuple[str, click.Command]]:
    command = context.command
    if not isinstance(command, click.Group):
        return []
    named = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [(name, below) for name, below in named if below is not None and not below.hidden]


def _page(context: click.Context, release: str) -> str:
    command = context.command
    name = context.command_path.replace(" ", "-")
    usage = " ".join(command.collect_usage_pieces(context))
    return "".join(
        (
            roff.head(name, 1, release),
            roff.heading("NAME"),
            f"{roff.plain(name)} \\- {roff.marked(command.get_short_help_str(500).rstrip('.'))}\n",
            roff.heading("SYNOPSIS"),
            f"\\fB{roff.plain(context.command_path)}\\fR {roff.plain(usage)}\n",
            roff.heading("DESCRIPTION"),
            roff.paragraphs(inspect.cleandoc(command.help or "").partition("\f")[0]),
            *_options(context),
            *_commands(context),
            roff.heading("EXIT STATUS"),
            *(roff.item(str(status), told) for status, told in enumerate(EXIT_STATUS)),
            roff.see_also(*_above(context), (SETTINGS, 5)),
        )
    )


def _options(context: click.Context) -> Iterator[str]:
    yield roff.heading("OPTIONS")
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            yield roff.item(*record)


def _commands(context: click.Context) -> Iterator[str]:
    below = _below(context)
    if below:
        yield roff.heading("COMMANDS")
    for name, command in below:
        page = f"{context.command_path} {name}".replace(" ", "-")
        yield roff.item(f"{page}(1)", command.get_short_help_str(500))


def _above(context: click.Context) -> Iterator[tuple[str, int]]:
    if context.parent is not None:
        yield context.parent.command_path.replace(" ", "-"), 1


def completion(shell: str) -> str:
    """Return what has `bash`, `zsh` or `fish` complete `waypost`."""
    completing = get_completion_class(shell)
    if completing is None:
        raise ValueError(f"click completes nothing in {shell}")
    return completing(cli, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source()


def files() -> dict[str, str]:
    """Return all that is written, by its path below a folder of shared files."""
    release = version(PROGRAM)
    pages = {f"man/man1/{name}.1": page for name, page in command_pages(release).items()}
    completions = {path: completion(shell) for shell, path in SHELLS.items()}
    return {**pages, f"man/man5/{SETTINGS}.5": settings_page(release), **completions}


def main(share: Path) -> None:
    """Write all of it below the folder `share`, like /usr/local/share."""
    for name, text in files().items():
        path = share / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program, and a folder
        sys.exit("usage: python -m waypost_manual SHARE (a folder like /usr/local/share)")
    main(Path(sys.argv[1]))
