"""Token keys: the keys that tracked links are encrypted with.

Owns: what the key file holds, making new keys, rotating and revoking them, and the secret that ids
of persons are made with, which never rotates.
Does not own: how secret files are read and written (`secret_files`), what keys and ids are used for
(`tracker.tokens`, `tracker.urls.reader_id`).
"""

import base64
import binascii
import os
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.keys.secret_files import KeyFileError, locked_secret, read_secret, write_secret

SECRET_OCTETS = 64
"""An AES-256-SIV key (RFC 5297)."""
IDENTIFY_OCTETS = 32
"""A key of HMAC-SHA256 (RFC 2104 §3)."""
LAST_ID = 255
"""The id is one octet of a token."""

KEY_FILE_HEAD = """\
# The keys of Waypost's tracked links. Keep a copy in a safe place: without its key, a link in
# delivered mail is dead. The newest key that is not revoked makes new links, all others are read.
# `waypost keys rotate` adds one; `waypost keys revoke ID` ends all links of one that leaked.
"""
KEY_FILE_IDENTIFY = """
# What the ids of [tracking.identify] are made with. It never changes: with another one, your sites
# would take everybody for somebody new.
[identify]
secret = "{secret}"
"""
KEY_FILE_ENTRY = """
[[key]]
id = {id}
created = {created}
secret = "{secret}"
"""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that tracked links are encrypted with; `secret` is never shown."""

    id: int
    secret: bytes = field(repr=False)
    created: date
    revoked: bool = False


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
    id: Annotated[int, Field(ge=1, le=LAST_ID)]
    created: date
    secret: str
    revoked: bool = False


class _Identify(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
    secret: str


class _KeyFile(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
    identify: _Identify | None = None
    key: list[_Entry] = Field(min_length=1)


def read_token_keys(path: Path) -> tuple[TokenKey, ...]:
    """Return the keys in a key file, in its order; raises KeyFileError."""
    return _parsed(path, read_secret(path))[0]


def _parsed(path: Path, content: bytes) -> tuple[tuple[TokenKey, ...], bytes]:
    """Return the keys in a key file and the secret of ids; raises KeyFileError."""
    file = _read(path, content)
    keys = tuple(
        TokenKey(each.id, _key(path, each), each.created, each.revoked) for each in file.key
    )
    _refuse_unusable(path, keys)
    return keys, _identify_secret(path, file)


def read_identify_secret(path: Path) -> bytes:
    """Return the secret that ids of persons are made with; raises KeyFileError.

    Where the file has none, it is derived from the oldest key, revoked or not, so that new keys
    change no id.
    """
    return _identify_secret(path, _read(path, read_secret(path)))


def _identify_secret(path: Path, file: _KeyFile) -> bytes:
    if file.identify is not None:
        return _secret(path, file.identify.secret, IDENTIFY_OCTETS, "identify")
    return identify_secret_of(_key(path, min(file.key, key=lambda entry: entry.created)))


def _key(path: Path, entry: _Entry) -> bytes:
    return _secret(path, entry.secret, SECRET_OCTETS, f"id {entry.id}")


def identify_secret_of(token_secret: bytes) -> bytes:
    """Return the secret of ids that belongs to a token key, derived one-way by HKDF (RFC 5869)."""
    derived = HKDF(hashes.SHA256(), IDENTIFY_OCTETS, salt=None, info=b"waypost identify")
    return derived.derive(token_secret)


def new_identify_secret() -> bytes:
    """Return a new random secret for ids of persons."""
    return os.urandom(IDENTIFY_OCTETS)


def _read(path: Path, content: bytes) -> _KeyFile:
    try:
        return _KeyFile.model_validate(tomllib.loads(content.decode()))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise KeyFileError(path, f"is not a token key file: {place}: {first['msg']}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = error if isinstance(error, tomllib.TOMLDecodeError) else "it is not text"
        raise KeyFileError(path, f"is not a token key file: {reason}") from None


def _secret(path: Path, text: str, octets: int, name: str) -> bytes:
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise KeyFileError(path, f"holds a key that is not base64: {name}") from None
    if len(secret) != octets:
        raise KeyFileError(path, f"holds a key of {len(secret)} octets, not {octets}: {name}")
    return secret


def _refuse_unusable(path: Path, keys: Sequence[TokenKey]) -> None:
    ids = [key.id for key in keys]
    if twice := sorted({number for number in ids if ids.count(number) > 1}):
        raise KeyFileError(path, f"holds two keys with the id {twice[0]}", "give each its own id")
    if all(key.revoked for key in keys):
        raise KeyFileError(path, "holds no key that is not revoked", "waypost keys rotate")


def write_token_keys(
    path: Path,
    keys: Sequence[TokenKey],
    *,
    identify_secret: bytes | None = None,
    replace: bool = False,
) -> None:
    """Write the key file, readable by its owner alone; raises as `write_secret` does."""
    write_secret(path, _content(keys, identify_secret), replace=replace)


def change_token_keys(
    path: Path, change: Callable[[tuple[TokenKey, ...]], Sequence[TokenKey]]
) -> Sequence[TokenKey]:
    """Write what `change` makes of the keys in a key file, and return it.

    Raises KeyFileError, OSError and what `change` does; then the file stays as it is.
    """
    with locked_secret(path) as file:
        keys, identify_secret = _parsed(path, file.content)
        changed = change(keys)
        # The secret is written down from now on, so that it outlives the oldest key.
        file.replace(_content(changed, identify_secret))
    return changed


def _content(keys: Sequence[TokenKey], identify_secret: bytes | None) -> bytes:
    identify = ""
    if identify_secret is not None:
        secret = base64.b64encode(identify_secret).decode()
        identify = KEY_FILE_IDENTIFY.format(secret=secret)
    return "".join((KEY_FILE_HEAD, identify, *map(_entry, keys))).encode()


def _entry(key: TokenKey) -> str:
    secret = base64.b64encode(key.secret).decode()
    entry = KEY_FILE_ENTRY.format(id=key.id, created=key.created.isoformat(), secret=secret)
    return entry + "revoked = true\n" * key.revoked


def new_token_key(existing: Sequence[TokenKey] = ()) -> TokenKey:
    """Return a new key with an id that none of `existing` has; raises ValueError if none is left."""
    taken = {key.id for key in existing}
    last = max(taken, default=0)
    free = [*range(last + 1, LAST_ID + 1), *(set(range(1, last)) - taken)]
    if not free:
        raise ValueError(f"all {LAST_ID} ids are taken: remove keys whose links nobody needs")
    return TokenKey(free[0], os.urandom(SECRET_OCTETS), datetime.now(UTC).date())


def minting_key(keys: Sequence[TokenKey]) -> TokenKey:
    """Return the key that makes new links: the newest that is not revoked.

    Of two keys made on the same day it is the later one in the file.
    """
    usable = [key for key in keys if not key.revoked]
    return max(enumerate(usable), key=lambda item: (item[1].created, item[0]))[1]


def revoke(keys: Sequence[TokenKey], number: int) -> tuple[TokenKey, ...]:
    """Return `keys` with key `number` revoked.

    Raises ValueError if there is no such key, or if no usable key would be left.
    """
    if number not in {key.id for key in keys}:
        raise ValueError(f"there is no key {number}")
    changed = tuple(replace(key, revoked=key.revoked or key.id == number) for key in keys)
    if all(key.revoked for key in changed):
        raise ValueError(f"{number} is the only key left: first make one (waypost keys rotate)")
    return changed
