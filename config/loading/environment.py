"""Settings from the environment: `WAYPOST_RELAY__HOST` is the key `host` of `[relay]`.

Owns: which variables are settings, and of which key; reading their values, text as it stands and all
else as TOML; putting them in the place of what the file says; variables that look like settings and
are none.
Does not own: the names of tables and keys (`config.reference.catalogue`), what a value may be
(`config.schema`), or the words for a wrong one (`wording`).

The names are those of pydantic-settings with `__` as its delimiter (ADR 0027).
"""

import difflib
import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.loading.lines import Loc
from config.loading.toml_text import TooMuch, parse
from config.reference.catalogue import PREFIX, tables

OTHERS = frozenset({"WAYPOST_CONFIG"})
"""Variables of ours that are no settings."""
OF_KUBERNETES = re.compile(
    r"WAYPOST_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)", re.ASCII
)
"""What Kubernetes tells every container about a service called waypost, or waypost-tracker."""
URL_OF_KUBERNETES = re.compile(r"(tcp|udp|sctp)://")
"""What its `WAYPOST_PORT` begins with."""
NUMBER = re.compile(r"__\d{1,9}(?=__)", re.ASCII)
NEAR = 0.75
"""How alike (difflib) a name is to that of the setting for which it was meant."""
MAY_BE_ALONE = ("relay",)
"""Tables that are read as an array of one; the places of their keys have no number then."""
READ_AS_TOML = ("whole number", "true or false", "array of", "table")
"""How the kinds of values begin that are read as TOML."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value from the environment: its variable, its place among all values, and what it is."""

    variable: str
    loc: Loc
    value: Any


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a variable, whose value belongs at `loc`, and what would be right."""

    variable: str
    loc: Loc
    what: str
    hint: str = ""
    fatal: bool = True


def ours(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that begin with WAYPOST_ and say something, less those of others."""
    return {
        name: value.strip()
        for name, value in environ.items()
        if name.startswith(PREFIX) and value.strip() and not _is_of_others(name, value)
    }


def _is_of_others(name: str, value: str) -> bool:
    address = name.endswith("_PORT") and URL_OF_KUBERNETES.match(value)
    return bool(name in OTHERS or OF_KUBERNETES.fullmatch(name) or address)


def has_settings(variables: Iterable[str]) -> bool:
    """Return whether one of the variables is a setting, or was meant for one."""
    return any(_kind(name) or _looks_like_one(name) for name in variables)


@functools.cache
def _kinds() -> Mapping[str, str]:
    """Return the kind of value of each variable, in whose name every number is 0."""
    found = {}
    for entry in tables():
        found[entry.variable] = "table"
        for key in entry.keys:
            found[entry.variable_of(key.name)] = key.kind
            if entry.name in MAY_BE_ALONE:
                found[f"{entry.variable}__0__{key.name.upper()}"] = key.kind
    return found


def _kind(name: str) -> str | None:
    return _kinds().get(NUMBER.sub("__0", name))


def read(variables: Mapping[str, str]) -> tuple[list[Setting], list[Mistake]]:
    """Return the settings, a table or array before what is inside of it, and all mistakes."""
    settings: dict[Loc, Setting] = {}
    mistakes: list[Mistake] = []
    for name, text in sorted(variables.items()):
        kind = _kind(name)
        found = _unknown(name) if kind is None else _setting(name, kind, text)
        if isinstance(found, Mistake):
            mistakes.append(found)
        elif (first := settings.setdefault(found.loc, found)) is not found:
            mistakes.append(
                Mistake(name, found.loc, f"is the same as {first.variable}", "keep one")
            )
    return [settings[loc] for loc in sorted(settings)], mistakes


def _setting(name: str, kind: str, text: str) -> Setting | Mistake:
    loc = _loc(name)
    try:
        return Setting(name, loc, _value(kind, text))
    except UnicodeEncodeError:
        return Mistake(name, loc, "is not UTF-8")
    except TooMuch as error:
        return Mistake(name, loc, str(error))
    except tomllib.TOMLDecodeError:
        return Mistake(name, loc, "is not TOML", 'strings in it stand in "quotes"')


def _loc(name: str) -> Loc:
    parts = name.removeprefix(PREFIX).lower().split("__")
    loc: Loc = tuple(int(part) if part.isdecimal() else part for part in parts)
    alone = loc[0] in MAY_BE_ALONE and loc[1:] and isinstance(loc[1], str)
    return (loc[0], 0, *loc[1:]) if alone else loc


def _value(kind: str, text: str) -> object:
    """Return what a variable holds; raises UnicodeEncodeError and tomllib.TOMLDecodeError."""
    text.encode()
    as_toml = kind.startswith(READ_AS_TOML)
    try:
        read = parse(f"value = {text}")
    except tomllib.TOMLDecodeError:
        if as_toml and text.startswith(("[", "{")):
            raise
        return text
    value = read["value"] if len(read) == 1 else text
    return value if as_toml or isinstance(value, str) else text


def _unknown(name: str) -> Mistake:
    """Return that there is no such setting; whether that is fatal depends on what it looks like."""
    near = _nearest(name)
    hint = (
        f"did you mean {near}?" if near else "docs/configuration.md names the variable of each key"
    )
    return Mistake(name, (), "is not a setting", hint, fatal=_looks_like_one(name))


def _nearest(name: str) -> str | None:
    known = {each.removeprefix(PREFIX): each for each in _kinds()}
    meant = NUMBER.sub("__0", name).removeprefix(PREFIX).upper()
    near = difflib.get_close_matches(meant, known, n=1, cutoff=NEAR)
    return known[near[0]] if near else None


def _looks_like_one(name: str) -> bool:
    """Return whether a variable was meant for a setting: its name is not one that others give."""
    of_a_table = name.startswith(tuple(f"{entry.variable}_" for entry in tables()))
    return "__" in name or of_a_table or _nearest(name) is not None


def put(settings: Iterable[Setting], data: dict[str, Any]) -> Iterator[Mistake]:
    """Set the values in `data`, what tomllib read of a file; yield those that have no place there."""
    for setting in settings:
        try:
            _put(setting, data)
        except _NoPlace as error:
            yield Mistake(setting.variable, setting.loc, error.what, error.hint)


class _NoPlace(Exception):
    """A table that is not the next one of its array, or one of several."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def _put(setting: Setting, data: dict[str, Any]) -> None:
    here: Any = data
    for part, following in zip(setting.loc, setting.loc[1:], strict=False):
        if isinstance(part, int):
            here = _element(here, part)
        else:
            here = _inside(setting, here, part, [] if isinstance(following, int) else {})
        if not isinstance(here, list if isinstance(following, int) else dict):
            return  # the file has something else there, and is told so
    here[setting.loc[-1]] = setting.value


def _inside(setting: Setting, table: dict[str, Any], name: str, new: object) -> object:
    found = table.setdefault(name, new)
    if name in MAY_BE_ALONE:
        if isinstance(found, dict):
            found = table[name] = [found]
        first = f"{PREFIX}{name.upper()}__0__"
        if isinstance(found, list) and len(found) > 1 and not NUMBER.search(setting.variable):
            raise _NoPlace(
                f"is one of several: there are {len(found)} [[{name}]]", f"{first}… is the first"
            )
    return found


def _element(array: list[Any], index: int) -> object:
    """Return an element of an array; the one after the last is made."""
    if index > len(array):
        hint = "numbers begin with 0 and leave none out"
        raise _NoPlace(f"has the number {index}, where {len(array)} is the next", hint)
    if index == len(array):
        array.append({})
    return array[index]
