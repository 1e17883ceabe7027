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
from tracker.nodes.registry import VitalSigns
from tracker.spool import segments

FINGERPRINT = 16
"""Hexadecimal digits, by which two keys are told apart; nothing of a key can be read from them."""


def look(config: Config, fed: dict[str, int], heard: int, clock_s: float) -> VitalSigns:
    """Return what is said of this machine; `fed` are the octets of each segment that were counted."""
    keys = _keys(config)
    usable = [each for each in keys if not each.revoked]
    return VitalSigns(
        version=importlib.metadata.version("waypost"),
        roles=_roles(config),
        backlog_octets=_backlog_octets(config, fed),
        heard=heard,
        clock_s=round(clock_s, 3),
        keys=tuple(sorted(map(fingerprint, keys))),
        mints=fingerprint(minting_key(keys)) if usable else None,
    )


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


def _roles(config: Config) -> tuple[str, ...]:
    """Return the services that run here, by the files of their metrics."""
    directory = exposition.directory_of(config.store.spool_dir)
    return tuple(sorted(path.stem for path in directory.glob(f"*{exposition.SUFFIX}")))


def _backlog_octets(config: Config, fed: dict[str, int]) -> int:
    """Return how much of the spool was not counted yet."""
    waiting = 0
    for path in segments.listing(config.store.spool_dir):
        try:
            waiting += max(0, path.stat().st_size - fed.get(path.name, 0))
        except OSError:
            continue
    return waiting
