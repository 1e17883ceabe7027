"""A list of every table and key of the schema: name, kind, default, description, variable.

Owns: reading the pydantic models of `config.schema` and their docstrings, and writing a default as TOML.
Does not own: what is made of the list (pages in `manual`, hints in `config.loading.wording`).
"""

import ast
import functools
import inspect
import itertools
import json
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ByteSize
from pydantic.fields import FieldInfo

from config import schema
from config.schema import Config
from config.values import Address, AlsoAlone, Kind, format_duration, format_rate, format_size

RATE = "number per unit of time"
SIMPLE = {str: "string", int: "whole number", bool: "true or false"}
PREFIX = "WAYPOST_"
"""What the names of our environment variables begin with."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `default` is TOML, None if the key is unset or must be given (`required`).

    `example` is TOML too, empty if the default says enough.
    """

    name: str
    kind: str
    default: str | None
    required: bool
    description: str
    example: str


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table. An `array` of tables may have several elements: `[[name]]`.

    `variable` is the environment variable that holds all of it, as TOML.
    """

    name: str
    variable: str
    array: bool
    description: str
    keys: tuple[Key, ...]

    @property
    def header(self) -> str:
        """The line that begins the table in a file."""
        return f"[[{self.name}]]" if self.array else f"[{self.name}]"

    def variable_of(self, key: str) -> str:
        """Return the environment variable of a key; of an array of tables, that of the first."""
        return f"{self.inside}{key.upper()}"

    @property
    def inside(self) -> str:
        """What the environment variables of its keys and subtables begin with."""
        return f"{self.variable}{'__0' * self.array}__"


@functools.cache
def tables() -> tuple[TableEntry, ...]:
    """Return all tables in the order of the schema, each before its subtables."""
    return tuple(_subtables(Config, "", PREFIX))


def table(name: str) -> TableEntry | None:
    """Return the table called `name`, like `sender.dkim`; None if there is none."""
    return next((entry for entry in tables() if entry.name == name), None)


def _subtables(model: type[BaseModel], prefix: str, variables: str) -> Iterator[TableEntry]:
    for name, field in model.model_fields.items():
        below = _model(field.annotation)
        if below is None:
            continue
        called = field.alias or name
        path = f"{prefix}{called}"
        keys = tuple(
            _key(below, key, value)
            for key, value in below.model_fields.items()
            if _model(value.annotation) is None
        )
        alone = any(isinstance(item, AlsoAlone) for item in field.metadata)
        array = get_origin(field.annotation) is tuple and not alone
        variable = f"{variables}{called.upper()}"
        entry = TableEntry(path, variable, array, _unwrap(below.__doc__ or ""), keys)
        yield entry
        yield from _subtables(below, f"{path}.", entry.inside)


def _model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type form
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model, get_args(annotation))), None)


def _key(model: type[BaseModel], name: str, field: FieldInfo) -> Key:
    value = field.get_default(call_default_factory=True)
    required = field.is_required()
    kind = _kind_of(field)
    default = None if required or value is None else to_toml(value, kind)
    example = next((str(text) for text in field.examples or ()), "")
    return Key(
        name, kind, default, required, _unwrap(_descriptions()[model.__name__, name]), example
    )


@functools.cache
def _descriptions() -> dict[tuple[str, str], str]:
    """Return the docstring of each key, by its model and its name; pydantic would read them at each start."""
    models = [
        node for node in ast.parse(inspect.getsource(schema)).body if isinstance(node, ast.ClassDef)
    ]
    return {
        (model.name, key.target.id): str(docstring.value.value)
        for model in models
        for key, docstring in itertools.pairwise(model.body)
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(docstring, ast.Expr)
        and isinstance(docstring.value, ast.Constant)
    }


def _unwrap(text: str) -> str:
    return " ".join(text.split())


def _kind_of(field: FieldInfo) -> str:
    named = [item.name for item in field.metadata if isinstance(item, Kind)]
    return named[0] if named else _kind(field.annotation)


def _kind(annotation: Any) -> str:  # noqa: ANN401 - any type form
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        named = [item.name for item in arguments[1:] if isinstance(item, Kind)]
        return named[0] if named else _kind(arguments[0])
    if origin is Literal:
        return " | ".join(json.dumps(choice) for choice in arguments)
    if origin in {Union, types.UnionType}:
        return _kind(next(item for item in arguments if item is not types.NoneType))
    if origin is tuple:
        return f"array of: {_kind(arguments[0])}"
    if origin is dict:
        return f"table of {_kind(arguments[1])}s"
    return SIMPLE[annotation]


def to_toml(value: object, kind: str = "") -> str:
    """Return a value of a Config as TOML, written the way an operator would."""
    if isinstance(value, tuple | list) and not isinstance(value, Address):
        return f"[{', '.join(to_toml(item, kind) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_toml(k)} = {to_toml(v)}" for k, v in value.items()) + "}"
    if kind == RATE and isinstance(value, float):
        value = format_rate(value)
    if kind == "duration" and isinstance(value, float):
        value = format_duration(value)
    elif isinstance(value, ByteSize):
        value = format_size(value)
    elif isinstance(value, Address | Path):
        value = str(value)
    # TOML's strings are those of JSON, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
