"""What must be there before the tracker starts: secrets, certificate and open sockets.

Owns: getting all of it, or telling of all that stands in the way.
Does not own: reading keys (`tracker.tokens`, `config.keys`), opening sockets
(`tracker.listener.sockets`), our name among nodes (`join`), or what is started then (`app`).
"""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.keys import certificates
from config.keys.secret_files import KeyFileError
from config.keys.token_keys import read_identify_secret
from config.schema import Config
from config.values import Address
from tracker.app.admin_password import AdminPassword
from tracker.listener.sockets import ListenError, bind
from tracker.records.watch import Watched
from tracker.tokens import Keyring


class CannotStart(Exception):
    """Why the tracker cannot start: every problem, each in one line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the key file holds: the keys of links, and the secret of ids."""

    ring: Keyring
    secret: bytes

    @classmethod
    def load(cls, path: Path) -> "Keys":
        """Read the file; raises KeyFileError."""
        return cls(Keyring.load(path), read_identify_secret(path))


@dataclass(frozen=True, slots=True)
class Parts:
    """What must be there before anything starts.

    Without `tls`, readers are answered over plain HTTP.
    """

    keys: Watched[Keys]
    password: AdminPassword
    tls: ssl.SSLContext | None
    public: Sequence[socket.socket]
    admin: Sequence[socket.socket]

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """Each that listens."""
        return (*self.public, *self.admin)

    def close(self) -> None:
        """Listen no more, where nothing starts after all."""
        for opened in self.sockets:
            opened.close()


def prepare(config: Config, sockets: Sequence[socket.socket] = ()) -> Parts:
    """Load the secrets and open the sockets; raises CannotStart with all that stands in the way.

    That is all for which a service may need to be root; nothing of the store is touched. `sockets`
    are open ones for readers, to listen on instead of the configured addresses.
    """
    problems: list[str] = []
    if config.keys.file is None:
        problems.append("keys.file is not set: make a key file with waypost init")
    keys = _keys(config.keys.file, problems)
    password = _password(config.tracker.admin_password_file, problems)
    tls = _tls(config, problems)
    admin = _bound(config, config.tracker.admin_listen, problems)
    public = sockets or _bound(config, config.tracker.listen, problems)
    if problems or keys is None or password is None:
        for opened in (*public, *admin):
            opened.close()
        raise CannotStart(problems)
    return Parts(keys, password, tls, public, admin)


def _tls(config: Config, problems: list[str]) -> ssl.SSLContext | None:
    certificate = config.tracker.tls_cert
    if certificate is None:
        return None
    try:
        return certificates.server_context(certificate, config.tracker.tls_key)
    except (OSError, ValueError) as error:
        problems.append(f"tracker.tls_cert: {certificate} cannot be used: {error}")
        return None


def _keys(path: Path | None, problems: list[str]) -> Watched[Keys] | None:
    if path is None:
        return None
    try:
        return Watched(path, Keys.load)
    except (KeyFileError, ValueError) as error:
        problems.append(str(error))
        return None


def _password(path: Path | None, problems: list[str]) -> AdminPassword | None:
    try:
        return AdminPassword(path)
    except KeyFileError as error:
        problems.append(str(error))
        return None


def _bound(
    config: Config, addresses: Sequence[Address], problems: list[str]
) -> list[socket.socket]:
    try:
        return bind(addresses, config.takes_ipv4)
    except ListenError as error:
        problems += error.problems
        return []
