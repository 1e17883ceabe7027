"""The password of the admin listener as it is kept: an Argon2id hash, or the password itself.

Owns: making a hash, what a file may hold, and comparing.
Does not own: who may read the file (`secret_files`), or who is asked for the password and how often
(`tracker.access`).

A hash is a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash` (RFC 9106), as `waypost password` and
argon2(1) write it. To compare with one takes memory and time on purpose.
"""

import base64
import hmac
import os
import re
from pathlib import Path

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from config.keys.secret_files import KeyFileError, read_password

MEMORY_KIB, ITERATIONS, LANES = 19 * 1024, 2, 1
"""What OWASP's cheat sheet on password storage asks for at the least: some 40 ms."""
SALT_OCTETS, HASH_OCTETS = 16, 32

MOST_MEMORY_KIB, MOST_ITERATIONS, MOST_LANES = 1024 * 1024, 64, 64
"""Of a hash that others made: a service must not be killed by one."""

HINT = "`waypost password` makes a hash"

_ARGON2ID = b"$argon2id$"
_HASH = re.compile(
    rb"\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})"
    rb"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})"
)
_FOREIGN = re.compile(rb"\$(?:argon2\w*|2[abxy]?|[1567y]|gy|s0|scrypt|pbkdf2[\w-]*|apr1)\$")
"""How hashes begin that other programs make (crypt(5), htpasswd)."""


def make(password: bytes) -> str:
    """Return a hash of a password, with a salt of its own."""
    salt = os.urandom(SALT_OCTETS)
    made = Argon2id(
        salt=salt, length=HASH_OCTETS, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB
    )
    return str(made.derive_phc_encoded(password))


def is_hash(kept: bytes) -> bool:
    """Return whether what a file holds is a hash, and not the password itself."""
    return kept.startswith(_ARGON2ID)


def problem(kept: bytes) -> str | None:
    """Return what is wrong with what a file holds; None: nothing."""
    if not _FOREIGN.match(kept):
        return None
    if not is_hash(kept):
        return "holds a hash of a kind that is not read here"
    match = _HASH.fullmatch(kept)
    if match is None:
        return "holds an Argon2id hash that is cut off or damaged"
    *costs, salt, digest = match.groups()
    memory_kib, iterations, lanes = map(int, costs)
    if memory_kib > MOST_MEMORY_KIB or iterations > MOST_ITERATIONS or lanes > MOST_LANES:
        return "holds an Argon2id hash that takes too much memory or time"
    try:
        Argon2id(
            salt=_decoded(salt),
            length=len(_decoded(digest)),
            iterations=iterations,
            lanes=lanes,
            memory_cost=memory_kib,
        )
    except ValueError as error:
        return f"holds an Argon2id hash that cannot be used: {error}"
    return None


def _decoded(text: bytes) -> bytes:
    """Return what base64 without padding stands for; raises ValueError for other than canonical."""
    octets = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    if base64.b64encode(octets).rstrip(b"=") != text:
        raise ValueError("its base64 is not canonical")
    return octets


def matches(given: bytes, kept: bytes) -> bool:
    """Return whether somebody knows the password; blocks a while if it is kept as a hash.

    `kept` is what `problem` finds nothing wrong with.
    """
    if not is_hash(kept):
        return hmac.compare_digest(given, kept)
    try:
        Argon2id.verify_phc_encoded(given, kept.decode("ascii"))
    except InvalidKey:
        return False
    return True


def read_admin_password(path: Path) -> bytes:
    """Return what a file holds, without white space around it; raises KeyFileError."""
    kept = read_password(path)
    if what := problem(kept):
        raise KeyFileError(path, what, HINT)
    return kept
