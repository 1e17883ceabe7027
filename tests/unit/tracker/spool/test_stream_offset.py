"""How far the stream is: written whole, and read back whatever became of the file."""

from pathlib import Path

import pytest

from tracker.spool.stream_offset import NAME, StreamOffset

OFFSET = StreamOffset({"tracker-1.log": 512}, 7, 1_790_000_000.5, "answered 500", 1_790_000_001.0)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """All of it; what was there before is replaced."""
    StreamOffset({"other": 1}).save(tmp_path)
    OFFSET.save(tmp_path)
    assert StreamOffset.load(tmp_path) == OFFSET
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "octets", [b"", b"\0" * 40, b"{}", b"[1]", OFFSET.encode()[:30], b'{"sent": {"a": "b"}}']
)
def test_a_damaged_file_tells_of_nothing_sent(tmp_path: Path, octets: bytes) -> None:
    """Then all that the spool holds is sent again."""
    (tmp_path / NAME).write_bytes(octets)
    assert StreamOffset.load(tmp_path) == StreamOffset()


def test_no_file_tells_of_nothing_sent(tmp_path: Path) -> None:
    """As at the start."""
    assert StreamOffset.load(tmp_path) == StreamOffset()


def test_what_cannot_be_read_is_no_beginning(tmp_path: Path) -> None:
    """It may be readable in a moment."""
    (tmp_path / NAME).mkdir()
    with pytest.raises(OSError, match="directory"):
        StreamOffset.load(tmp_path)


def test_a_half_that_was_left_behind_is_overwritten(tmp_path: Path) -> None:
    """By whoever was killed in the middle."""
    (tmp_path / f".{NAME}.new").write_bytes(b"x" * 10_000)
    OFFSET.save(tmp_path)
    assert StreamOffset.load(tmp_path) == OFFSET
