"""The page for Prometheus: the metrics of all processes that use one store.

Owns: the file to which each process writes its metrics, and the page that shows all of them, with the
label `process`.
Does not own: what is counted (`observe`), or who may ask for the page (`tracker.admin.admin`).

Workers of the proxy share their port, so Prometheus cannot ask each of them. They write their metrics
to files instead, and the tracker shows these beside its own. Metrics of a process that ended are gone
from the page within STALE_S seconds.
"""

import contextlib
import fcntl
import itertools
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from config.files.regular import open_regular, opener_without_links
from config.telemetry.observe import METRICS_UNREADABLE, METRICS_UNWRITTEN, REGISTRY, log

WRITE_S = 5.0
"""How often a process writes its metrics: those of others on the page are at most so old."""
STALE_S = 30.0
"""A file that is older belongs to a process that was killed."""
SUFFIX = ".prom"


def directory_of(spool_dir: Path) -> Path:
    """Return the folder of the files with metrics, one for each process that uses a spool."""
    return spool_dir / "metrics"


@contextlib.contextmanager
def published(directory: Path, process: str) -> Iterator[None]:
    """Write the metrics of this process to `directory` every WRITE_S seconds while the block runs.

    If another running process is called `process` too, a number is added to the name of this one.
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
    told, claim = False, None
    while True:
        try:
            _make_folders(directory)
            if claim is None or not claim.is_in_place():
                _give_up(claim)
                claim = _claim(directory, process)
            _write(claim.path)
            told = False
        except OSError as error:
            if not told:
                log(METRICS_UNWRITTEN, path=str(directory), cause=str(error))
            told = True
        if ended.wait(WRITE_S):
            _give_up(claim)
            return


def _make_folders(directory: Path) -> None:
    # Not mkdir(parents=True), which would make the parent readable by everybody.
    for folder in (directory.parent, directory):
        folder.mkdir(mode=0o700, exist_ok=True)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A file that is ours, by a lock beside it that ends with its holder."""

    path: Path
    lock: Path
    held: int

    def take(self) -> bool:
        """Lock it; False, and it is closed, where another has it. Raises OSError."""
        try:
            fcntl.flock(self.held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken = self.is_in_place()
        except BlockingIOError:
            taken = False
        except OSError:
            os.close(self.held)
            raise
        if not taken:
            os.close(self.held)
        return taken

    def is_in_place(self) -> bool:
        """Return whether the lock is the one that others find; its folder may have been moved."""
        held = os.fstat(self.held)
        try:
            found = self.lock.lstat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)


def _claim(directory: Path, process: str) -> _Claim:
    """Make a file ours; raises OSError."""
    names = itertools.chain((process,), (f"{process}.{number}" for number in itertools.count(2)))
    for name in names:
        path, lock = directory / f"{name}{SUFFIX}", directory / f"{name}.lock"
        claim = _Claim(path, lock, open_regular(lock, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW))
        if claim.take():
            return claim
    raise AssertionError  # there is no last name


def _give_up(claim: _Claim | None) -> None:
    """Delete what is ours, unless another's stands in its place."""
    if claim is None:
        return
    with contextlib.suppress(OSError):  # a file that stays is too old soon
        if claim.is_in_place():
            claim.path.unlink(missing_ok=True)
            claim.lock.unlink()
    os.close(claim.held)


def _write(path: Path) -> None:
    unfinished = path.with_suffix(".new")
    with open(unfinished, "wb", opener=opener_without_links) as file:
        file.write(generate_latest(REGISTRY))
    unfinished.replace(path)


def processes(directory: Path) -> set[str]:
    """Return the names of the processes that wrote metrics within STALE_S, without numbers of workers."""
    return {name.partition(".")[0].partition("-")[0] for name in _of_others(directory, "")}


def page(directory: Path, process: str) -> bytes:
    """Return the metrics of all processes as Prometheus text; `process` is the name of this one."""
    texts = {process: generate_latest(REGISTRY).decode()} | _of_others(directory, process)
    return generate_latest(_AllProcesses(_merged(texts)))


def counted(directory: Path, name: str) -> Iterator[tuple[dict[str, str], float]]:
    """Yield the samples of a metric that other processes wrote within STALE_S: labels and value."""
    for metric in _merged(_of_others(directory, "")):
        for each in metric.samples:
            if each.name == name:
                yield each.labels, each.value


def _of_others(directory: Path, besides: str) -> dict[str, str]:
    """Return what other processes wrote within STALE_S, by their names."""
    texts = {}
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        with contextlib.suppress(OSError):  # it may have ended this moment
            if path.stem != besides and path.stat().st_mtime > time.time() - STALE_S:
                with open(
                    path, encoding="utf-8", errors="replace", opener=opener_without_links
                ) as file:
                    texts[path.stem] = file.read()
    return texts


def _merged(texts: dict[str, str]) -> tuple[Metric, ...]:
    """Return each metric once, with the samples of all processes."""
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
class _AllProcesses(Collector):
    metrics: tuple[Metric, ...]

    def collect(self) -> Iterable[Metric]:
        return self.metrics
