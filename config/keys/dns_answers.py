"""Whether the DNS records that a configuration needs are in the DNS.

Owns: which resolver is asked, and what an answer is worth.
Does not own: the records (`dns_records`), or how answers are printed (`config.cli.dns`).

dkimpy reads the key that is published, as the verifier of a receiver does.
"""

from dataclasses import dataclass
from enum import StrEnum

import dkim
import dns.exception
import dns.resolver

from config.keys.dns_records import Record
from config.values import Address

PATIENCE_S = 5.0
"""How long one answer may take; `waypost doctor` gives as long to a connection."""


class State(StrEnum):
    """What the DNS says about a record that should be there."""

    OK = "ok"
    MISSING = "missing"
    DIFFERENT = "different"
    SEVERAL = "several records of that name: receivers may take either"
    REVOKED = "published as revoked (p= is empty)"
    UNKNOWN = "could not be asked"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found in the DNS for a record."""

    record: Record
    state: State
    found: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the record is there as it should be."""
        return self.state is State.OK


def resolver_of(server: str | None) -> dns.resolver.Resolver:
    """Return the resolver at `ADDRESS` or `ADDRESS:PORT`; None: this system's.

    Raises ValueError and dns.resolver.NoResolverConfiguration.
    """
    found = dns.resolver.Resolver(configure=server is None)
    if server is not None:
        has_port = server.count(":") == 1 or "]:" in server
        address = Address.parse(server) if has_port else Address(server.strip("[]"), 53)
        found.nameservers, found.port = [address.host], address.port
    return found


def check(record: Record, resolver: dns.resolver.Resolver) -> Answer:
    """Ask `resolver` for `record`, and return how it compares; raises nothing."""
    if record.value is None:
        return _check_host(record, resolver)
    try:
        found = tuple(
            b"".join(entry.strings).decode("utf-8", "replace")
            for entry in resolver.resolve(f"{record.name}.", record.kind, lifetime=PATIENCE_S)
        )
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Answer(record, State.MISSING)
    except dns.exception.DNSException as error:
        return Answer(record, State.UNKNOWN, (str(error),))
    return Answer(record, _compare(record.value, found), found)


def _compare(expected: str, found: tuple[str, ...]) -> State:
    if len(found) > 1:
        return State.SEVERAL
    theirs = _tags(found[0])
    if theirs.get("p") == "":
        return State.REVOKED
    usable = "sha256" in theirs.get("h", "sha256") and theirs.get("s", "*") in {"*", "email"}
    ours, published = _public_key(expected), _public_key(found[0])
    return State.OK if usable and published and published == ours else State.DIFFERENT


def _public_key(record: str) -> tuple[bytes, object] | None:
    """Return the public key in a record as dkimpy reads it; None where it reads none."""
    try:
        key, _, kind, _ = dkim.evaluate_pk(b"", record)
    except (dkim.DKIMException, ValueError, IndexError):
        return None
    return kind, key


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}


def _check_host(record: Record, resolver: dns.resolver.Resolver) -> Answer:
    try:
        addresses = resolver.resolve_name(f"{record.name}.", lifetime=PATIENCE_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Answer(record, State.MISSING)
    except dns.exception.DNSException as error:
        return Answer(record, State.UNKNOWN, (str(error),))
    found = tuple(addresses.addresses())
    return Answer(record, State.OK if found else State.MISSING, found)
