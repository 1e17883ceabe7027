"""Lines of the log: an event with its facts, as JSON for machines or as text for people.

Owns: the form of a line, the facts that all lines of a task have, and writing lines whole.
Does not own: which events there are (`observe`), or which characters a terminal obeys
(`config.escaping`).

Written here, as no library's way to a line is needed for more than this, and loading one takes a
seventh of the time until the proxy is ready.
"""

import json
import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple

from config.escaping import printable, printable_lines

Facts = Mapping[str, Any]
Form = Callable[[str, int, Facts], str]
"""Makes a line of an event, its level and its facts."""

LEVEL_WIDTH = 9
EVENT_WIDTH = 30
"""To which both are filled up on a line for people, so that facts begin in the same column."""
_INDENT = "  "
_TO_BE_QUOTED = re.compile("[ \t=\r\n\"']")
_is_one_word = re.compile("[!#-&(-<>-~]*").fullmatch
"""Matches most values: printable ASCII, and nothing in it _TO_BE_QUOTED."""
_RESET, _BRIGHT, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_RED, _GREEN, _YELLOW, _MAGENTA, _CYAN = (f"\x1b[{number}m" for number in (31, 32, 33, 35, 36))
_OF_LEVEL = {"critical": _RED, "error": _RED, "warning": _YELLOW, "info": _GREEN, "debug": _GREEN}
_PLAIN = (f"%%s [%-{LEVEL_WIDTH}s] %-{EVENT_WIDTH}s", "%s=%%s")
"""A pattern for when, with level and event; then one for a fact's value, with its name."""
_COLOURED = {
    level: (
        f"{_DIM}%%s{_RESET} [{colour}{_BRIGHT}%-{LEVEL_WIDTH}s{_RESET}] {_BRIGHT}%-{EVENT_WIDTH}s{_RESET}",
        f"{_CYAN}%s{_RESET}={_MAGENTA}%%s{_RESET}",
    )
    for level, colour in _OF_LEVEL.items()
}
"""The same for a terminal, by level."""
_NAMED_OTHERWISE = frozenset({"event", "level", "timestamp", "exc_info", "exception"})
"""What a line says of these stands elsewhere than among its facts."""
_KEPT_LAYOUTS = 256

_JSON = json.JSONEncoder(default=repr)

_TASK: ContextVar[Facts] = ContextVar("facts_of_all_lines", default={})  # noqa: B039 - never changed


def about(facts: Facts) -> None:
    """Have all lines of this task from here on say these facts as well; None takes one back."""
    both = {**_TASK.get(), **facts}
    for name, value in facts.items():
        if value is None:
            del both[name]
    _TASK.set(both)


def of_task() -> Facts:
    """Return the facts that all lines of this task have."""
    return _TASK.get()


def as_json(event: str, level: int, facts: Facts) -> str:
    """Return a line for machines: one object, in ASCII."""
    return _JSON.encode(_said(event, level, facts))


def as_text(event: str, level: int, facts: Facts, *, colours: bool = False) -> str:
    """Return a line for people: facts by name, no control of theirs; of an error its traceback below.

    That is indented: its text may be somebody else's, and look like a line of ours.
    """
    said = {**_TASK.get(), **facts}
    layout = _layout(event, level, tuple(said), colours)
    values: list[object] = [_now()]
    for name in layout.names:
        value = said[name]
        kind = type(value)
        is_one_word = _is_one_word(value) if kind is str else kind is int or value is None
        values.append(value if is_one_word else _shown(value))
    line = (layout.pattern % tuple(values)).rstrip(" ")
    error = said.get("exc_info")
    if error is None:
        return line
    return line + f"\n{printable_lines(_traceback(error))}".replace("\n", f"\n{_INDENT}")


class _Layout(NamedTuple):
    """The facts on a line for people in their order, and the pattern that takes them behind the time."""

    pattern: str
    names: tuple[str, ...]


@lru_cache(_KEPT_LAYOUTS)
def _layout(event: str, level: int, names: tuple[str, ...], colours: bool) -> _Layout:  # noqa: FBT001 - of a cache
    """Return where facts of these names go: the lines of one event look alike."""
    shown = tuple(sorted(name for name in names if name not in _NAMED_OTHERWISE))
    level_name = _level_name(level)
    begin, fact = _COLOURED[level_name] if colours else _PLAIN
    columns = [begin % (level_name, event), *(fact % name for name in shown)]
    return _Layout(" ".join(columns), shown)


def _said(event: str, level: int, facts: Facts) -> dict[str, Any]:
    """Return all that a line says; the error that is `exc_info` says it by its traceback."""
    said = {**facts, "event": event}
    for name, fact in of_task().items():
        said.setdefault(name, fact)
    said["level"] = _level_name(level)
    said["timestamp"] = _now()
    error = said.pop("exc_info", None)
    if error is not None:
        said["exception"] = _traceback(error)
    return said


def _now() -> str:
    return _at(time.time_ns() // 1000)


def _at(since_1970_us: int) -> str:
    """Return a time as ISO 8601 has it, in UTC; a whole second without a fraction."""
    second, fraction_us = divmod(since_1970_us, 1_000_000)
    return f"{_second(second)}.{fraction_us:06}Z" if fraction_us else f"{_second(second)}Z"


@lru_cache(1)
def _second(since_1970_s: int) -> str:
    """Return the same without a fraction: many a line is of the same second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_1970_s))


@lru_cache
def _level_name(level: int) -> str:
    return logging.getLevelName(level).lower()


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).removesuffix("\n")


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
    safe = text if text.isascii() and text.isprintable() else printable(text)
    if safe != text:
        return printable(json.dumps(text, ensure_ascii=False))
    return repr(value) if isinstance(value, str) and _TO_BE_QUOTED.search(value) else text
