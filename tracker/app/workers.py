"""The tracker in one process, or in several that answer readers at the same addresses.

Owns: how many there are, and what each of them is.
Does not own: the processes and their parent (`config.service.workers`), what is served (`app`), or what
those begin with that take the place of others (`in_force`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from config.service import systemd
from config.service.shared_counts import SharedCounts
from config.service.workers import Share, Workers
from config.telemetry import exposition, observe
from tracker.app.app import Process
from tracker.app.in_force import InForce

Ready = Callable[[], object]
Work = Callable[[Process, Ready], None]
"""Serves as this process until it is told to stop, and calls back once ready."""


def run(
    in_force: InForce,
    leader: Process,
    work: Work,
    reload: Callable[[], object],
    more: Share = (),
) -> int:
    """Have `work` done by as many processes as `[tracker] workers` says; return the exit status.

    With one, that is the caller. With several it is their parent, which calls `reload` at SIGHUP. `more`
    are sockets of the `leader` besides those of its tracker.
    """
    count = in_force.config.tracker.workers
    if count == 1:
        work(leader, systemd.ready)
        return 0
    counts = SharedCounts(count)
    directory = exposition.directory_of(in_force.config.store.spool_dir)

    def work_as(index: int, on_ready: Ready) -> None:
        mine = counts.of(index)
        if index == 0:
            work(replace(leader, counts=mine), on_ready)
            return
        follower = Process(f"tracker-{index}", leads=False, counts=mine)
        with exposition.published(directory, follower.name):
            work(follower, on_ready)

    log_lost = partial(observe.log, observe.TRACKER_WORKER_LOST)
    shares = _shares(in_force, count, more)
    return Workers(shares, work_as, reload, counts.forget, log_lost).run()


def _shares(in_force: InForce, count: int, more: Share) -> Sequence[Share]:
    """Return the sockets of each worker: all have those for readers in common."""
    public, admin = in_force.parts.public, in_force.parts.admin
    return [(*public, *admin, *more), *[public] * (count - 1)]
