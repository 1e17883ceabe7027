"""The DNS records that a configuration needs, and whether they are there.

Owns: names and zone lines of DKIM's TXT records (RFC 6376 §3.6, split as RFC 1035 §3.3.14 wants),
the names by which readers reach the tracker, and asking a resolver about both.
Does not own: the keys and the text of their records (`dkim_keys`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.resolver

from config.addresses import is_loopback, parse_ip
from config.keys.dkim_keys import dkim_record, read_dkim_key
from config.schema import Config

STRING_OCTETS = 255
"""The longest string of a TXT record (RFC 1035 §3.3)."""
LINE_OCTETS = 72
PATIENCE_S = 5.0


class State(StrEnum):
    """What the DNS says about a record that should be there."""

    OK = "ok"
    MISSING = "missing"
    DIFFERENT = "different"
    SEVERAL = "several records of that name: receivers may take either"
    REVOKED = "published as revoked (p= is empty)"
    UNKNOWN = "could not be asked"


@dataclass(frozen=True, slots=True)
class Record:
    """A record that should be in the DNS; `value` is None where only the operator knows it."""

    name: str
    kind: str
    value: str | None
    purpose: str

    def zone_lines(self) -> Iterator[str]:
        """Yield the lines of the record in a zone file; an unknown value makes a comment."""
        if self.value is None:
            yield f"; {self.name}. IN {self.kind} …  ({self.purpose})"
            return
        strings = list(split(self.value, LINE_OCTETS))
        yield f"; {self.purpose}. In a web form it is one line, without the quotes:"
        yield f"; {self.value}"
        yield f"{self.name}. IN {self.kind} ( {_quoted(strings[0])}"
        yield from (f"    {_quoted(text)}" for text in strings[1:])
        yield "    )"


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


def split(text: str, octets: int = STRING_OCTETS) -> Iterator[str]:
    """Yield a TXT value in pieces, each of which one string of a record can hold."""
    return (text[start : start + octets] for start in range(0, len(text), octets))


def _quoted(text: str) -> str:
    return f'"{text}"'


def records(config: Config) -> tuple[Record, ...]:
    """Return the records that `config` needs; raises KeyFileError for a key that cannot be read."""
    return (*_dkim(config), *_tracking_hosts(config))


def _dkim(config: Config) -> Iterator[Record]:
    for sender in config.sender:
        for key in sender.dkim:
            value = dkim_record(read_dkim_key(key.key_file, key.algorithm))
            name = f"{key.selector}._domainkey.{sender.domain}"
            yield Record(name, "TXT", value, f"DKIM: the public key for mail from {sender.domain}")


def _tracking_hosts(config: Config) -> Iterator[Record]:
    for host in config.tracking_hosts:
        if not is_loopback(host) and parse_ip(host) is None:
            purpose = "the web server in front of [tracker] listen, for readers' clicks"
            yield Record(host, "CNAME, A or AAAA", None, purpose)


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
    ours, theirs = _tags(expected), _tags(found[0])
    if theirs.get("p") == "":
        return State.REVOKED
    same = theirs.get("p") == ours["p"] and theirs.get("k", "rsa") == ours["k"]
    usable = theirs.get("v", "DKIM1") == "DKIM1" and "sha256" in theirs.get("h", "sha256")
    for_mail = theirs.get("s", "*") in {"*", "email"}
    return State.OK if same and usable and for_mail else State.DIFFERENT


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
