"""Values on their way to PostgreSQL and back, so that they are those that SQLite has.

Owns: how psycopg writes and reads them: integers, floats, text, octets and None; a boolean is 0 or 1, a sum
of integers an integer, a list an array.
Does not own: connections (`postgresql`), or how arrays are written (`arrays`).
"""

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.types.bool import BoolDumper
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown, TextLoader

from tracker.sql.arrays import array

NUL = "\U0010ffff"
"""Stands for NUL: a code point that no text may hold (Unicode, noncharacters)."""


def register(connection: psycopg.Connection[Any]) -> None:
    """Have a connection write and read values so."""
    adapters = connection.adapters
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(bool, _Bool)
    adapters.register_dumper(str, _Text)
    adapters.register_dumper(list, _List)
    adapters.register_loader("text", _TextLoader)
    adapters.register_loader("bool", _FlagLoader)
    adapters.register_loader("numeric", _NumberLoader)


class _Bool(BoolDumper):
    """Booleans go in as numbers."""

    oid = Int8Dumper.oid

    def dump(self, obj: bool) -> Buffer:  # noqa: FBT001 - psycopg's interface
        return b"1" if obj else b"0"


class _Text(StrDumperUnknown):
    """Text goes in with a stand-in for NUL, which PostgreSQL takes in none."""

    def dump(self, obj: str) -> Buffer | None:
        return _encoded(obj)


class _List(Dumper):
    """A list goes in as an array, of what it is compared with."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        written = array(obj)
        return b"{}" if written is None else _encoded(written.text)


class _TextLoader(TextLoader):
    """And comes out with NUL again."""

    def load(self, data: Buffer) -> str | bytes:
        text = bytes(data).decode()
        return text.replace(NUL, "\0") if NUL in text else text


class _FlagLoader(Loader):
    """Booleans come out as numbers."""

    def load(self, data: Buffer) -> int:
        return int(data == b"t")


class _NumberLoader(Loader):
    """Sums come out as integers."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return float(text) if b"." in text else int(text)


def _encoded(text: str) -> bytes:
    return (text.replace("\0", NUL) if "\0" in text else text).encode()
