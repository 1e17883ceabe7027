"""The lines that are logged while a block runs, as dictionaries; none of them is printed."""

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest

from config.telemetry import log_lines, observe

Lines = list[MutableMapping[str, Any]]


@contextmanager
def capture_logs(*, of_task: bool = False) -> Iterator[Lines]:
    """Yield the lines of all levels; `of_task`: with the facts that all lines of a task have."""
    lines: Lines = []

    def keep(event: str, level: int, facts: log_lines.Facts) -> None:
        named = {"event": event, "log_level": logging.getLevelName(level).lower()}
        lines.append({**(log_lines.of_task() if of_task else {}), **facts, **named})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observe._output, "write", keep)
        patch.setattr(observe._output, "least_level", logging.NOTSET)
        yield lines
