"""Who is at the other end of an aiosmtpd session, in our terms.

Owns: reading aiosmtpd's Session: the address (also behind the PROXY protocol), and its login.
Does not own: what follows from that (`proxy.client.trust`), or checking credentials, which is
aiosmtpd's and the program's.
"""

from dataclasses import dataclass

from aiosmtpd.smtp import LoginPassword, Session

from config.addresses import parse_ip, within
from config.schema import ProxyConfig
from proxy.client import trust
from proxy.client.trust import Client
from proxy.policy.accounts import Submitter

LOOPBACK = "127.0.0.1"
"""What a client at a Unix socket counts as, which has no address: it is on this machine."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A client of aiosmtpd. `login` is its name where it logged in there with one."""

    client: Client
    authenticated: bool = False
    login: str | None = None

    @classmethod
    def of(cls, session: Session) -> "Peer":
        """Return who the client of a session is by now."""
        client = Client(parse_ip(_address(session)))
        return cls(client, bool(session.authenticated), _login(session))

    def trusted(self, config: ProxyConfig) -> bool:
        """Return whether its mail may be tracked and signed (DESIGN §3.4)."""
        return trust.trusted(self.client, config, authenticated=self.authenticated)

    def may_send(self, config: ProxyConfig) -> bool:
        """Return whether its mail is passed on at all: the relay believes our address, not its."""
        return trust.may_send(self.client, config, authenticated=self.authenticated)

    @property
    def submitter(self) -> Submitter:
        """Who hands its mail in, as `accounts` of a [[sender]] may name it."""
        return trust.submitter(self.client, self.login, authenticated=self.authenticated)

    @property
    def account(self) -> str:
        """The name under which a retry of its messages is recognised."""
        return trust.account(self.client) if self.login is None else f"account:{self.login}"


def _address(session: Session) -> str:
    if session.proxy_data is not None:
        return str(session.proxy_data.src_addr or "")
    return _connected_from(session) or LOOPBACK


def _connected_from(session: Session) -> str | None:
    """Return the address at the other end; None for a Unix socket."""
    peer: object = session.peer
    return str(peer[0]) if isinstance(peer, tuple) else None


def _login(session: Session) -> str | None:
    """Return the name of a login; a program of its own may keep anything as `auth_data`."""
    told: object = session.auth_data
    if not session.authenticated or not isinstance(told, LoginPassword):
        return None
    return told.login.decode("utf-8", "backslashreplace")


def may_speak_for_others(session: Session, config: ProxyConfig) -> bool:
    """Return whether the load balancer that sent a PROXY header may name its client."""
    return within(parse_ip(_connected_from(session) or ""), config.proxy_protocol_networks)
