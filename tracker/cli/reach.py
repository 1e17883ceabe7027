"""On how many nodes something is in force that a command has just written down, and the exit status by that.

Owns: the option `--everywhere`.
Does not own: which nodes have heard of it (`tracker.nodes.spread`), or what was written down.
"""

from typing import TYPE_CHECKING, Any

import click

from config.schema import Config
from tracker.records.record_file import RecordFile

if TYPE_CHECKING:
    from tracker.nodes.spread import Reach

everywhere_option = click.option(
    "--everywhere",
    is_flag=True,
    help="Exit with 1 where not all nodes that share the database are known to have heard it.",
)


def reach_of(config: Config, record_file: RecordFile[Any, Any], record: object) -> "Reach | None":
    """Return which nodes have heard of a record; None where there is one machine.

    There, nothing of nodes is imported either: the command is as fast as ever.
    """
    if config.store.engine == "sqlite":
        return None
    from tracker.nodes import spread  # noqa: PLC0415 - see above

    return spread.reach(config.store, record_file, record)


def require(reach: "Reach | None", *, everywhere: bool) -> None:
    """End with exit status 1 where that was asked for, and not all nodes have it for certain."""
    if everywhere and reach is not None and not reach.is_everywhere:
        raise click.exceptions.Exit(1)
