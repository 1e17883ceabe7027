"""The files of a machine, as they are named beside a store."""

from pathlib import Path

from config.schema import StateFile


def beside(store: Path) -> StateFile:
    """Return what names the files beside a store of SQLite."""
    return lambda name: store.with_name(f"{store.name}.{name}")
