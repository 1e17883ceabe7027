"""A reader is being forgotten, and whoever does it is killed: at any step, again and again."""

import contextlib
import fcntl
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.loading.load import load
from config.schema import Config
from tests.support.checks import dying
from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tests.support.checks.people import ANN
from tracker.erasure.forget import erase
from tracker.ingest import waiting
from tracker.ingest.catch_up import catch_up
from tracker.reports import summary
from tracker.reports.figures import Report
from tracker.spool.writer import Spool
from tracker.store import database

STRIDE = 7
TRACES = (b"ann@example.net", b"ann%40example.net", b"192.0.2.7", b"Ann's browser")
URL = "https://www.example.net/?to=ann%40example.net"


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name a folder for a copy of everything."""
    return tmp_path_factory.mktemp("kept") / "folder"


@pytest.fixture
def config(folder: Path, kept: Path) -> Config:
    """Have Ann in store and spool: three mails, in which she clicked, as another reader did."""
    config = load(folder / "waypost.toml")
    with contextlib.closing(Spool.open(config.store.spool_dir, "proxy")) as spool:
        for number in range(3):
            message = f"m{number}"
            hers = clicked(f"a{number}", message, destination=URL, ip="192.0.2.7")
            events = (
                pending(message, campaign="Hello ann@example.net"),
                accepted(message),
                clicked(f"u{number}", message, user_agent="Ann's browser"),
                hers,
                clicked(f"b{number}", message, recipient=2),
            )
            for event in events:
                spool.append(event).result(10)
        assert not catch_up(config).why
        # Writers that are gone leave nothing in the spool: this one's segment is kept as it is now.
        shutil.copytree(folder, kept)
    return config


@contextlib.contextmanager
def restored(config: Config, kept: Path) -> Iterator[None]:
    """Have everything as it was, with a writer that is not gone."""
    folder = config.store.path.parent
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    with contextlib.ExitStack() as stack:
        for segment in config.store.spool_dir.glob("proxy-*.log"):
            descriptor = os.open(segment, os.O_RDWR)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def report(config: Config) -> Report:
    """Return the figures."""
    with database.reading(config.store) as db:
        return summary.report(db, until_s=SENT_S + 2 * 86400)


def left(config: Config) -> list[str]:
    """Name the files that tell of Ann, hidden ones as well."""
    return [
        each.name
        for each in config.store.path.parent.rglob("*")
        if each.is_file() and any(trace in each.read_bytes() for trace in TRACES)
    ]


def killed_at(config: Config, step: int) -> bool:
    """Have somebody forget Ann who dies before a step; return False where all was done before it."""
    start = multiprocessing.get_context("forkserver")
    start.set_forkserver_preload([dying.__name__])
    arguments = config.store.path.parent / "waypost.toml", ANN, step
    process = start.Process(target=dying.forget, args=arguments)
    process.start()
    process.join()
    assert process.exitcode in (0, -9)
    return process.exitcode == -9


@pytest.mark.parametrize("first", [1, 4])
def test_killed_at_any_step_it_can_be_done_again_and_nothing_is_lost(
    config: Config, kept: Path, first: int
):
    """Figures are as they were at each of them, and in the end no octet of any file tells of her."""
    before = report(config)
    assert len(left(config)) > 1
    step, kills = first, 0
    died = True
    while died:
        with restored(config, kept):
            died = killed_at(config, step)
            kills += died
            assert report(config).totals == before.totals
            erase(config, ANN)
            waiting.for_rewriting(config, lambda _progress: None)
            assert (left(config), report(config).totals) == ([], before.totals)
            again = [each.name for each in config.store.path.parent.glob(".waypost.db.*")]
            assert not any("instead" in name or "rewritten" in name for name in again)
        step += STRIDE
    assert kills > 5
