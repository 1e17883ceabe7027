"""Subcommands of `proxy`; `waypost.py` collects them from COMMANDS."""

import click

COMMANDS: list[click.Command] = []
