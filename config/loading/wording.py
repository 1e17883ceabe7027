"""The words for a wrong value: pydantic's errors, told in the terms of TOML and of the manual.

Owns: one sentence and one hint for each kind of error that the schema can raise.
Does not own: on which line the value is (`load`), the words of our own kinds of values
(`config.values`).
"""

import difflib
import re
from collections.abc import Callable
from typing import Any

from pydantic_core import ErrorDetails

from config.loading.lines import Loc
from config.reference.catalogue import table, tables

KINDS = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number with a point",
    list: "an array",
    dict: "a table",
}
EXPECTED = {
    "string_type": ("a string", 'write it in "quotes"'),
    "int_type": ("a whole number", "write it without quotes"),
    "bool_type": ("true or false", "write it without quotes"),
    "tuple_type": ("an array", "write it in [brackets]"),
    "dict_type": ("a table", ""),
    "model_type": ("a table", ""),
}
BOUNDS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must match {pattern}",
}


def dotted(loc: Loc) -> str:
    """Return the name of a key as the manual writes it: `sender.dkim.key_file`."""
    return ".".join(part for part in loc if isinstance(part, str) and part != "[key]")


def word(error: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong, and a hint at what would be right (empty if there is none)."""
    kind = error["type"]
    if kind in EXPECTED:
        return _wrong_type(error)
    if kind in BOUNDS:
        return BOUNDS[kind].format_map(error.get("ctx", {})), ""
    return SENTENCES.get(kind, _other)(error)


def _ours(error: ErrorDetails) -> tuple[str, str]:
    return str(error["ctx"]["what"]), str(error["ctx"]["hint"])


def _missing(error: ErrorDetails) -> tuple[str, str]:
    return "is missing", _description(error["loc"])


def _size(error: ErrorDetails) -> tuple[str, str]:
    return f'"{error["input"]}" is not a size', 'write a number and a unit, like "35MB"'


def _other(error: ErrorDetails) -> tuple[str, str]:
    return f"is not valid: {error['msg']}", _description(error["loc"])


def _unknown(error: ErrorDetails) -> tuple[str, str]:
    loc = error["loc"]
    name, where = str(loc[-1]), dotted(loc[:-1])
    entry = table(where)
    what = f"is not a key of {entry.header}" if entry else "is not a table or key"
    here = [*(key.name for key in entry.keys)] if entry else []
    here += _subtables(where)
    near = difflib.get_close_matches(name, here, n=1, cutoff=0.6)
    if near:
        return what, f"did you mean {near[0]}?"
    for other in tables():
        if name in {key.name for key in other.keys}:
            return what, f"it belongs under {other.header}"
    return what, f"known here: {', '.join(here)}"


def _subtables(where: str) -> list[str]:
    prefix = f"{where}." if where else ""
    below = (entry.name.removeprefix(prefix) for entry in tables() if entry.name.startswith(prefix))
    return [name for name in below if "." not in name]


def _description(loc: Loc) -> str:
    entry = table(dotted(loc[:-1]))
    found = [key.description for key in entry.keys if key.name == loc[-1]] if entry else []
    return found[0].partition(". ")[0].removesuffix(".") if found else ""


def _wrong_type(error: ErrorDetails) -> tuple[str, str]:
    expected, hint = EXPECTED[error["type"]]
    value, name = error["input"], dotted(error["loc"])
    if entry := table(name):
        hint = f"write {entry.header}"
    elif isinstance(value, str) and expected == "an array":
        hint = f'write ["{value}"]'
    elif not isinstance(value, str) and expected in {"a whole number", "true or false"}:
        hint = _description(error["loc"])
    return f"must be {expected}, not {_kind(value)}", hint


def _kind(value: Any) -> str:  # noqa: ANN401 - anything that TOML can hold
    return next((text for kind, text in KINDS.items() if isinstance(value, kind)), "a date or time")


def _not_a_choice(error: ErrorDetails) -> tuple[str, str]:
    value = error["input"]
    choices = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    listed = ", ".join(f'"{choice}"' for choice in choices)
    if not isinstance(value, str):
        hint = f'write "{"on" if value else "off"}"' if choices == ["on", "off"] else listed
        return f"must be a string, not {_kind(value)}", hint
    near = difflib.get_close_matches(value.lower(), choices, n=1, cutoff=0.5)
    hint = f'did you mean "{near[0]}"?' if near else f"it is one of {listed}"
    return f'"{value}" is not known', hint


SENTENCES: dict[str, Callable[[ErrorDetails], tuple[str, str]]] = {
    "waypost": _ours,
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _not_a_choice,
    "byte_size": _size,
    "byte_size_unit": _size,
}
