"""The statements that stand in the code of the tracker, wherever they stand."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import tracker
from tracker.sql.db import Given

ONE_ENGINES = (
    "tracker.sql",
    "tracker.store.file.schema",
    "tracker.store.server",
    "tracker.store.views",
    "tracker.store.file.file_store",
    "tracker.store.file.replacement",
    "tracker.store.file.rewriting",
    "tracker.first_form",
    "tracker.backup",
    "tracker.nodes",
    "tracker.moving",
    "tracker.erasure.tasks",
    "tracker.decisions.shared_log",
)
"""Rooms of one engine: of a file of SQLite, or of what several nodes share."""

_ASKS = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\s", re.IGNORECASE)
_MAKES = re.compile(r"\s*CREATE TEMP TABLE\s", re.IGNORECASE)
_FIELD = re.compile(r"\{\w*\}")


def statements() -> list[tuple[str, str]]:
    """Return what reads or writes rows, with the module where it stands, but for what has gaps to fill."""
    return _found(_ASKS)


def temporary_tables() -> list[str]:
    """Return the statements that make tables of one connection, and those that make what queries are given."""
    given = {(each.name, str(each.columns)): each for each in _given()}
    return [*(sql for _, sql in _found(_MAKES)), *map(_made, given.values())]


def _given() -> Iterator[Given]:
    for name in _modules():
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, Given):
                yield value


def _made(table: Given) -> str:
    columns = ", ".join(f"{name} {type_}" for name, type_ in table.columns.items())
    return f"CREATE TEMP TABLE {table.name} ({columns})"


def _found(wanted: re.Pattern[str]) -> list[tuple[str, str]]:
    spelled_twice = set(_of_module("tracker.sql.spelling"))
    texts = {
        (name, text)
        for name in _modules()
        for text in (*_of_module(name), *_of_functions(name))
        if text not in spelled_twice and wanted.match(text) and not _FIELD.search(text)
    }
    return sorted(texts)


def _modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(tracker.__path__, "tracker."):
        if not module.ispkg and not module.name.startswith(ONE_ENGINES):
            yield module.name


def _of_module(name: str) -> Iterator[str]:
    """Yield the texts that are values of a module, put together as they are."""
    for value in vars(importlib.import_module(name)).values():
        several = value.values() if isinstance(value, dict) else value
        for each in several if isinstance(value, dict | tuple | list) else (value,):
            if isinstance(each, str):
                yield each


def _of_functions(name: str) -> Iterator[str]:
    """Yield the texts that stand in functions."""
    source = Path(importlib.import_module(name).__file__ or "").read_text()
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            joined = {id(part) for each in ast.walk(function) for part in _parts(each)}
            for each in ast.walk(function):
                is_text = isinstance(each, ast.Constant) and isinstance(each.value, str)
                if is_text and id(each) not in joined:
                    yield each.value


def _parts(node: ast.AST) -> list[ast.expr]:
    """Return the pieces of a text with gaps, which are no statements by themselves."""
    return node.values if isinstance(node, ast.JoinedStr) else []
