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
def lent(parcel: SharedBuffer) -> Iterator[Path]:
    """Lend a parcel to somebody who is done at the end of the block."""
    done: Future[None] = Future()
    loan = parcel.lent()
    loan.until(done)
    yield loan.path
    done.set_result(None)


async def test_what_is_put_in_can_be_read_by_its_path() -> None:
    """By any process of the same user; here by this one."""
    with SharedBuffer() as parcel:
        await parcel.put(LARGE)
        with lent(parcel) as path:
            assert path.read_bytes() == LARGE


async def test_what_was_written_by_its_path_is_taken() -> None:
    """Even where it is shorter than what was there before."""
    with SharedBuffer() as parcel:
        await parcel.put(LARGE)
        with lent(parcel) as path:
            path.write_bytes(b"short")
        assert await parcel.taken() == b"short"


async def test_a_parcel_is_empty_at_first() -> None:
    """So that nothing put in means nothing taken."""
    with SharedBuffer() as parcel:
        assert await parcel.taken() == b""


async def test_what_is_lent_outlives_the_parcel_until_the_other_is_done() -> None:
    """Else a session that ended early could leave its path to another's message."""
    with ExitStack() as elsewhere:
        with SharedBuffer() as parcel:
            await parcel.put(b"mail")
            path = elsewhere.enter_context(lent(parcel))
        assert path.read_bytes() == b"mail"
    assert not _is_a_parcel(path)


async def test_a_parcel_is_gone_with_its_context() -> None:
    """And its memory with it."""
    before = _parcels()
    with SharedBuffer() as parcel:
        await parcel.put(LARGE)
        assert _parcels() == before + 1
    assert _parcels() == before


async def test_what_was_cut_short_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never half a message."""
    with SharedBuffer() as parcel:
        await parcel.put(b"a whole message")
        monkeypatch.setattr(os, "pread", lambda *_: b"a whole")
        with pytest.raises(OSError, match="7 of 15 octets"):
            await parcel.taken()


def _is_a_parcel(path: Path) -> bool:
    return path.exists() and "waypost-parcel" in str(path.readlink())


def _parcels() -> int:
    return sum(_is_a_parcel(each) for each in Path("/proc/self/fd").iterdir())
