"""Sessions of people who logged in: what their cookie says, and how it is signed.

Owns: making and reading the value of the cookie, and what the cookie is called.
Does not own: which sessions ended before their time (`tokens`), or who may log in
(`authentication`).

The key is made of a secret of this installation and of what is kept of the password, so that a
changed password ends all sessions, and a restart none.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Self

from itsdangerous import BadData, URLSafeTimedSerializer

from tracker.access.tokens import digest_of

LASTS_S = 12 * 3600
"""A working day, and no more for being used."""

ID_OCTETS = 16
_SALT = "waypost session"


@dataclass(frozen=True, slots=True)
class Session:
    """One login. `token` is the digest of the token that it was by; "" where it was the password."""

    id: str
    token: str

    @classmethod
    def new(cls, token: str = "") -> Self:
        """Return a session that nobody has."""
        return cls(secrets.token_urlsafe(ID_OCTETS), token)

    @property
    def digest(self) -> str:
        """What is kept of it once it has ended."""
        return digest_of(self.id)

    def sealed(self, key: bytes) -> str:
        """Return the value of its cookie, which lasts from now on."""
        return str(_serializer(key).dumps([self.id, self.token]))


def opened(value: str, key: bytes) -> Session | None:
    """Return the session of a cookie; None where it is not ours, or its time is over."""
    try:
        session_id, token = _serializer(key).loads(value, max_age=LASTS_S)
    except BadData:
        return None
    return Session(session_id, token)


def key_of(secret: bytes, password: bytes) -> bytes:
    """Return the key of cookies; `password` is what is kept of it."""
    return hmac.digest(secret, b"waypost session\0" + password, "sha256")


def _serializer(key: bytes) -> URLSafeTimedSerializer:
    how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(key, salt=_SALT, signer_kwargs=how)


def cookie_name(*, secure: bool) -> str:
    """Return what the cookie is called.

    With the prefix a browser takes it from this host alone, and over HTTPS (RFC 6265bis §4.1.3.2).
    """
    return "__Host-waypost" if secure else "waypost"


def set_cookie(value: str, *, secure: bool) -> str:
    """Return the Set-Cookie field that has a browser keep `value`; forget it, where it is empty."""
    name = cookie_name(secure=secure)
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = value
    for attribute, value_of in (("path", "/"), ("httponly", True), ("samesite", "Strict")):
        cookie[name][attribute] = value_of
    cookie[name]["max-age"] = LASTS_S if value else 0
    if secure:
        cookie[name]["secure"] = True
    return cookie[name].OutputString()
