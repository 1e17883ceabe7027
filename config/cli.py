"""Subcommands of `config`; `waypost.py` collects them from COMMANDS.

Owns: the list, and the option that commands of other packages take from here.
Does not own: what a command does; each stands in a file of its own.
"""

import click

from config.check_cli import check, show
from config.dns_cli import dns_command
from config.init_cli import init
from config.keys_cli import keys_group
from config.options import config_option, config_option_without_files, config_path_option

COMMANDS: list[click.Command] = [init, check, show, dns_command, keys_group]

__all__ = ["COMMANDS", "config_option", "config_option_without_files", "config_path_option"]
