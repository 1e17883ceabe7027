"""What all processes that work on one store have counted, on one page.

Owns: the file in which a process keeps its figures for others to show, and the page with everybody's,
told apart by the label `process`.
Does not own: what is counted (`observe`), or who may ask for the page (`tracker.admin.admin`).

Workers of the proxy share their port, and nobody should have to scrape each of them: they write
their figures down, and the tracker shows them beside its own. Figures of a process that ended are
gone from the page within STALE_S seconds.
"""

import contextlib
import fcntl
import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from config.telemetry.observe import METRICS_UNREADABLE, METRICS_UNWRITTEN, REGISTRY, log

WRITE_S = 5.0
"""How old the figures of another process may be on the page."""
STALE_S = 30.0
"""Older figures are those of a process that ended without a word."""
SUFFIX = ".prom"


def directory_of(spool_dir: Path) -> Path:
    """Give the folder for the figures of all processes that use a spool."""
    return spool_dir / "metrics"


@contextlib.contextmanager
def published(directory: Path, process: str) -> Iterator[None]:
    """Keep the figures of this process in `directory` until the block ends.

    Where another that runs is called `process` already, this one has a number besides.
    """
    ended = threading.Event()
    writer = threading.Thread(
        target=_keep_writing, args=(directory, process, ended), name="metrics", daemon=True
    )
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


def _keep_writing(directory: Path, process: str, ended: threading.Event) -> None:
    told, path = False, None
    with contextlib.ExitStack() as claims:
        while True:
            try:
                _make_folders(directory)
                path = path or claims.enter_context(_claimed(directory, process))
                _write(path)
                told = False
            except OSError as error:
                if not told:
                    log(METRICS_UNWRITTEN, path=str(directory), cause=str(error))
                told = True
            if ended.wait(WRITE_S):
                return


def _make_folders(directory: Path) -> None:
    for folder in (directory.parent, directory):  # mkdir's own parents would be everybody's
        folder.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def _claimed(directory: Path, process: str) -> Iterator[Path]:
    """Give the file that is nobody else's meanwhile; in the end it is gone."""
    names = itertools.chain((process,), (f"{process}.{number}" for number in itertools.count(2)))
    for name in names:
        path, lock = directory / f"{name}{SUFFIX}", directory / f"{name}.lock"
        with lock.open("ab") as claim, contextlib.suppress(BlockingIOError):
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with its holder
            try:
                yield path
            finally:
                for left in (path, lock):
                    with contextlib.suppress(OSError):  # left there, the figures go stale
                        left.unlink()
            return


def _write(path: Path) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(generate_latest(REGISTRY))
    unfinished.replace(path)


def page(directory: Path, process: str) -> bytes:
    """Give everybody's figures in Prometheus' text format; `process` is what this one is called."""
    texts = {process: generate_latest(REGISTRY).decode()} | _written(directory, process)
    return generate_latest(_Everybody(_merged(texts)))


def _written(directory: Path, besides: str) -> dict[str, str]:
    """Give what other processes wrote lately, by their names."""
    texts = {}
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        with contextlib.suppress(OSError):  # it may have ended this moment
            if path.stem != besides and path.stat().st_mtime > time.time() - STALE_S:
                texts[path.stem] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def _merged(texts: dict[str, str]) -> tuple[Metric, ...]:
    """Give each metric once, with the samples of all processes."""
    merged: dict[str, Metric] = {}
    for process, text in texts.items():
        try:
            families = list(text_string_to_metric_families(text))
        except ValueError as error:
            log(METRICS_UNREADABLE, process=process, cause=str(error))
            continue
        for family in families:
            known = merged.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            known.samples += [
                each._replace(labels={"process": process} | each.labels) for each in family.samples
            ]
    return tuple(merged.values())


@dataclass(frozen=True, slots=True)
class _Everybody(Collector):
    metrics: tuple[Metric, ...]

    def collect(self) -> Iterable[Metric]:
        return self.metrics
