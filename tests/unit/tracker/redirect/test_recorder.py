"""The recorder: a click is durable before its answer, and an answer never waits long."""

import asyncio
import errno
import os
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.support.feeding import click, metric
from tests.support.log_lines import Lines
from tests.support.waiting_in_loop import until
from tracker.redirect.recorder import Recorder
from tracker.spool.writer import Spool

CLICK = click(0)
_ID = b'"event_id":"e0"'


async def recorded(recorder: Recorder) -> None:
    """Wait until a click is called back for."""
    called = asyncio.Event()
    recorder.record(CLICK, called.set)
    await asyncio.wait_for(called.wait(), 10)


async def test_a_click_is_on_disk_when_record_returns(tmp_path: Path) -> None:
    """P9: what is recorded stands in the segment before anybody is answered."""
    spool = Spool.open(tmp_path / "spool", "tracker")
    await recorded(Recorder(spool, patience_s=10))
    (segment,) = (tmp_path / "spool").glob("*.log")
    assert _ID in segment.read_bytes()
    spool.close()


async def test_a_slow_disk_delays_the_answer_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its patience the answer goes out; the click is written when the disk obeys again."""
    obeys = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda _descriptor: obeys.wait(30))
    before = metric("waypost_clicks_answered_before_durable_total")
    spool = Spool.open(tmp_path / "spool", "tracker")
    await recorded(Recorder(spool, patience_s=0.1))
    assert not obeys.is_set()
    assert metric("waypost_clicks_answered_before_durable_total") == before + 1
    obeys.set()
    await asyncio.to_thread(spool.close)
    (segment,) = (tmp_path / "spool").glob("*.log")
    assert _ID in segment.read_bytes()


async def test_each_reader_is_called_back_once_and_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who came later wait as long as those before, whatever becomes of their clicks then."""
    obeys = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda _descriptor: obeys.wait())
    spool = Spool.open(tmp_path / "spool", "tracker")
    patience_s = 0.3
    recorder, begun_s, waited_s = Recorder(spool, patience_s=patience_s), {}, {}

    def called_back(number: int) -> None:
        assert number not in waited_s
        waited_s[number] = time.monotonic() - begun_s[number]

    try:
        for number in range(6):
            begun_s[number] = time.monotonic()
            recorder.record(CLICK, partial(called_back, number))
            await asyncio.sleep(patience_s / 3)
        assert 0 in waited_s  # though others came since
        await until(lambda: len(waited_s) == 6)
    finally:
        obeys.set()
        await asyncio.to_thread(spool.close)
    await asyncio.sleep(0)
    assert all(each > patience_s - 0.01 for each in waited_s.values())


async def test_a_reader_who_cannot_be_called_back_costs_no_other(
    tmp_path: Path, logged: Lines
) -> None:
    """A fault in one answer is logged; the others of the group are called back."""
    spool = Spool.open(tmp_path / "spool", "tracker")
    called = asyncio.Event()

    def fault() -> None:
        raise ZeroDivisionError

    recorder = Recorder(spool, patience_s=5)
    recorder.record(CLICK, fault)
    recorder.record(CLICK, called.set)
    await asyncio.wait_for(called.wait(), 2)
    assert [line["error"] for line in logged] == ["ZeroDivisionError()"]
    await asyncio.to_thread(spool.close)


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
        await recorded(recorder)
    full = False
    await asyncio.to_thread(spool.close)
    (segment,) = (tmp_path / "spool").glob("*.log")
    assert segment.read_bytes().count(_ID) == 3
