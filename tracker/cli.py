"""Subcommands of `tracker`; `waypost.py` collects them from COMMANDS."""

import click

COMMANDS: list[click.Command] = []
