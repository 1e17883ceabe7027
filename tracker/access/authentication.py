"""Who asks: by password, token, session, or the word of a web server of the operator's own.

Owns: which of them counts, how many wrong ones an address may try, logging in and out.
Does not own: what a request says (`asked`), how a refusal looks (`refusals`), the window in which
tries count (`config.throttle`), or what is shown then.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from config.addresses import IpAddress, Network
from config.schema import Config
from config.telemetry import observe
from config.throttle import WINDOW_S, Throttle
from tracker.access import files, sessions
from tracker.access.access import EVERYTHING, Access, Scope
from tracker.access.asked import Asked
from tracker.access.files import AccessInForce
from tracker.access.passwords import Busy, PasswordCheck
from tracker.access.tokens import PREFIX, AccessRecord, Tokens, digest_of

MAX_WRONG_PASSWORDS = 10
"""Of one address within `config.throttle.WINDOW_S`, tokens and logins included; then what that
address sends is not looked at."""

BUSY_S = 1.0

Reason = Literal["password", "too_many", "busy", "unavailable"]


class Refused(Exception):
    """Nobody is let in by this request; where it helps to try again, it does after `wait_s`."""

    def __init__(self, reason: Reason, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


class Authenticator:
    """Tells who asks. Used in one event loop.

    `password` returns what is kept of the password; None: nobody is asked for one. `secret` is this
    installation's.
    """

    def __init__(
        self,
        config: Callable[[], Config],
        password: Callable[[], bytes | None],
        tokens: AccessInForce,
        secret: Callable[[], bytes],
    ) -> None:
        self._config = config
        self._password = password
        self._tokens = tokens
        self._secret = secret
        self._check = PasswordCheck()
        self._throttle = Throttle(MAX_WRONG_PASSWORDS)
        self._ended: set[str] = set()
        self._told_s = -WINDOW_S

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return self._password() is None

    @property
    def trusted_proxies(self) -> Sequence[Network]:
        """The networks of web servers whose word counts."""
        return self._config().tracker.trusted_proxies

    async def access_of(self, asked: Asked) -> Access | None:
        """Return who asks; None where the request does not say. Raises Refused."""
        if (access := self._by_login_header(asked)) is not None:
            return access
        if "authorization" not in asked.headers:
            return self.session_of(asked)
        given = asked.password
        if given is None:
            return None
        token = await self._judged(given, asked.address)
        return EVERYTHING if token is None else token.access

    def session_of(self, asked: Asked) -> Access | None:
        """Return who logged in before; None for nobody. Raises Refused."""
        session = self._session(asked)
        if session is None or self._has_ended(session):
            return None
        if not session.token:
            return replace(EVERYTHING, logged_in=True)
        token = self._known().by_digest(session.token)
        return None if token is None else replace(token.access, logged_in=True)

    async def log_in(self, asked: Asked, password: bytes) -> str:
        """Return the Set-Cookie field for whoever knows the password or a token; raises Refused."""
        token = await self._judged(password, asked.address)
        name = "" if token is None else token.name
        session = sessions.Session.new("" if token is None else token.digest)
        observe.ADMIN_LOGINS.inc()
        observe.log(observe.ADMIN_LOGIN, client=_client(asked.address), name=name)
        return sessions.set_cookie(session.sealed(self._key()), secure=asked.is_secure)

    async def log_out(self, asked: Asked) -> str:
        """End the session of a request, and return the Set-Cookie field that says so.

        Raises Refused, and OSError where that could not be written down; until a restart it has ended.
        """
        session = self._session(asked)
        if session is not None and not self._has_ended(session):
            self._ended.add(session.digest)
            await asyncio.to_thread(files.end_session, self._config().store.file, session.digest)
            observe.log(observe.ADMIN_LOGOUT, client=_client(asked.address))
        return sessions.set_cookie("", secure=asked.is_secure)

    def _session(self, asked: Asked) -> sessions.Session | None:
        """Return the session that a cookie says, whether it has ended or not."""
        value = asked.cookie(sessions.cookie_name(secure=asked.is_secure))
        return None if value is None or self.is_open else sessions.opened(value, self._key())

    def _has_ended(self, session: sessions.Session) -> bool:
        ended = self._known().ended_sessions
        return session.digest in self._ended or session.digest in ended

    def _key(self) -> bytes:
        return sessions.key_of(self._secret(), self._password() or b"")

    def _known(self) -> Tokens:
        try:
            return self._tokens()
        except OSError:  # told in the log; who was let in by a token, nobody knows now
            raise Refused("unavailable", BUSY_S) from None

    async def _judged(self, given: bytes, address: IpAddress | None) -> AccessRecord | None:
        """Return the token that is given; None: it is the password. Raises Refused."""
        may_try = partial(self._may_try, address)
        may_try()
        if given.startswith(PREFIX.encode()) and (token := await self._token(given)) is not None:
            return token
        kept = self._password()
        try:
            is_right = await self._check.matches(given, kept or b"", may_try)
        except Busy:
            raise Refused("busy", BUSY_S) from None
        if not is_right or kept is None or kept != self._password():  # changed while it was hashed
            self._failed(address)
            raise Refused("password")
        return None

    async def _token(self, given: bytes) -> AccessRecord | None:
        """Return a token that opens something; one that was made just now is read first."""
        digest = digest_of(given)
        if (found := self._known().by_digest(digest)) is not None:
            return found
        await asyncio.to_thread(self._tokens.look)
        return self._known().by_digest(digest)

    def _may_try(self, address: IpAddress | None) -> None:
        if wait_s := self._throttle.wait_s(address):
            raise Refused("too_many", wait_s)

    def _failed(self, address: IpAddress | None) -> None:
        self._throttle.failed(address)
        observe.log(observe.ADMIN_PASSWORD_WRONG, client=_client(address))
        if not self._throttle.left(address):
            observe.log(observe.ADMIN_LOCKED, client=_client(address))

    def _by_login_header(self, asked: Asked) -> Access | None:
        """Return whom a web server of the operator's own vouches for."""
        tracker = self._config().tracker
        header = tracker.login_header
        if header is None or header not in asked.headers:
            return None
        name = asked.login_name(header) if asked.is_of_a_proxy else None
        if name is None:
            self._tell_ignored(asked)
            return None
        return Access.of(name, *map(Scope, tracker.login_header_scopes))

    def _tell_ignored(self, asked: Asked) -> None:
        observe.ADMIN_LOGIN_HEADERS_IGNORED.inc()
        if time.monotonic() - self._told_s >= WINDOW_S:
            self._told_s = time.monotonic()
            observe.log(observe.ADMIN_LOGIN_HEADER_IGNORED, client=asked.peer or "unknown")


def _client(address: IpAddress | None) -> str:
    return str(address or "unknown")
