"""Reading `waypost.toml` and the environment: into a Config, or into all of their problems at once.

Owns: reporting each problem as `file:line: key: what (hint)`, or with the variable for file and line.
Does not own: finding the file, and whether it may be read (`config_file`), what a key means
(`config.schema`), which values go together (`rules`), the files that keys name (`file_checks`), the
words for a wrong value (`wording`), settings from the environment (`environment`), or where a value
came from (`sources`).
"""

import contextlib
import copy
import os
import re
import socket
import stat
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.escaping import printable
from config.loading import environment, rules, toml_text
from config.loading.config_file import ConfigFile, NotTrusted, user_name
from config.loading.environment import MAY_BE_ALONE, Mistake
from config.loading.lines import Loc, key_lines
from config.loading.rules import Finding
from config.loading.sources import Sources
from config.loading.toml_text import TooMuch
from config.loading.wording import dotted, word
from config.schema import Config
from config.values import LONGEST_NODE

ROUNDS = 4
"""Without its wrong value a table may lack one, and is taken out as well: once for each level."""
SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
SYNTAX_HINTS = {
    "Invalid value": 'strings stand in "quotes"; true and false are lower case',
    "Expected newline or end of document after a statement": 'strings stand in "quotes"',
    "Expected '=' after a key in a key/value pair": "write key = value",
    "Unescaped '\\' in a string": "in 'single quotes' a backslash stays a backslash",
    "Cannot overwrite a value": "a key may stand only once in its table",
}
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
HINTS_OF_FILES = frozenset({"write it without quotes", 'write it in "quotes"'})
"""What helps nobody who set a variable, where quotes are the shell's."""
HEADER = re.compile(r"write \[+[a-z._]+\]+")
"""The hint at a table's header, which a variable cannot have."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration, and what would be right.

    It is in the `variable` where that is not None, else in the `file`, if there is one.
    """

    file: Path | None
    line: int | None
    key: str
    what: str
    hint: str = ""
    variable: str | None = None

    def __str__(self) -> str:
        """Write `file:line: key: what (hint)`, or `variable: key: what (hint)`."""
        place = self.variable or str(self.file or "the environment")
        place += f":{self.line}" if self.line else ""
        key = f" {self.key}:" if self.key else ""
        return printable(f"{place}:{key} {self.what}" + (f" ({self.hint})" if self.hint else ""))


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in file and environment; `config` is None if there are problems."""

    config: Config | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    sources: Sources = field(default_factory=lambda: Sources(dict, (), frozenset()))


def load(file: ConfigFile | Path, *, files: bool = True) -> Config:
    """Return the configuration in a file and the environment it goes with; raises ConfigError.

    A Path is a file alone. With `files=False` the files that it names (keys, certificates) are not checked, for commands
    that need none of them.
    """
    examined = examine(file, files=files, thorough=False)
    if examined.config is None:
        raise ConfigError(examined.problems)
    return examined.config


def examine(file: ConfigFile | Path, *, files: bool = True, thorough: bool = True) -> Examined:
    """Read a file, and return its configuration, problems and warnings, sorted by line.

    What its environment says takes the place of what the file says. What is not `thorough` takes no longer
    than it must: there are no warnings, and the primes of keys are believed to be some.
    """
    file = file if isinstance(file, ConfigFile) else ConfigFile(file)
    try:
        octets, found = file.read()
        text = octets.decode("utf-8-sig")
        data = toml_text.parse(text)
    except NotTrusted as error:
        return Examined(None, (Problem(file.path, None, "", error.what, error.hint),), ())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Examined(None, (_unreadable(file.path, error),), ())
    return _Examination(file, found, text, data).result(files=files, thorough=thorough)


def _unreadable(
    path: Path | None, error: OSError | UnicodeDecodeError | tomllib.TOMLDecodeError
) -> Problem:
    if isinstance(error, OSError):
        return Problem(path, None, "", f"cannot be read: {error.strerror}")
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return Problem(path, line, "", "is not UTF-8", "save the file as UTF-8")
    if isinstance(error, TooMuch):
        return Problem(path, None, "", str(error))
    message = str(error)
    place = SYNTAX_PLACE.search(message)
    what = message[: place.start()] if place else message
    number = int(place[1]) if place and place[1] else None
    return Problem(path, number, "", f"is not TOML: {what}", SYNTAX_HINTS.get(what, ""))


class _Examination:
    """The steps from a parsed file and its environment to an Examined."""

    def __init__(
        self, file: ConfigFile, found: os.stat_result | None, text: str, data: dict[str, Any]
    ) -> None:
        self._file = file
        self._found = found
        self._data = data
        self._alone = frozenset(name for name in MAY_BE_ALONE if isinstance(data.get(name), dict))
        self._text = text

    def result(self, *, files: bool, thorough: bool) -> Examined:
        settings, mistakes = environment.read(self._file.variables)
        mistakes += environment.put(settings, self._data)
        self._sources = Sources(partial(key_lines, self._text), settings, self._alone)
        errors, config, spoilt = self._validated(mistakes)
        found = list(rules.findings(rules.RULES, config, spoilt)) if config else []
        if files and config:
            # With what reads certificates, a tenth of all that a command loads which needs none.
            from config.loading import file_checks  # noqa: PLC0415 - see above

            found += rules.findings(file_checks.RULES, config, spoilt)
            if thorough:
                found += rules.findings(file_checks.THOROUGH, config, spoilt)
        problems = [self._problem(item["loc"], *word(item)) for item in errors]
        problems += self._told(item for item in found if item.fatal)
        problems += self._told(self._told_password(config))
        problems += self._mistaken(item for item in mistakes if item.fatal)
        usable = config if not problems else None
        warned: list[Problem] = []
        if thorough:
            warned += self._told(item for item in found if not item.fatal)
            warned += self._exposed()
            warned += self._mistaken(item for item in mistakes if not item.fatal)
        return Examined(usable, _by_line(problems), _by_line(warned), self._sources)

    def _validated(
        self, mistakes: Iterable[Mistake]
    ) -> tuple[list[ErrorDetails], Config | None, list[str]]:
        """Return the errors of single values, the Config without those values, and their names."""
        errors: list[ErrorDetails] = []
        data = copy.deepcopy(self._data)
        data |= {name: [data[name]] for name in MAY_BE_ALONE if isinstance(data.get(name), dict)}
        spoilt = [dotted(mistake.loc) for mistake in mistakes if mistake.loc]
        context = {"folder": self._file.folder}
        for _ in range(ROUNDS):
            try:
                config = Config.model_validate(data, context=context)
            except ValidationError as error:
                found = error.errors(include_url=False)
                errors = errors or found
                spoilt += [_cut(data, item) for item in found]
            else:
                return errors, _with_names(config), spoilt
        return errors, None, spoilt

    def _exposed(self) -> Iterator[Problem]:
        if self._found is None:
            return
        mode, owner, path = stat.S_IMODE(self._found.st_mode), self._found.st_uid, self._file.path
        if mode & 0o022:
            what = f"can be changed by others (mode {mode:04o}), who could redirect your mail"
            yield Problem(path, None, "", what, f"chmod go-w {path}")
        if owner not in (0, os.geteuid()):
            what = f"can be changed by {user_name(owner)}, to whom it belongs"
            yield Problem(path, None, "", what, f"chown root {path}")

    def _told_password(self, config: Config | None) -> Iterator[Finding]:
        """Find a password of the database where others may read it, or would not look for it."""
        server = config.store.server if config else None
        if server is None or not server.has_password:
            return
        loc, hint = ("store", "url"), "keep it in a file: [store] passfile"
        if self._sources.nearest(loc).variable:
            yield Finding(loc, "holds a password, which a variable is no place for", hint)
        elif self._found is not None and self._found.st_mode & 0o077:
            mode = f"{stat.S_IMODE(self._found.st_mode):04o}"
            what = f"holds a password in a file that others may read (mode {mode})"
            yield Finding(loc, what, hint)

    def _told(self, found: Iterable[Finding]) -> Iterator[Problem]:
        return (self._problem(item.loc, item.what, item.hint) for item in found)

    def _problem(self, loc: Loc, what: str, hint: str) -> Problem:
        place = self._sources.nearest(loc)
        if place.variable:
            hint = _hint_for(place.variable, what, hint)
        return Problem(self._file.path, place.line, dotted(loc), what, hint, place.variable)

    def _mistaken(self, mistakes: Iterable[Mistake]) -> Iterator[Problem]:
        for item in mistakes:
            key = dotted(item.loc)
            yield Problem(self._file.path, None, key, item.what, item.hint, item.variable)


def _hint_for(variable: str, what: str, hint: str) -> str:
    """Return the hint for a value of a variable, where the one for a value of a file helps nobody."""
    if what.startswith("must be true or false"):
        return "one of these two words, in lower case"
    if HEADER.fullmatch(hint):
        return f"each key has a variable of its own, {variable}__…"
    return "" if hint in HINTS_OF_FILES else hint


def _by_line(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda each: (each.variable or "", each.line or 0)))


def _cut(data: dict[str, Any], error: ErrorDetails) -> str:
    """Remove the wrong value (or the table that lacks one) from `data`, and return its name."""
    *way, last = (part for part in error["loc"] if part != "[key]")
    if error["type"] == "missing":
        *way, last = way
    while isinstance(last, int):
        *way, last = way
    table: Any = data
    with contextlib.suppress(KeyError):  # an earlier error took the table away
        for part in way:
            table = table[part]
        del table[last]
    return dotted((*way, last))


def own_node() -> str:
    """Return what this machine is called among nodes where nobody gave it a name: its own, as far as it can be."""
    return NOT_IN_NAMES.sub("-", socket.gethostname()).strip("-")[:LONGEST_NODE] or "node"


def _with_names(config: Config) -> Config:
    """Return a configuration in which this machine has the names that nobody gave it."""
    name = socket.gethostname()
    if config.proxy.hostname is None:
        full = name if "." in name else socket.getfqdn(name)
        proxy = config.proxy.model_copy(update={"hostname": full})
        config = config.model_copy(update={"proxy": proxy})
    if config.store.node is None and config.store.engine == "postgresql":
        store = config.store.model_copy(update={"node": own_node()})
        config = config.model_copy(update={"store": store})
    return config
