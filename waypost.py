"""The `waypost` command: finds the subcommands, once it has made sure that they are ours.

Owns: the command line's entry point and the check that the packages found are ours.
Does not own: what a subcommand does; each package's `cli.py` declares its own, and those that join
proxy and tracker stand in `waypost_serve` and `waypost_demo`.
"""

import importlib
import sys
from pathlib import Path

import click

PACKAGES = ("config", "tracker", "proxy")
COMMAND_MODULES = ("config.cli", "tracker.cli", "proxy.cli", "waypost_serve", "waypost_demo")


class ForeignPackageError(RuntimeError):
    """A package with one of our names, but not ours, is in this environment."""


def verify_packages() -> None:
    """Make sure that `config`, `tracker` and `proxy` stand beside this file (ADR 0001)."""
    home = Path(__file__).resolve().parent
    for name in PACKAGES:
        found = importlib.import_module(name).__file__
        if found is None or Path(found).resolve().parent.parent != home:
            raise ForeignPackageError(
                f"the package {name!r} at {found} is not Waypost's: "
                "install Waypost into an environment of its own (pipx, or a venv)"
            )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="waypost")
def cli() -> None:
    """Waypost: a link-tracking SMTP proxy."""


def main() -> None:
    """Run the command line; the exit status is 0 ok, 1 problem found, 2 usage."""
    try:
        verify_packages()
    except ForeignPackageError as error:
        sys.exit(f"waypost: {error}")
    for module in COMMAND_MODULES:
        for command in importlib.import_module(module).COMMANDS:
            cli.add_command(command)
    cli()
