"""The secrets that sign what webhooks are told: `whsec_` and base64, one or two in a file.

Owns: reading such a file, and what a secret must be (Standard Webhooks 1.0.0, "Signature scheme").
Does not own: who may read it (`secret_files`), or signing (`tracker.webhooks.signing`).
"""

import base64
import binascii
from pathlib import Path

from config.keys.secret_files import KeyFileError, read_secret

PREFIX = b"whsec_"
LEAST_OCTETS = 24
MOST_OCTETS = 64
MOST_SECRETS = 2
"""One, and while it changes, the other."""
HINT = 'a new one: (umask 077; echo "whsec_$(openssl rand -base64 32)" > FILE)'


def read_webhook_secrets(path: Path) -> tuple[bytes, ...]:
    """Return the secrets in a file, as octets, in their order; raises KeyFileError."""
    lines = read_secret(path).split()
    if not lines:
        raise KeyFileError(path, "is empty", HINT)
    if len(lines) > MOST_SECRETS:
        what = f"holds {len(lines)} secrets"
        raise KeyFileError(path, what, "one, or two while one takes the place of the other")
    return tuple(_decoded(path, line) for line in lines)


def _decoded(path: Path, line: bytes) -> bytes:
    if not line.startswith(PREFIX):
        raise KeyFileError(path, "holds something that does not begin with whsec_", HINT)
    try:
        octets = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise KeyFileError(path, "holds a secret that is not base64", HINT) from None
    if not LEAST_OCTETS <= len(octets) <= MOST_OCTETS:
        what = f"holds a secret of {len(octets)} octets, not of {LEAST_OCTETS} to {MOST_OCTETS}"
        raise KeyFileError(path, what, HINT)
    return octets
