"""Subcommands of `proxy`; `waypost.py` collects them from COMMANDS."""

import click

from proxy.inspect_cli import explain, rewrite
from proxy.serve_cli import proxy_command

COMMANDS: list[click.Command] = [proxy_command, rewrite, explain]
