"""What may become of a file by a slip or a full disk, for tests of what outlives it."""

from pathlib import Path


def delete(file: Path) -> None:
    """Delete the file."""
    file.unlink()


def empty(file: Path) -> None:
    """Leave nothing in it."""
    file.write_bytes(b"")


def damage(file: Path) -> None:
    """Spoil every line of a file of JSON."""
    file.write_bytes(file.read_bytes().replace(b'{"at"', b"xxxxx"))


def tear(file: Path) -> None:
    """Cut it in the middle of its first line."""
    file.write_bytes(file.read_bytes()[:40])


def put_back(file: Path) -> None:
    """Put back a copy of its first line."""
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
