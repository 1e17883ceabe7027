"""Our own login at the relay: for clients that are trusted and did not log in themselves.

Owns: `[relay] user` and where its password or token comes from, the AUTH exchange with it (RFC 4954),
over which connections it may go, and the pause after it was refused.
Does not own: for whose mail it is used (`proxy.client.identity`), which relay session has it
(`upstream`), or passing on the logins of clients (`proxy.client.authentication`).

A relay that hears a wrong password again and again locks the account. So what was refused is not said
again before a pause has passed, whichever client asks; and until a login has gone well, one is tried
at a time.
"""

import asyncio
import base64
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from subprocess import DEVNULL, PIPE

from aiosmtplib.auth import (
    auth_crammd5_verify,
    auth_login_encode,
    auth_plain_encode,
    auth_xoauth2_encode,
)
from aiosmtplib.errors import SMTPAuthenticationError

from config.keys.secret_files import KeyFileError, read_password
from config.schema import RelayConfig
from config.telemetry.observe import RELAY_LOGIN_FAILED, RELAY_LOGINS_FAILED, log
from proxy.relay.session import RelaySession
from proxy.smtp import replies
from proxy.smtp.replies import AUTHENTICATED_CODE, Reply

FIRST_PAUSE_S = 60.0
"""After a refusal; each further one in a row doubles it."""

LONGEST_PAUSE_S = 900.0

SHORT_PAUSE_S = 10.0
"""After a login that could not be tried: no password, no token, no mechanism, no TLS."""

TOKEN_AGE_S = 300.0
"""How long a token is used again. They are valid for an hour or so, and a command takes its time."""

COMMAND_PATIENCE_S = 30.0
"""For the command that prints a token."""

MAX_TOKEN_OCTETS = 8192

CANCEL = b"*"
"""RFC 4954 §4: ends an exchange without a login."""


class LoginFault(StrEnum):
    """Why we are not logged in."""

    REFUSED = "refused"
    """The relay said 5xx: the password or token is wrong, or the account may not send."""
    NOT_NOW = "not_now"
    """The relay said 4xx, or hung up."""
    NO_SECRET = "no_secret"  # noqa: S105 - the name of a fault
    """The password file cannot be read, or the command printed no token."""
    NOT_OFFERED = "not_offered"
    """The relay offers none of the mechanisms that we have."""
    NOT_SAFE = "not_safe"
    """The connection is neither on this machine nor over TLS with a certificate that was verified."""


class NotLoggedIn(Exception):
    """A login failed, as `fault` says; the text is for the log."""

    def __init__(self, fault: LoginFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


class OwnLogin:
    """The login of one relay in one process."""

    def __init__(self, config: RelayConfig) -> None:
        self._config = config
        self._user = config.user or ""
        self._proven = False
        self._one_at_a_time = asyncio.Lock()
        self._refused_in_a_row = 0
        self._paused_until_s = 0.0
        self._token = ""
        self._token_read_at_s = 0.0

    async def log_in(self, session: RelaySession) -> Reply | None:
        """Log in; return the reply to a client that needs it where that fails, else None."""
        if not self._proven:
            async with self._one_at_a_time:
                if not self._proven:
                    return await self._try(session)
        return await self._try(session)

    async def try_once(self, session: RelaySession) -> None:
        """Log in without a pause, log or counter, for who asks why it fails. Raises NotLoggedIn."""
        await self._exchange(session)

    async def _try(self, session: RelaySession) -> Reply | None:
        if _now_s() < self._paused_until_s:
            return replies.NOT_LOGGED_IN
        try:
            await self._exchange(session)
        except NotLoggedIn as error:
            self._failed(error)
            return replies.NOT_LOGGED_IN
        session.ours = self._proven = True
        self._refused_in_a_row = 0
        return None

    async def _exchange(self, session: RelaySession) -> None:
        """Exchange AUTH with the relay until it has judged. Raises NotLoggedIn."""
        if not session.may_have_our_login:
            what = "only over TLS with a certificate that verifies, or on this machine"
            raise NotLoggedIn(LoginFault.NOT_SAFE, what)
        mechanism = self._mechanism(session)
        reused = bool(self._token)
        reply = await self._judged(session, mechanism)
        if reply.permanent and reused and self._config.token_command and session.fault is None:
            self._token = ""  # it may have been withdrawn before its time
            reply = await self._judged(session, mechanism)
        if reply.code == AUTHENTICATED_CODE:
            return
        self._token = ""
        raise NotLoggedIn(LoginFault.REFUSED if reply.permanent else LoginFault.NOT_NOW, str(reply))

    async def _judged(self, session: RelaySession, mechanism: str) -> Reply:
        steps = _STEPS[mechanism](self._user, await self._secret())
        reply = await session.auth_line(f"AUTH {mechanism}".encode() + next(steps)(b""))
        for step in steps:
            if not reply.intermediate:
                return reply
            reply = await session.auth_line(step(reply.lines[-1]))
        return await session.auth_line(CANCEL) if reply.intermediate else reply

    def _mechanism(self, session: RelaySession) -> str:
        offered = session.capabilities.get("AUTH", "").split()
        ours = _WITH_TOKEN if self._config.token_command else _WITH_PASSWORD
        for name in ours:
            if name in offered:
                return name
        told = ", ".join(offered) or "none"
        what = f"of {', '.join(ours)} the relay offers none; it offers {told}"
        raise NotLoggedIn(LoginFault.NOT_OFFERED, what)

    async def _secret(self) -> str:
        """Return password or token; raises NotLoggedIn."""
        if self._config.token_command:
            if not self._token or _now_s() - self._token_read_at_s > TOKEN_AGE_S:
                self._token = await _printed(self._config.token_command)
                self._token_read_at_s = _now_s()
            return self._token
        try:
            if self._config.password_file is not None:
                return read_password(self._config.password_file).decode()
        except (KeyFileError, UnicodeDecodeError) as error:
            raise NotLoggedIn(LoginFault.NO_SECRET, str(error)) from None
        raise NotLoggedIn(LoginFault.NO_SECRET, "neither password_file nor token_command is set")

    def _failed(self, error: NotLoggedIn) -> None:
        """Pause, and tell the log once for the whole of the pause."""
        pause_s = self._pause_s(error.fault)
        self._proven = False
        self._paused_until_s = _now_s() + pause_s
        RELAY_LOGINS_FAILED.labels(error.fault).inc()
        facts = {"user": self._user, "cause": error.fault, "detail": str(error)}
        log(RELAY_LOGIN_FAILED, relay=self._config.host, pause_s=pause_s, **facts)

    def _pause_s(self, fault: LoginFault) -> float:
        if fault is LoginFault.NOT_NOW:
            return 0.0
        if fault is not LoginFault.REFUSED:
            return SHORT_PAUSE_S
        pause_s: float = min(FIRST_PAUSE_S * 2**self._refused_in_a_row, LONGEST_PAUSE_S)
        self._refused_in_a_row = min(self._refused_in_a_row + 1, 10)
        return pause_s


async def _printed(command: Sequence[str]) -> str:
    """Return the token that a command prints; raises NotLoggedIn."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
    except OSError as error:
        raise NotLoggedIn(LoginFault.NO_SECRET, f"{command[0]}: {error.strerror}") from None
    try:
        async with asyncio.timeout(COMMAND_PATIENCE_S):
            printed, complaint = await process.communicate()
    except TimeoutError:
        what = f"{command[0]} did not end within {COMMAND_PATIENCE_S:g} s"
        raise NotLoggedIn(LoginFault.NO_SECRET, what) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    token = printed.decode("ascii", "replace").strip()
    if process.returncode or not token or len(token) > MAX_TOKEN_OCTETS or not token.isprintable():
        said = complaint.decode("utf-8", "replace").strip()[-200:]
        what = f"{command[0]} printed no token (exit {process.returncode}) {said}".rstrip()
        raise NotLoggedIn(LoginFault.NO_SECRET, what)
    return token


_Steps = Iterator[Callable[[bytes], bytes]]
"""What we say, each made from the relay's challenge; the first follows the mechanism's name."""


def _plain(user: str, password: str) -> _Steps:
    """RFC 4616."""
    yield lambda _: b" " + auth_plain_encode(user, password)


def _login(user: str, password: str) -> _Steps:
    """As in the expired draft draft-murchison-sasl-login."""
    name, secret = auth_login_encode(user, password)
    yield lambda _: b""
    yield lambda _: name
    yield lambda _: secret


def _cram_md5(user: str, password: str) -> _Steps:
    """RFC 2195."""
    yield lambda _: b""
    yield lambda challenge: _crammed(user, password, challenge)


def _crammed(user: str, password: str, challenge: bytes) -> bytes:
    try:
        base64.b64decode(challenge, validate=True)
        return auth_crammd5_verify(user, password, challenge)
    except (ValueError, SMTPAuthenticationError):
        return CANCEL


def _xoauth2(user: str, token: str) -> _Steps:
    """Google's XOAUTH2: a refusal comes as a challenge, which is answered with nothing."""
    yield lambda _: b" " + auth_xoauth2_encode(user, token)
    yield lambda _: b""


_WITH_PASSWORD = ("PLAIN", "LOGIN", "CRAM-MD5")
_WITH_TOKEN = ("XOAUTH2",)
_STEPS: dict[str, Callable[[str, str], _Steps]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "XOAUTH2": _xoauth2,
}


def _now_s() -> float:
    return asyncio.get_running_loop().time()
