"""What this machine says of itself to the others.

Owns: looking at its services, its spool and its token keys.
Does not own: where that is written down (`registry`), or metrics (`config.telemetry`).
"""

import hashlib
import importlib.metadata

from config.keys.secret_files import KeyFileError
from config.keys.token_keys import TokenKey, minting_key, read_token_keys
from config.schema import Config
from config.telemetry import exposition
from tracker.ingest.lock import Lock
from tracker.spool import segments
from tracker.store.server.nodes import VitalSigns

FINGERPRINT = 16
"""Hexadecimal digits, by which two keys are told apart; nothing of a key can be read from them."""


def look(
    config: Config, fed: dict[str, int], heard: int, clock_s: float, service: str = ""
) -> VitalSigns:
    """Return what is said of this machine; `fed` are the octets of each segment that were counted.

    `service` runs here for certain, whatever metrics say.
    """
    keys, mints = fingerprints(config)
    return VitalSigns(
        version=importlib.metadata.version("waypost"),
        roles=_roles(config, service),
        backlog_octets=_backlog_octets(config, fed),
        heard=heard,
        clock_s=round(clock_s, 3),
        keys=keys,
        mints=mints,
        unreadable=len(Lock(config.store.spool_dir).told().unreadable),
    )


def fingerprints(config: Config) -> tuple[tuple[str, ...], str | None]:
    """Return what tells our token keys from others, and that which makes new links; None: no key may."""
    keys = _keys(config)
    usable = [each for each in keys if not each.revoked]
    mints = fingerprint(minting_key(keys)) if usable else None
    return tuple(sorted(map(fingerprint, keys))), mints


def fingerprint(key: TokenKey) -> str:
    """Return what tells a key from others."""
    octets = b"waypost token key\0%d\0" % key.id + key.secret
    return hashlib.sha256(octets).hexdigest()[:FINGERPRINT]


def _keys(config: Config) -> tuple[TokenKey, ...]:
    """Return the token keys; none where this service may not read them."""
    try:
        return read_token_keys(config.keys.file) if config.keys.file else ()
    except KeyFileError:
        return ()


def _roles(config: Config, service: str) -> tuple[str, ...]:
    """Return the services that run here: each that writes metrics, and that which this is a part of.

    A tracker shows its own metrics itself, and writes none.
    """
    directory = exposition.directory_of(config.store.spool_dir)
    return tuple(sorted(exposition.processes(directory) | {service} - {""}))


def _backlog_octets(config: Config, fed: dict[str, int]) -> int:
    """Return how much of the spool was not counted yet."""
    waiting = 0
    for path in segments.listing(config.store.spool_dir):
        try:
            waiting += segments.unread_octets(path, fed.get(path.name, 0))
        except OSError:
            continue
    return waiting
