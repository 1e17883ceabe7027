"""Subcommands of `tracker`; `waypost.py` collects them from COMMANDS."""

import click

from tracker.consent_cli import consent
from tracker.link_cli import decode
from tracker.overrides_cli import redirect, revoke
from tracker.purge_cli import purge
from tracker.report_cli import activity, clickers, export, report
from tracker.serve_cli import tracker

COMMANDS: list[click.Command] = [
    tracker,
    decode,
    revoke,
    redirect,
    report,
    activity,
    clickers,
    export,
    purge,
    consent,
]
