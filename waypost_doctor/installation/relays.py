"""The relay, as the proxy would reach it: every address, TLS, EHLO, and our own login.

Owns: which addresses are tried, and which finding stands for which cause.
Does not own: calling (`proxy.relay.dial`), or logging in (`proxy.relay.own_login`).
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

from config.schema import RelayConfig
from config.values import Address
from proxy.relay.dial import Attempt, AttemptFailed, Contact, Unavailable, call, look_up
from proxy.relay.failover import MAX_ATTEMPTS
from proxy.relay.own_login import LoginFault, NotLoggedIn, OwnLogin
from proxy.relay.session import RelaySession
from waypost_doctor.findings import Kind, Result, Topic, found, ok
from waypost_doctor.patient import Patient

LONGEST_S = 15.0
"""For a call, and for each reply: the timeouts of `[relay]` may be longer; nobody waits so long at a
terminal."""

KINDS = {
    Unavailable.NAME: Kind.RELAY_NAME,
    Unavailable.CONNECT: Kind.RELAY_UNREACHABLE,
    Unavailable.TIMED_OUT: Kind.RELAY_UNREACHABLE,
    Unavailable.DISCONNECTED: Kind.RELAY_UNREACHABLE,
    Unavailable.REFUSED: Kind.RELAY_REFUSED,
    Unavailable.NO_TLS: Kind.RELAY_NO_TLS,
    Unavailable.CERTIFICATE: Kind.RELAY_CERTIFICATE,
    Unavailable.TLS: Kind.RELAY_TLS,
    Unavailable.OURSELVES: Kind.RELAY_OURSELVES,
    Unavailable.PROTOCOL: Kind.RELAY_TLS,
}
"""What an implicit-TLS port says to a client in the clear makes no sense as SMTP."""


def test(patient: Patient) -> Iterator[Result]:
    """Yield what is to be said of each address of each relay."""
    hostname = patient.config.proxy.hostname or "localhost"
    for relay in patient.config.relays:
        bounds = {
            name: min(getattr(relay, name), LONGEST_S)
            for name in ("connect_timeout", "command_timeout")
        }
        quick = relay.model_copy(update=bounds)
        for address in (Address(relay.host, relay.port), *relay.fallback):
            yield from asyncio.run(_tried(quick, hostname, address))


async def _tried(relay: RelayConfig, hostname: str, address: Address) -> list[Result]:
    """Call all addresses of a name; log in at the first that answers."""
    try:
        endpoints = (await look_up(address))[:MAX_ATTEMPTS]
    except AttemptFailed as failure:
        return [_failed(failure.attempt)]
    outcomes = await asyncio.gather(
        *(call(relay, hostname, each) for each in endpoints), return_exceptions=True
    )
    contacts = [each for each in outcomes if isinstance(each, Contact)]
    attempts = [each.attempt for each in outcomes if isinstance(each, AttemptFailed)]
    for error in outcomes:
        if not isinstance(error, Contact | AttemptFailed):
            raise error
    results = [_failed(each, others=bool(contacts)) for each in _different(attempts)]
    for contact in contacts[:1]:
        results += await _entered(relay, hostname, contact)
    for contact in contacts[1:]:
        contact.connection.abort()
    return results


def _different(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return attempts without those that failed in the same way."""
    return list({str(each): each for each in attempts}.values())


def _failed(attempt: Attempt, *, others: bool = False) -> Result:
    kind = Kind.RELAY_ADDRESS_DEAD if others else KINDS[attempt.cause]
    return found(kind, f"{attempt.address}: {attempt.detail}")


async def _entered(relay: RelayConfig, hostname: str, contact: Contact) -> list[Result]:
    session = RelaySession(relay, hostname, contact)
    try:
        results = [ok(Topic.RELAY, _told(contact))]
        if not contact.tls and not contact.loopback:
            results.append(found(Kind.RELAY_IN_THE_CLEAR, str(contact.address)))
        if "8BITMIME" not in contact.capabilities:
            results.append(found(Kind.RELAY_NO_8BITMIME, str(contact.address)))
        if relay.user is not None:
            results.append(await _logged_in(relay, session))
    finally:
        with contextlib.suppress(OSError):
            await session.quit()
    return results


def _told(contact: Contact) -> str:
    tls = "TLS, certificate verified" if contact.verified else "TLS" if contact.tls else "no TLS"
    offers = " ".join(sorted(contact.capabilities))
    return f"{contact.address} is ready for mail: {tls}; it offers {offers or 'nothing'}"


async def _logged_in(relay: RelayConfig, session: RelaySession) -> Result:
    try:
        await OwnLogin(relay).try_once(session)
    except NotLoggedIn as error:
        refused = error.fault in {LoginFault.REFUSED, LoginFault.NOT_NOW}
        kind = Kind.RELAY_LOGIN_REFUSED if refused else Kind.RELAY_LOGIN_IMPOSSIBLE
        return found(kind, f"{session.address} as {relay.user}: {error}")
    return ok(Topic.RELAY, f"{session.address}: logged in as {relay.user}")
