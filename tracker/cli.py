"""Subcommands of `tracker`; `waypost.py` collects them from COMMANDS."""

import click

from tracker.link_cli import decode
from tracker.purge_cli import purge
from tracker.report_cli import activity, clickers, export, report
from tracker.serve_cli import tracker

COMMANDS: list[click.Command] = [tracker, decode, report, activity, clickers, export, purge]
