"""Octets on their way to another process and back."""

import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from proxy.scheduling.shared_memory import SharedBuffer

LARGE = os.urandom(5_000_000)


@contextmanager
def lent_to_another(buffer: SharedBuffer) -> Iterator[Path]:
    """Lend a buffer to somebody who is done at the end of the block."""
    done: Future[None] = Future()
    borrowed = buffer.borrowed()
    borrowed.until(done)
    yield borrowed.path
    done.set_result(None)


async def test_what_is_put_in_can_be_read_by_its_path() -> None:
    """By any process of the same user; here by this one."""
    with SharedBuffer() as buffer:
        await buffer.put(LARGE)
        with lent_to_another(buffer) as path:
            assert path.read_bytes() == LARGE


async def test_what_was_written_by_its_path_is_taken() -> None:
    """Even where it is shorter than what was there before."""
    with SharedBuffer() as buffer:
        await buffer.put(LARGE)
        with lent_to_another(buffer) as path:
            path.write_bytes(b"short")
        assert await buffer.taken() == b"short"


async def test_a_buffer_is_empty_at_first() -> None:
    """So that nothing put in means nothing taken."""
    with SharedBuffer() as buffer:
        assert await buffer.taken() == b""


async def test_what_is_lent_outlives_the_buffer_until_the_other_is_done() -> None:
    """Else a session that ended early could leave its path to another's message."""
    with ExitStack() as elsewhere:
        with SharedBuffer() as buffer:
            await buffer.put(b"mail")
            path = elsewhere.enter_context(lent_to_another(buffer))
        assert path.read_bytes() == b"mail"
    assert not _is_a_buffer(path)


async def test_a_buffer_is_gone_with_its_context() -> None:
    """And its memory with it."""
    before = _buffers()
    with SharedBuffer() as buffer:
        await buffer.put(LARGE)
        assert _buffers() == before + 1
    assert _buffers() == before


async def test_what_was_cut_short_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never half a message."""
    with SharedBuffer() as buffer:
        await buffer.put(b"a whole message")
        monkeypatch.setattr(os, "pread", lambda *_: b"a whole")
        with pytest.raises(OSError, match="7 of 15 octets"):
            await buffer.taken()


def _is_a_buffer(path: Path) -> bool:
    return path.exists() and "waypost-buffer" in str(path.readlink())


def _buffers() -> int:
    return sum(_is_a_buffer(each) for each in Path("/proc/self/fd").iterdir())
