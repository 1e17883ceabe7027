"""Lines of the log: an event with its facts, as JSON for machines or as text for people.

Owns: the form of a line, the facts that all lines of a task have, and writing lines whole.
Does not own: which events there are (`observe`), or which characters a terminal obeys
(`config.escaping`).

Written here, as no library's way to a line is needed for more than this, and loading one takes a
seventh of the time until the proxy is ready.
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from config.escaping import printable, printable_lines

Facts = Mapping[str, Any]
Form = Callable[[str, int, Facts], str]
"""Makes a line of an event, its level and its facts."""

LEVEL_WIDTH = 9
EVENT_WIDTH = 30
"""To which both are filled up on a line for people, so that facts begin in the same column."""
_INDENT = "  "
_TO_BE_QUOTED = frozenset(" \t=\r\n\"'")
_RESET, _BRIGHT, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_RED, _GREEN, _YELLOW, _MAGENTA, _CYAN = (f"\x1b[{number}m" for number in (31, 32, 33, 35, 36))
_OF_LEVEL = {"critical": _RED, "error": _RED, "warning": _YELLOW, "info": _GREEN, "debug": _GREEN}

_TASK: ContextVar[Facts] = ContextVar("facts_of_all_lines", default={})  # noqa: B039 - never changed


def about(facts: Facts) -> None:
    """Have all lines of this task from here on say these facts as well; None takes one back."""
    both = {**_TASK.get(), **facts}
    _TASK.set({name: value for name, value in both.items() if value is not None})


def of_task() -> Facts:
    """Return the facts that all lines of this task have."""
    return _TASK.get()


def as_json(event: str, level: int, facts: Facts) -> str:
    """Return a line for machines: one object, in ASCII."""
    return json.dumps(_said(event, level, facts), default=repr)


def as_text(event: str, level: int, facts: Facts, *, colours: bool = False) -> str:
    """Return a line for people: facts by name, no control of theirs; of an error its traceback below.

    That is indented: its text may be somebody else's, and look like a line of ours.
    """
    paint = _painted if colours else _plain
    said = _said(event, level, facts)
    at, name = said.pop("timestamp"), said.pop("level")
    del said["event"]
    below = f"\n{printable_lines(said.pop('exception'))}" if "exception" in said else ""
    below = below.replace("\n", f"\n{_INDENT}")
    columns = [
        paint(at, _DIM),
        f"[{paint(f'{name:{LEVEL_WIDTH}}', _OF_LEVEL[name] + _BRIGHT)}]",
        paint(f"{event:{EVENT_WIDTH}}", _BRIGHT),
        *(f"{paint(key, _CYAN)}={paint(_shown(said[key]), _MAGENTA)}" for key in sorted(said)),
    ]
    return " ".join(columns).rstrip(" ") + below


def _said(event: str, level: int, facts: Facts) -> dict[str, Any]:
    """Return all that a line says; the error that is `exc_info` says it by its traceback."""
    said = {**facts, "event": event}
    said = {**said, **{name: fact for name, fact in of_task().items() if name not in said}}
    said["level"] = logging.getLevelName(level).lower()
    said["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    error = said.pop("exc_info", None)
    if error is not None:
        said["exception"] = "".join(traceback.format_exception(error)).removesuffix("\n")
    return said


class Lines:
    """Where lines go: standard error as it is now, each with one write."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._file = sys.stderr
        self._lock = threading.Lock()

    def __call__(self, event: str, level: int, facts: Facts) -> None:
        """Write one line; raises OSError, and ValueError where the file is closed."""
        line = self._form(event, level, facts)
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()


def _shown(value: object) -> str:
    """Return a value as it stands on a line for people, quoted where it would not be one word."""
    text = value if isinstance(value, str) else repr(value)
    if printable(text) != text:
        return printable(json.dumps(text, ensure_ascii=False))
    return repr(value) if isinstance(value, str) and _TO_BE_QUOTED & set(value) else text


def _painted(text: str, colour: str) -> str:
    return f"{colour}{text}{_RESET}"


def _plain(text: str, _colour: str) -> str:
    return text
