"""Whether a role may get work: for balancers and orchestrators, which take one that is not out of service.

Owns: what each role needs, and the words for what it lacks.
Does not own: the path (`admin`), or what the proxy tells of itself (`config.telemetry.exposition`).

The database is none of it: links redirect and clicks are kept without one.
"""

import tempfile
from pathlib import Path

from prometheus_client.registry import Collector

from config.schema import Config
from config.telemetry import exposition, observe

TRACKER, PROXY = "tracker", "proxy"
ROLES = (TRACKER, PROXY)
WITH_MAIL = "serve"
"""What a process is called that is both."""
TRIED_OCTETS = 4096
"""What has to go to the spool's disk; on a full one it does not."""
_REACHABLE = "waypost_relay_reachable"
_SESSIONS = "waypost_sessions"


def lacking(role: str, config: Config, process: str) -> list[str]:
    """Return what keeps a role from its work, a line each; nothing where it is ready.

    `process` is what this one is called. A tracker that answers has loaded its keys.
    """
    if role == TRACKER:
        return _unwritable(config.store.spool_dir)
    reachable = _relays(config, process)
    if reachable is None:
        return ["no proxy on this store tells its metrics"]
    if any(reachable.values()):
        return []
    return [f"the relay {relay} cannot be reached" for relay in sorted(reachable)]


def _unwritable(spool: Path) -> list[str]:
    """Return why nothing can be written beside the spool's segments; the first event makes its folder."""
    folder = spool if spool.is_dir() else spool.parent
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(TRIED_OCTETS))
            file.flush()
    except OSError as error:
        return [f"the spool cannot be written: {folder}: {error.strerror}"]
    return []


def _relays(config: Config, process: str) -> dict[str, bool] | None:
    """Return which relays can be reached, as some proxy sees it; None where no proxy runs."""
    directory = exposition.directory_of(config.store.spool_dir)
    runs = process == WITH_MAIL or any(
        labels["process"].partition("-")[0].partition(".")[0] == PROXY
        for labels, _ in exposition.counted(directory, _SESSIONS)
    )
    if not runs:
        return None
    found = {relay.name or relay.host: False for relay in config.relays}
    samples = list(exposition.counted(directory, _REACHABLE))
    if process == WITH_MAIL:
        samples += _own(observe.RELAY_REACHABLE)
    for labels, value in samples:
        found[labels["relay"]] = found.get(labels["relay"], False) or value == 1
    return found


def _own(metric: Collector) -> list[tuple[dict[str, str], float]]:
    return [(each.labels, each.value) for family in metric.collect() for each in family.samples]
