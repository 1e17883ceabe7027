"""The recorder: a click is durable before its answer, and an answer never waits long."""

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from tests.support.feeding import click, metric
from tracker.redirect.recorder import Recorder
from tracker.spool.writer import Spool

CLICK = click(0)


async def test_a_click_is_on_disk_when_record_returns(tmp_path: Path) -> None:
    """P9: what is recorded stands in the segment before anybody is answered."""
    spool = Spool.open(tmp_path / "spool", "tracker")
    await Recorder(spool, patience_s=10).record(CLICK)
    (segment,) = (tmp_path / "spool").glob("*.log")
    assert CLICK.event_id.encode() in segment.read_bytes()
    spool.close()


async def test_a_slow_disk_delays_the_answer_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its patience the answer goes out; the click is written when the disk obeys again."""
    obeys = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda _descriptor: obeys.wait(30))
    before = metric("waypost_clicks_answered_before_durable_total")
    spool = Spool.open(tmp_path / "spool", "tracker")
    await Recorder(spool, patience_s=0.1).record(CLICK)
    assert not obeys.is_set()
    assert metric("waypost_clicks_answered_before_durable_total") == before + 1
    obeys.set()
    await asyncio.to_thread(spool.close)
    (segment,) = (tmp_path / "spool").glob("*.log")
    assert CLICK.event_id.encode() in segment.read_bytes()


async def test_a_refusing_disk_does_not_stop_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is met with patience: redirects go on, the click is kept and written later."""
    real = os.write
    full = True

    def write(descriptor: int, octets: bytes) -> int:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, octets)

    monkeypatch.setattr(os, "write", write)
    spool = Spool.open(tmp_path / "spool", "tracker")
    recorder = Recorder(spool, patience_s=5)
    for _ in range(3):
        await asyncio.wait_for(recorder.record(CLICK), 10)
    full = False
    await asyncio.to_thread(spool.close)
    (segment,) = (tmp_path / "spool").glob("*.log")
    assert segment.read_bytes().count(CLICK.event_id.encode()) == 3
