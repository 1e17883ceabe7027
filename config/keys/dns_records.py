"""The DNS records that a configuration needs.

Owns: names and zone lines of DKIM's TXT records (RFC 6376 §3.6, split as RFC 1035 §3.3.14 wants), and
the names by which readers reach the tracker.
Does not own: the keys and the text of their records (`dkim_keys`), or whether they are there
(`dns_answers`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from config.addresses import is_loopback, parse_ip
from config.keys.dkim_keys import dkim_record, read_dkim_key
from config.schema import Config, DkimConfig

STRING_OCTETS = 255
"""The longest string of a TXT record (RFC 1035 §3.3)."""
LINE_OCTETS = 72


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
            yield record_of_key(sender.domain, key)


def record_of_key(domain: str, key: DkimConfig) -> Record:
    """Return the record of one DKIM key of a domain; raises KeyFileError."""
    value = dkim_record(read_dkim_key(key.key_file, key.algorithm))
    name = f"{key.selector}._domainkey.{domain}"
    return Record(name, "TXT", value, f"DKIM: the public key for mail from {domain}")


def _tracking_hosts(config: Config) -> Iterator[Record]:
    for host in config.tracking_hosts:
        if not is_loopback(host) and parse_ip(host) is None:
            purpose = "the web server in front of [tracker] listen, for readers' clicks"
            yield Record(host, "CNAME, A or AAAA", None, purpose)
